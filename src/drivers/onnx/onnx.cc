// SPDX-License-Identifier: Apache-2.0
#include "onnx.h"

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <utility>

#include <sys/resource.h>

#include "base/log.h"
#include "base/text.h"
#include "graph_check.h"
#include "process/process.h"
#include "runtime.h"
#include "session.h"

namespace slipway::drivers::onnx {
namespace {

constexpr std::uint64_t kProbeBytes = std::uint64_t{1} << 30;  // and a few times the files
constexpr std::uint64_t kPerByte = 4;
constexpr int kProbeSeconds = 30;                   // and one more for so many bytes:
constexpr std::uint64_t kBytesASecond = 8'000'000;  // optimising takes longer than reading
constexpr std::uint64_t kDeviceBytes = std::uint64_t{512} << 20;  // what CUDA itself takes
// What the server is trusted with and a graph is not.
const std::vector<std::string> kWithheld = {"SLIPWAY_STORE",           "PGPASSWORD",
                                            "AWS_ACCESS_KEY_ID",       "AWS_SECRET_ACCESS_KEY",
                                            "AWS_SESSION_TOKEN",       "MLFLOW_TRACKING_TOKEN",
                                            "MLFLOW_TRACKING_PASSWORD"};
constexpr std::size_t kMostZeros = 1 << 20;  // elements of all inputs together

// The graph and the weights beside it.
std::uint64_t bytes_around(const std::string& file) {
  std::error_code failed;
  std::uint64_t out = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(file).parent_path(), failed)) {
    if (entry.is_regular_file(failed)) out += entry.file_size(failed);
  }
  return out;
}

int seconds_for(const std::string& file, const Options& options) {
  if (options.probe_seconds > 0) return options.probe_seconds;
  return kProbeSeconds + static_cast<int>(bytes_around(file) / kBytesASecond);
}

Result<void> try_elsewhere(const std::string& file, const Options& options) {
  auto output = std::make_shared<std::string>();
  std::vector<std::string> argv{options.prober, "probe", file};
  if (!options.library.empty()) argv.insert(argv.end(), {"--onnxruntime", options.library});
  SW_TRY(const auto child,
         process::Child::start(
             {.argv = argv, .unset = kWithheld, .output = [output](std::string_view bytes) {
                if (output->size() < 4096) output->append(bytes);
              }}));
  const int seconds = seconds_for(file, options);
  const auto exit = child->wait(seconds * 1000);
  if (!exit) {
    child->end(0);
    return Error{Code::failed_precondition,
                 "the ONNX graph was not loaded within " + std::to_string(seconds) + " s",
                 "check the model with onnx.checker and log it again"};
  }
  if (exit->code == 0) return {};
  if (exit->signal) {
    return Error{Code::failed_precondition,
                 "the ONNX graph ended the process that tried it (signal " +
                     std::to_string(*exit->signal) + ")",
                 "check the model with onnx.checker and log it again"};
  }
  // The runtime may have written lines of its own before.
  auto said = std::string(trim(*output));
  if (const auto at = ("\n" + said).rfind("\nerror: "); at != std::string::npos) {
    said.erase(0, at + 7);
  }
  return Error{Code::failed_precondition, said.substr(0, said.find('\n')), {}};
}

bool is_for_memory(const Error& error) {
  for (const char* sign : {"bad_alloc", "allocate", "alloc failed", "out of memory"}) {
    if (error.message.find(sign) != std::string::npos) return true;
  }
  return false;
}

// Zeros for every input, or nothing when they would be too many.
serving::Tensors zeros_for(const serving::Signature& signature) {
  serving::Tensors out;
  std::size_t elements = 0;
  for (const auto& spec : signature.inputs) {
    auto shape = spec.shape;
    for (auto& n : shape) n = n < 0 ? 1 : n;
    const auto count = serving::element_count(shape, kMostZeros);
    if (!count || (elements += *count) > kMostZeros) return {};
    out.push_back(
        spec.dtype == serving::DType::bytes
            ? serving::Tensor::of_texts(spec.name, shape, std::vector<std::string>(*count))
            : serving::Tensor::make(spec.name, spec.dtype, shape));
  }
  return out;
}

class Backend : public serving::ModelBackend {
 public:
  explicit Backend(Options options) : options_(std::move(options)) {}

  std::string_view name() const override { return "onnx"; }
  std::string_view platform() const override { return "onnxruntime_onnx"; }

  bool can_load(const serving::Package& package) const override {
    return package.model_file.ends_with(".onnx");
  }

  Result<std::unique_ptr<serving::LoadedModel>> load(const serving::Package& package) override {
    SW_TRY(const auto facts, check_graph_file(package.model_file));
    if (!options_.prober.empty()) SW_CHECK_OK(try_elsewhere(package.model_file, options_));
    SW_TRY(const auto* runtime, Runtime::open(options_.library, options_.intra_op_threads));
    const auto needed = kPerByte * bytes_around(package.model_file) + kDeviceBytes;
    const std::scoped_lock lock(placing_);  // the next one sees what this one took
    SW_TRY(const auto placed,
           place(options_.device, runtime->lacks_cuda(), *options_.devices, needed));
    tell(package, placed);
    const auto bound = static_cast<std::size_t>(options_.run_mib) << 20;
    int device = placed.device;
    auto session = Session::load(*runtime, package.model_file, device, bound);
    if (!session && placed.device >= 0 && options_.device == Preference::automatic) {
      tell(package, {-1, "GPU " + std::to_string(placed.device) + ": " + session.error().message});
      device = -1;
      session = Session::load(*runtime, package.model_file, device, bound);
    }
    if (!session) return std::move(session.error());
    const bool on_gpu = device >= 0;  // which others use as well
    (*session)->set_steady(facts.is_steady && !on_gpu);
    return std::unique_ptr<serving::LoadedModel>(*std::move(session));
  }

 private:
  // Where a graph went; a machine without GPUs says so once.
  void tell(const serving::Package& package, const Placement& placed) {
    if (placed.device < 0 && placed.reason == told_) return;
    if (placed.device < 0) told_ = placed.reason;
    log::info("onnx.device",
              {{"model", package.model},
               {"version", package.version},
               {"device", placed.device < 0 ? "cpu" : "cuda:" + std::to_string(placed.device)},
               {"why", placed.reason}});
  }

  std::mutex placing_;
  std::string told_;  // under placing_
  Options options_;
};

}  // namespace

Result<void> probe(const std::string& file, const Options& options) {
  const auto limit = kProbeBytes + kPerByte * bytes_around(file);
  const auto time = static_cast<rlim_t>(seconds_for(file, options));
  const rlimit seconds{time, time};
  const rlimit bytes{limit, limit};
  const rlimit nothing{0, 0};
  ::setrlimit(RLIMIT_CPU, &seconds);
  ::setrlimit(RLIMIT_DATA, &bytes);
  ::setrlimit(RLIMIT_CORE, &nothing);
  const auto too_much = [&](const Error& error) {
    return Error{Code::failed_precondition,
                 "the ONNX graph wants more than " + std::to_string(limit >> 20) +
                     " MiB, which its size does not explain: " + error.message,
                 "check the model with onnx.checker and log it again"};
  };
  SW_CHECK_OK(check_graph_file(file));
  SW_TRY(const auto* runtime, Runtime::open(options.library, options.intra_op_threads));
  const auto session = Session::load(*runtime, file);
  if (!session) return is_for_memory(session.error()) ? too_much(session.error()) : session.error();
  // That it does not like zeros says nothing against it; that it ends the process would.
  const auto inputs = zeros_for((*session)->signature());
  if (inputs.empty()) return {};
  const auto ran = (*session)->run(inputs);
  if (!ran && is_for_memory(ran.error())) return too_much(ran.error());
  return {};
}

std::unique_ptr<serving::ModelBackend> make_backend(Options options) {
  return std::make_unique<Backend>(std::move(options));
}

}  // namespace slipway::drivers::onnx
