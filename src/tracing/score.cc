// SPDX-License-Identifier: Apache-2.0
#include "score.h"

#include <cmath>

#include "base/text.h"

namespace slipway::tracing {

Score score_of(std::string_view json) {
  json = trim(json);
  if (json == "true") return {1.0, false};
  if (json == "false") return {0.0, false};
  if (json.size() >= 2 && json.front() == '"' && json.back() == '"') {
    const auto word = trim(json.substr(1, json.size() - 2));
    if (equal_ignoring_case(word, "yes")) return {1.0, false};
    if (equal_ignoring_case(word, "no")) return {0.0, false};
    return {};
  }
  if (json.empty() || (json.front() != '-' && (json.front() < '0' || json.front() > '9')))
    return {};
  const auto number = parse_double(json);
  if (!number || !std::isfinite(*number)) return {};
  return {*number, true};
}

}  // namespace slipway::tracing
