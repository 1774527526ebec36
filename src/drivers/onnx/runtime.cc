// SPDX-License-Identifier: Apache-2.0
#include "runtime.h"

#include <algorithm>
#include <mutex>
#include <string_view>

#include <dlfcn.h>

#include "base/library.h"
#include "base/log.h"

namespace slipway::drivers::onnx {

Result<void> Runtime::check(OrtStatus* status, Code code) const {
  if (status == nullptr) return {};
  std::string message = api_->GetErrorMessage(status);
  api_->ReleaseStatus(status);
  return Error{code, std::move(message), {}};
}

Result<const Runtime*> Runtime::open(const std::string& library, int intra_op_threads) {
  static std::mutex mutex;
  static const Runtime* opened = nullptr;
  const std::scoped_lock lock(mutex);
  if (opened == nullptr) {
    SW_TRY(opened, open_once(library, intra_op_threads));
  }
  return opened;
}

Result<const Runtime*> Runtime::open_once(const std::string& library, int intra_op_threads) {
  const std::string hint =
      "keep the folder lib/ beside the executable, or set SLIPWAY_ONNXRUNTIME to the path of "
      "libonnxruntime.so";
  SW_TRY(const auto found, open_library("ONNX Runtime", library, "libonnxruntime.so.1", hint));
  const auto get_base =
      reinterpret_cast<const OrtApiBase* (*)()>(::dlsym(found.handle, "OrtGetApiBase"));
  if (get_base == nullptr) return unavailable("'" + found.path + "' is not ONNX Runtime", hint);
  auto runtime = std::make_unique<Runtime>();
  runtime->version_ = get_base()->GetVersionString();
  runtime->api_ = get_base()->GetApi(ORT_API_VERSION);
  if (runtime->api_ == nullptr) {
    return unavailable("ONNX Runtime " + runtime->version_ + " in '" + found.path + "' is too old",
                       hint);
  }
  const auto& api = *runtime->api_;
  OrtThreadingOptions* threads = nullptr;
  SW_CHECK_OK(runtime->check(api.CreateThreadingOptions(&threads)));
  auto done = runtime->check(api.SetGlobalIntraOpNumThreads(threads, intra_op_threads));
  if (done) done = runtime->check(api.SetGlobalInterOpNumThreads(threads, 1));
  if (done) {
    done = runtime->check(api.CreateEnvWithGlobalThreadPools(ORT_LOGGING_LEVEL_ERROR, "slipway",
                                                             threads, &runtime->env_));
  }
  api.ReleaseThreadingOptions(threads);
  SW_CHECK_OK(done);
  SW_CHECK_OK(runtime->check(
      api.CreateCpuMemoryInfo(OrtDeviceAllocator, OrtMemTypeDefault, &runtime->cpu_)));
  runtime->allocator_ = bounded_allocator(runtime->cpu_);
  SW_CHECK_OK(runtime->check(api.RegisterAllocator(runtime->env_, runtime->allocator_.get())));
  SW_CHECK_OK(runtime->check(api.DisableTelemetryEvents(runtime->env_)));
  SW_CHECK_OK(runtime->look_for_cuda(found.path));
  log::info("onnx.opened", {{"version", runtime->version_}, {"library", found.path}});
  return runtime.release();  // for the life of the process
}

Result<void> Runtime::look_for_cuda(const std::string& path) {
  char** names = nullptr;
  int count = 0;
  SW_CHECK_OK(check(api_->GetAvailableProviders(&names, &count)));
  const bool found = std::any_of(names, names + count, [](const char* name) {
    return std::string_view(name) == "CUDAExecutionProvider";
  });
  SW_CHECK_OK(check(api_->ReleaseAvailableProviders(names, count)));
  if (!found) lacks_cuda_ = "the ONNX Runtime in '" + path + "' has no CUDA provider";
  return {};
}

}  // namespace slipway::drivers::onnx
