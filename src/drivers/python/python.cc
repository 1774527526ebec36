// SPDX-License-Identifier: Apache-2.0
#include "python.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <utility>

#include "base/hash.h"
#include "embedded.h"
#include "environment.h"
#include "loaded.h"
#include "process/process.h"
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

class WorkingMaker : public Maker {
 public:
  WorkingMaker(std::unique_ptr<Worker> worker, int timeout_s)
      : worker_(std::move(worker)), timeout_s_(timeout_s) {}

  Result<Conversion> make(const std::string& kind, const std::string& folder) override {
    SW_TRY(const auto reply, worker_->call({{"op", "convert"}, {"kind", kind}, {"folder", folder}},
                                           {}, {}, timeout_s_));
    Conversion out{.kind = json::text_at(reply.message, "kind").value_or(""),
                   .file = json::text_at(reply.message, "file").value_or(""),
                   .why = json::text_at(reply.message, "why").value_or("")};
    if (out.kind.empty()) return out;
    const auto* outputs = json::find(reply.message, "outputs");
    if (outputs == nullptr) return internal("the Python worker answered nonsense: no examples");
    SW_TRY(out.examples, unpack(*outputs, reply.memory));
    const auto inputs = json::int_at(reply.message, "inputs").value_or(1);
    if (inputs < 1 || out.examples.size() <= static_cast<std::size_t>(inputs)) {
      return internal("the Python worker answered nonsense: no rows");
    }
    const auto first = out.examples.begin() + inputs;
    out.answers.assign(std::make_move_iterator(first), std::make_move_iterator(out.examples.end()));
    out.examples.erase(first, out.examples.end());
    return out;
  }

 private:
  std::unique_ptr<Worker> worker_;
  const int timeout_s_;
};

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
    SW_TRY(auto command, command_of(package, {}, tag() + ".serve"));
    // A process is kept for as long as a sequence in it may pause.
    const auto* sequences = package.sequences.get();
    const auto pause_s = sequences == nullptr ? 0 : sequences->idle_us / 1'000'000 + 1;
    const auto longest = std::int64_t{7} * 24 * 3600;
    SW_TRY(auto workers,
           Workers::start(
               {.command = std::move(command),
                .most = options_.most_workers,
                .timeout_s = options_.timeout_s,
                .idle_s = std::max(options_.idle_s, static_cast<int>(std::min(pause_s, longest))),
                .pinned = sequences != nullptr}));
    return make_loaded(std::move(workers));
  }

  Result<std::unique_ptr<Maker>> open_maker(const serving::Package& package,
                                            const std::string& with) override {
    const auto mark = tag() + ".convert";
    SW_TRY(auto command, command_of(package, with, mark));
    command.tag = mark + ".worker";
    SW_TRY(auto worker, Worker::start(command));
    return std::unique_ptr<Maker>(
        std::make_unique<WorkingMaker>(std::move(worker), options_.start_timeout_s));
  }

  void end_conversions() override { process::end_tagged(tag() + ".convert"); }

 private:
  // What carries it belongs to this data folder.
  std::string tag() const {
    return "slipway-python-" + sha256_hex(fs::absolute(options_.folder).string()).substr(0, 16);
  }

  Result<WorkerCommand> command_of(const serving::Package& package, const std::string& with,
                                   const std::string& mark) const {
    SW_TRY(auto script, write_script(fs::absolute(options_.folder).string()));
    SW_TRY(auto interpreter, interpreter_of(package, with, mark));
    return WorkerCommand{.interpreter = std::move(interpreter),
                         .script = std::move(script),
                         .folder = package.folder,
                         .name = package.model + " " + package.version,
                         .start_timeout_s = options_.start_timeout_s,
                         .memory_mib = options_.memory_mib};
  }

  Result<std::string> interpreter_of(const serving::Package& package, const std::string& with,
                                     const std::string& mark) const {
    if (!options_.interpreter.empty()) return options_.interpreter;
    SW_TRY(auto requirements, read_requirements(package.folder));
    if (!with.empty()) requirements.lines += "\n" + with + "\n";
    return environment_of(requirements, fs::absolute(options_.folder).string(), options_.uv, mark);
  }

  Options options_;
};

}  // namespace

std::unique_ptr<Backend> make_backend(Options options) {
  return std::make_unique<PythonBackend>(std::move(options));
}

}  // namespace slipway::drivers::python
