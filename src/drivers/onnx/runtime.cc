// SPDX-License-Identifier: Apache-2.0
#include "runtime.h"

#include <array>
#include <mutex>
#include <vector>

#include <dlfcn.h>
#include <unistd.h>

#include "base/log.h"

namespace slipway::drivers::onnx {
namespace {

std::string folder_of_executable() {
  std::array<char, 4096> path{};
  const auto length = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  if (length <= 0) return ".";
  const std::string text(path.data(), static_cast<std::size_t>(length));
  return text.substr(0, text.rfind('/'));
}

std::vector<std::string> candidates(const std::string& library) {
  if (!library.empty()) return {library};
  const auto folder = folder_of_executable();
  return {folder + "/lib/libonnxruntime.so.1", folder + "/libonnxruntime.so.1",
          folder + "/../lib/slipway/libonnxruntime.so.1", "libonnxruntime.so.1"};
}

}  // namespace

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
  void* handle = nullptr;
  std::string tried;
  std::string used;
  for (const auto& path : candidates(library)) {
    handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    used = path;
    if (handle != nullptr) break;
    const char* why = ::dlerror();
    tried += (tried.empty() ? "" : "; ") + std::string(why == nullptr ? path : why);
  }
  const std::string hint =
      "keep the folder lib/ beside the executable, or set SLIPWAY_ONNXRUNTIME to the path of "
      "libonnxruntime.so";
  if (handle == nullptr) return unavailable("cannot open ONNX Runtime: " + tried, hint);

  const auto get_base = reinterpret_cast<const OrtApiBase* (*)()>(::dlsym(handle, "OrtGetApiBase"));
  if (get_base == nullptr) return unavailable("'" + used + "' is not ONNX Runtime", hint);
  auto runtime = std::make_unique<Runtime>();
  runtime->version_ = get_base()->GetVersionString();
  runtime->api_ = get_base()->GetApi(ORT_API_VERSION);
  if (runtime->api_ == nullptr) {
    return unavailable("ONNX Runtime " + runtime->version_ + " in '" + used + "' is too old", hint);
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
  SW_CHECK_OK(runtime->check(api.DisableTelemetryEvents(runtime->env_)));
  log::info("onnx.opened", {{"version", runtime->version_}, {"library", used}});
  return runtime.release();  // for the life of the process
}

}  // namespace slipway::drivers::onnx
