// SPDX-License-Identifier: Apache-2.0
#include "onnx.h"

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

constexpr int kProbeSeconds = 120;
constexpr rlim_t kProbeBytes = rlim_t{16} << 30;
constexpr std::size_t kMostZeros = 1 << 20;  // elements of all inputs together

Result<void> try_elsewhere(const std::string& file, const Options& options) {
  auto output = std::make_shared<std::string>();
  std::vector<std::string> argv{options.prober, "probe", file};
  if (!options.library.empty()) argv.insert(argv.end(), {"--onnxruntime", options.library});
  SW_TRY(const auto child,
         process::Child::start({.argv = argv, .output = [output](std::string_view bytes) {
                                  if (output->size() < 4096) output->append(bytes);
                                }}));
  const auto exit = child->wait(kProbeSeconds * 1000);
  if (!exit) {
    child->end(0);
    return Error{Code::failed_precondition,
                 "the ONNX graph was not loaded within " + std::to_string(kProbeSeconds) + " s",
                 {}};
  }
  if (exit->code == 0) return {};
  if (exit->signal) {
    return Error{Code::failed_precondition,
                 "the ONNX graph ended the process that tried it (signal " +
                     std::to_string(*exit->signal) + ")",
                 "check the model with onnx.checker and log it again"};
  }
  auto said = std::string(trim(*output));
  if (said.starts_with("error: ")) said.erase(0, 7);
  return Error{Code::failed_precondition, said.substr(0, said.find('\n')), {}};
}

// Zeros for every input, or nothing when they would be too many.
std::vector<serving::Tensor> zeros_for(const serving::Signature& signature) {
  std::vector<serving::Tensor> out;
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
    SW_CHECK_OK(check_graph_file(package.model_file));
    if (!options_.prober.empty()) SW_CHECK_OK(try_elsewhere(package.model_file, options_));
    SW_TRY(const auto* runtime, Runtime::open(options_.library, options_.intra_op_threads));
    SW_TRY(auto session, Session::load(*runtime, package.model_file));
    return std::unique_ptr<serving::LoadedModel>(std::move(session));
  }

 private:
  Options options_;
};

}  // namespace

Result<void> probe(const std::string& file, const Options& options) {
  const rlimit seconds{kProbeSeconds, kProbeSeconds};
  const rlimit bytes{kProbeBytes, kProbeBytes};
  const rlimit nothing{0, 0};
  ::setrlimit(RLIMIT_CPU, &seconds);
  ::setrlimit(RLIMIT_DATA, &bytes);
  ::setrlimit(RLIMIT_CORE, &nothing);
  SW_CHECK_OK(check_graph_file(file));
  SW_TRY(const auto* runtime, Runtime::open(options.library, options.intra_op_threads));
  SW_TRY(const auto session, Session::load(*runtime, file));
  // That it does not like zeros says nothing against it; that it ends the process would.
  const auto inputs = zeros_for(session->signature());
  if (!inputs.empty()) (void)session->run(inputs).ok();
  return {};
}

std::unique_ptr<serving::ModelBackend> make_backend(Options options) {
  return std::make_unique<Backend>(std::move(options));
}

}  // namespace slipway::drivers::onnx
