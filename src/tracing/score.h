// SPDX-License-Identifier: Apache-2.0
// An assessment's value as a number that can be averaged.
#pragma once

#include <optional>
#include <string_view>

namespace slipway::tracing {

struct Score {
  std::optional<double> number;  // of true and "yes" 1, of false and "no" 0
  bool is_number = false;        // it was written as one
};
// `json` is one value; anything else has no number.
Score score_of(std::string_view json);

}  // namespace slipway::tracing
