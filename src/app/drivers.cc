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

Drivers make_drivers(const Config& config, const Converting& converting) {
  static const std::atomic<int> kNoPatience{0};
  Drivers out;
  auto onnx =
      drivers::onnx::make_backend({.library = config.onnxruntime,
                                   .prober = config.executable,
                                   .run_mib = static_cast<std::uint64_t>(config.onnx_memory),
                                   .device = drivers::onnx::parse_preference(config.onnx_device)});
  auto trees = drivers::trees::make_backend();
  auto python = drivers::python::make_backend(python_options(config));
  std::unique_ptr<serving::ModelBackend> converted;
  if (converting.verdict) {
    out.converter =
        std::make_unique<Converter>(ConversionParts{.folder = config.data + "/python/converted",
                                                    .trees = *trees,
                                                    .onnx = *onnx,
                                                    .python = *python,
                                                    .verdict = converting.verdict});
    converted = make_converting_backend(
        *out.converter, converting.queue,
        converting.patience_ms == nullptr ? kNoPatience : *converting.patience_ms);
  }
  out.backends.push_back(std::move(onnx));
  out.backends.push_back(std::move(trees));
  if (converted != nullptr) out.backends.push_back(std::move(converted));
  out.backends.push_back(std::move(python));
  return out;
}

}  // namespace slipway::app
