// SPDX-License-Identifier: Apache-2.0
// The opened library: its function table, the process-wide environment, and owners of its objects.
#pragma once

#include <memory>
#include <string>

#include <onnxruntime_c_api.h>

#include "base/result.h"
#include "memory.h"

namespace slipway::drivers::onnx {

// Opened once a process and never closed. `library` counts on the first call only.
class Runtime {
 public:
  static Result<const Runtime*> open(const std::string& library, int intra_op_threads);

  const OrtApi& api() const { return *api_; }
  OrtEnv* env() const { return env_; }
  const OrtMemoryInfo* cpu() const { return cpu_; }
  const std::string& version() const { return version_; }

  // Why graphs cannot run on GPUs with this library; empty when they can.
  const std::string& lacks_cuda() const { return lacks_cuda_; }

  // ok, or the status as an error of `code`; frees the status.
  Result<void> check(OrtStatus* status, Code code = Code::internal) const;

 private:
  static Result<const Runtime*> open_once(const std::string& library, int intra_op_threads);
  Result<void> look_for_cuda(const std::string& path);

  const OrtApi* api_ = nullptr;
  OrtEnv* env_ = nullptr;
  OrtMemoryInfo* cpu_ = nullptr;
  std::unique_ptr<OrtAllocator> allocator_;  // of all sessions on the CPU, see memory.h
  std::string version_;
  std::string lacks_cuda_;
};

// What the C API hands out is released through its function table.
template <class T>
struct Released {
  const OrtApi* api = nullptr;
  void operator()(T* object) const {
    if constexpr (std::is_same_v<T, OrtSession>) api->ReleaseSession(object);
    if constexpr (std::is_same_v<T, OrtSessionOptions>) api->ReleaseSessionOptions(object);
    if constexpr (std::is_same_v<T, OrtValue>) api->ReleaseValue(object);
    if constexpr (std::is_same_v<T, OrtTypeInfo>) api->ReleaseTypeInfo(object);
    if constexpr (std::is_same_v<T, OrtTensorTypeAndShapeInfo>) {
      api->ReleaseTensorTypeAndShapeInfo(object);
    }
  }
};

template <class T>
using Owned = std::unique_ptr<T, Released<T>>;

// Wraps the out parameter of a C API call.
template <class T>
Owned<T> own(const Runtime& runtime, T* object) {
  return Owned<T>(object, Released<T>{&runtime.api()});
}

}  // namespace slipway::drivers::onnx
