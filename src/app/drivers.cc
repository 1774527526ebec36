// SPDX-License-Identifier: Apache-2.0
#include "drivers.h"

#include <utility>

#include "conversion.h"
#include "drivers/onnx/onnx.h"
#include "drivers/python/python.h"
#include "drivers/trees/trees.h"

namespace slipway::app {
namespace {

drivers::python::Options python_options(const Config& config) {
  return {.folder = config.data + "/python",
          .interpreter = config.python,
          .uv = config.uv,
          .most_workers = static_cast<int>(config.python_workers),
          .timeout_s = static_cast<int>(config.python_timeout),
          .idle_s = static_cast<int>(config.python_idle),
          .memory_mib = static_cast<std::uint64_t>(config.python_memory)};
}

}  // namespace

std::vector<std::unique_ptr<serving::ModelBackend>> make_backends(const Config& config,
                                                                  Verdict verdict) {
  std::vector<std::unique_ptr<serving::ModelBackend>> out;
  auto onnx =
      drivers::onnx::make_backend({.library = config.onnxruntime, .prober = config.executable});
  auto trees = drivers::trees::make_backend();
  auto python = drivers::python::make_backend(python_options(config));
  auto converting = make_converting_backend({.folder = config.data + "/python/converted",
                                             .trees = *trees,
                                             .onnx = *onnx,
                                             .python = *python,
                                             .verdict = std::move(verdict)});
  out.push_back(std::move(onnx));
  out.push_back(std::move(trees));
  out.push_back(std::move(converting));
  out.push_back(std::move(python));
  return out;
}

}  // namespace slipway::app
