// SPDX-License-Identifier: Apache-2.0
#include "drivers.h"

#include "drivers/onnx/onnx.h"

namespace slipway::app {

std::vector<std::unique_ptr<serving::ModelBackend>> make_backends(const Config& config) {
  std::vector<std::unique_ptr<serving::ModelBackend>> out;
  out.push_back(drivers::onnx::make_backend({.library = config.onnxruntime}));
  return out;
}

}  // namespace slipway::app
