// SPDX-License-Identifier: Apache-2.0
#include "python.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <utility>

#include "base/hash.h"
#include "embedded.h"
#include "environment.h"
#include "loaded.h"
#include "tensors.h"

namespace slipway::drivers::python {
namespace {

namespace fs = std::filesystem;

// The worker's files, once a version of them: FOLDER/worker-HASH/worker.py.
Result<std::string> write_script(const std::string& folder) {
  static std::mutex mutex;
  const std::scoped_lock lock(mutex);
  std::string all;
  for (const auto& file : embedded_files()) all += std::string(file.path) + file.hash.data();
  const auto home = fs::path(folder) / ("worker-" + sha256_hex(all).substr(0, 12));
  std::error_code failed;
  fs::create_directories(home, failed);
  for (const auto& file : embedded_files()) {
    const auto path = home / file.path;
    if (fs::exists(path, failed)) continue;
    const auto fresh = path.string() + ".new";
    std::ofstream out(fresh, std::ios::binary);
    out << file.bytes;
    out.close();
    if (!out) return unavailable("cannot write '" + fresh + "'", "is the disk full?");
    fs::rename(fresh, path, failed);
  }
  return (home / "worker.py").string();
}

class PythonBackend : public Backend {
 public:
  explicit PythonBackend(Options options) : options_(std::move(options)) {}

  std::string_view name() const override { return "python"; }
  std::string_view platform() const override { return "mlflow_pyfunc"; }

  bool can_load(const serving::Package& package) const override {
    return std::any_of(package.flavor_settings.begin(), package.flavor_settings.end(),
                       [](const auto& flavor) { return flavor.name == "python_function"; });
  }

  Result<std::unique_ptr<serving::LoadedModel>> load(const serving::Package& package) override {
    SW_TRY(auto command, command_of(package));
    SW_TRY(auto workers, Workers::start({.command = std::move(command),
                                         .most = options_.most_workers,
                                         .timeout_s = options_.timeout_s,
                                         .idle_s = options_.idle_s}));
    return make_loaded(std::move(workers));
  }

  Result<Conversion> convert(const serving::Package& package, const std::string& kind,
                             const std::string& folder) override {
    SW_TRY(const auto command, command_of(package));
    SW_TRY(const auto worker, Worker::start(command));
    SW_TRY(const auto reply, worker->call({{"op", "convert"}, {"kind", kind}, {"folder", folder}},
                                          {}, {}, options_.start_timeout_s));
    Conversion out{.kind = json::text_at(reply.message, "kind").value_or(""),
                   .file = json::text_at(reply.message, "file").value_or(""),
                   .why = json::text_at(reply.message, "why").value_or("")};
    if (out.kind.empty()) return out;
    const auto* outputs = json::find(reply.message, "outputs");
    if (outputs == nullptr) return internal("the Python worker answered nonsense: no examples");
    SW_TRY(out.examples, unpack(*outputs, reply.memory));
    if (out.examples.size() < 2) return internal("the Python worker answered nonsense: no rows");
    out.answers = std::move(out.examples.back());
    out.examples.pop_back();
    return out;
  }

 private:
  Result<WorkerCommand> command_of(const serving::Package& package) const {
    SW_TRY(auto script, write_script(fs::absolute(options_.folder).string()));
    SW_TRY(auto interpreter, interpreter_of(package));
    return WorkerCommand{.interpreter = std::move(interpreter),
                         .script = std::move(script),
                         .folder = package.folder,
                         .name = package.model + " " + package.version,
                         .start_timeout_s = options_.start_timeout_s,
                         .memory_mib = options_.memory_mib};
  }

  Result<std::string> interpreter_of(const serving::Package& package) const {
    if (!options_.interpreter.empty()) return options_.interpreter;
    SW_TRY(const auto requirements, read_requirements(package.folder));
    return environment_of(requirements, fs::absolute(options_.folder).string(), options_.uv);
  }

  Options options_;
};

}  // namespace

std::unique_ptr<Backend> make_backend(Options options) {
  return std::make_unique<PythonBackend>(std::move(options));
}

}  // namespace slipway::drivers::python
