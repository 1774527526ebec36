// SPDX-License-Identifier: Apache-2.0
// pipeline.yaml against hostile text: no crash, no hang, and what is accepted has steps whose needs
// are steps.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "pipeline/definition.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto definition = slipway::pipeline::parse_definition(text, "pipeline.yaml");
  if (!definition) return 0;
  for (const auto& step : definition->steps) {
    if (step.run.empty() == !step.gate.has_value()) std::abort();
    for (const auto& need : step.needs) {
      if (definition->find(need) == nullptr) std::abort();
    }
  }
  (void)slipway::pipeline::with_params(definition->params, definition->params).ok();
  (void)slipway::pipeline::params_from_words(definition->params, {"a=1", "month=x"}).ok();
  return 0;
}
