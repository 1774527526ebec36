// SPDX-License-Identifier: Apache-2.0
// Policies against hostile text: no crash, no hang, and every rule that is accepted has a limit.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "govern/policy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto policy = slipway::govern::parse_policy(text, "policy.yaml");
  if (!policy) return 0;
  if (policy->rules.empty() && !policy->approval) std::abort();
  for (const auto& rule : policy->rules) {
    if (rule.wanted().empty() || rule.label().empty()) std::abort();
    for (const auto& limit : {rule.min, rule.max, rule.min_delta, rule.max_delta, rule.max_ratio}) {
      if (limit && !std::isfinite(*limit)) std::abort();
    }
  }
  return 0;
}
