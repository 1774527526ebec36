// SPDX-License-Identifier: Apache-2.0
// POST /endpoints/NAME/explain: the payloads of scoring, answered by what moved each prediction.
#pragma once

#include <string>
#include <vector>

#include "serving/backend.h"

namespace slipway::wire::scoring {

// {"columns": [..], "base": [..], "contributions": [..]}; with one output without its axis.
std::string write_explanation(const serving::Explanation& explanation,
                              const std::vector<std::string>& columns);

}  // namespace slipway::wire::scoring
