// SPDX-License-Identifier: Apache-2.0
#include "session.h"

#include <array>
#include <utility>

#include "values.h"

namespace slipway::drivers::onnx {
namespace {

using serving::Tensor;
using serving::Tensors;

template <class T>
using Listed = std::vector<T, Recycled<T>>;

// One thread a run (the server scales by requests, not inside one), and no arena, so that memory
// goes back when a version is unloaded.
Result<Owned<OrtSessionOptions>> make_options(const Runtime& runtime) {
  const auto& api = runtime.api();
  OrtSessionOptions* raw = nullptr;
  SW_CHECK_OK(runtime.check(api.CreateSessionOptions(&raw)));
  auto options = own(runtime, raw);
  SW_CHECK_OK(runtime.check(api.DisablePerSessionThreads(raw)));
  SW_CHECK_OK(runtime.check(api.SetSessionGraphOptimizationLevel(raw, ORT_ENABLE_ALL)));
  SW_CHECK_OK(runtime.check(api.SetSessionExecutionMode(raw, ORT_SEQUENTIAL)));
  SW_CHECK_OK(runtime.check(api.DisableCpuMemArena(raw)));
  SW_CHECK_OK(runtime.check(api.DisableMemPattern(raw)));
  SW_CHECK_OK(runtime.check(api.AddSessionConfigEntry(raw, "session.use_env_allocators", "1")));
  return options;
}

// Memory in steps as large as asked for, so that two graphs on a device do not take all of it.
Result<void> add_cuda(const Runtime& runtime, OrtSessionOptions* options, int device) {
  const auto& api = runtime.api();
  OrtCUDAProviderOptionsV2* cuda = nullptr;
  SW_CHECK_OK(runtime.check(api.CreateCUDAProviderOptions(&cuda)));
  const auto id = std::to_string(device);
  const std::array<const char*, 3> keys{"device_id", "arena_extend_strategy",
                                        "cudnn_conv_algo_search"};
  const std::array<const char*, 3> values{id.c_str(), "kSameAsRequested", "HEURISTIC"};
  auto done =
      runtime.check(api.UpdateCUDAProviderOptions(cuda, keys.data(), values.data(), keys.size()));
  if (done) done = runtime.check(api.SessionOptionsAppendExecutionProvider_CUDA_V2(options, cuda));
  api.ReleaseCUDAProviderOptions(cuda);
  return done;
}

Error cannot_load(const Error& why) {
  return {Code::failed_precondition, "ONNX Runtime cannot load the graph: " + why.message,
          "check the model with onnx.checker and log it again"};
}

std::string mib(std::size_t bytes) {
  return std::to_string(bytes >> 20) + " MiB";
}

Error too_much(const std::string& what) {
  return {Code::failed_precondition, "the model " + what,
          "send fewer rows at once, or raise --onnx-memory"};
}

}  // namespace

Result<std::unique_ptr<Session>> Session::load(const Runtime& runtime, const std::string& path,
                                               int device, std::size_t run_bytes) {
  SW_TRY(const auto options, make_options(runtime));
  if (device >= 0) SW_CHECK_OK(add_cuda(runtime, options.get(), device));
  OrtSession* raw = nullptr;
  const auto made =
      runtime.check(runtime.api().CreateSession(runtime.env(), path.c_str(), options.get(), &raw));
  if (!made) return cannot_load(made.error());
  std::unique_ptr<Session> session(new Session(runtime, raw, run_bytes));
  SW_CHECK_OK(session->read_signature());
  return session;
}

Result<void> Session::read_signature() {
  const auto& api = runtime_.api();
  OrtAllocator* allocator = nullptr;
  SW_CHECK_OK(runtime_.check(api.GetAllocatorWithDefaultOptions(&allocator)));
  const auto read = [&](bool input, std::size_t i) -> Result<serving::TensorSpec> {
    char* raw_name = nullptr;
    OrtTypeInfo* raw_info = nullptr;
    SW_CHECK_OK(
        runtime_.check(input ? api.SessionGetInputName(session_.get(), i, allocator, &raw_name)
                             : api.SessionGetOutputName(session_.get(), i, allocator, &raw_name)));
    std::string name = raw_name;
    SW_CHECK_OK(runtime_.check(api.AllocatorFree(allocator, raw_name)));
    SW_CHECK_OK(runtime_.check(input ? api.SessionGetInputTypeInfo(session_.get(), i, &raw_info)
                                     : api.SessionGetOutputTypeInfo(session_.get(), i, &raw_info)));
    const auto info = own(runtime_, raw_info);
    return spec_of(runtime_, std::move(name), info.get());
  };
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  SW_CHECK_OK(runtime_.check(api.SessionGetInputCount(session_.get(), &inputs)));
  SW_CHECK_OK(runtime_.check(api.SessionGetOutputCount(session_.get(), &outputs)));
  for (std::size_t i = 0; i < inputs; ++i) {
    SW_TRY(auto spec, read(true, i));
    if (spec.map) return Error{Code::unimplemented, "input '" + spec.name + "' is a map", {}};
    signature_.inputs.push_back(std::move(spec));
  }
  for (std::size_t i = 0; i < outputs; ++i) {
    SW_TRY(auto spec, read(false, i));
    signature_.outputs.push_back(std::move(spec));
  }
  for (const auto& spec : signature_.inputs) input_names_.push_back(spec.name.c_str());
  for (const auto& spec : signature_.outputs) output_names_.push_back(spec.name.c_str());
  return {};
}

Result<void> Session::measure(const OrtValue* value, std::size_t& bytes) const {
  SW_TRY(const auto more, bytes_of(runtime_, value));
  bytes += more;
  if (run_bytes_ == 0 || bytes <= run_bytes_ / 4) return {};
  return too_much("answers " + mib(bytes) + ", at most " + mib(run_bytes_ / 4) + " are taken");
}

Result<Tensors> Session::run(const Tensors& inputs) {
  Listed<Owned<OrtValue>> values;
  Listed<const OrtValue*> in;
  values.reserve(inputs.size());
  in.reserve(inputs.size());
  for (const auto& tensor : inputs) {
    SW_TRY(auto value, to_value(runtime_, tensor));
    in.push_back(value.get());
    values.push_back(std::move(value));
  }
  Listed<OrtValue*> out(output_names_.size(), nullptr);
  const RunMemory memory(run_bytes_);
  const auto ran = runtime_.check(
      runtime_.api().Run(session_.get(), nullptr, input_names_.data(), in.data(), in.size(),
                         output_names_.data(), output_names_.size(), out.data()),
      Code::invalid_argument);
  Listed<Owned<OrtValue>> results;
  results.reserve(out.size());
  for (auto* value : out) results.push_back(own(runtime_, value));
  if (!ran && memory.refused()) {
    return too_much("wants more than the " + mib(run_bytes_) + " of memory that a run may take (" +
                    mib(*memory.refused()) + " at once)");
  }
  if (!ran) return Error{Code::invalid_argument, "the model failed: " + ran.error().message, {}};
  Tensors tensors;
  tensors.reserve(results.size());
  std::size_t bytes = 0;
  for (const auto& value : results) SW_CHECK_OK(measure(value.get(), bytes));
  for (std::size_t i = 0; i < results.size(); ++i) {
    SW_TRY(auto tensor, to_tensor(runtime_, signature_.outputs[i], std::move(results[i])));
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

}  // namespace slipway::drivers::onnx
