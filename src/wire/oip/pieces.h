// SPDX-License-Identifier: Apache-2.0
// Answers that come piece by piece: what is asked of a model, and what it says. Private to this
// room.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "serving/target.h"

namespace slipway::wire::oip {

// A question in MLflow's words: of {"text_input": "..", ..}, and of tensors by name.
Result<std::string> scoring_body(const std::string& generate_body);
Result<std::string> scoring_body(const serving::Tensors& tensors);

// The text in a piece of JSON: itself, or where chat models put it.
std::string text_in_piece(const std::string& piece);

}  // namespace slipway::wire::oip
