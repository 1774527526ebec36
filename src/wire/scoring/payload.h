// SPDX-License-Identifier: Apache-2.0
// What a scoring client sends, as the tensors that the model wants.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "serving/frame.h"

namespace slipway::wire::scoring {

struct Payload {
  serving::Tensors inputs;
  // The answer comes as one record a row; otherwise as one array an output.
  bool table = false;
  bool params = false;  // there were some beside the data
};

// `has_columns`: the model names its columns, so that arrays are tables to it as well.
// {"dataframe_split": ..}, {"dataframe_records": ..}, {"instances": ..} or {"inputs": ..}
Result<Payload> parse_json(std::string_view body, const serving::FrameLayout& layout,
                           bool has_columns);
// A header and rows, RFC 4180.
Result<Payload> parse_csv(std::string_view body, const serving::FrameLayout& layout);

}  // namespace slipway::wire::scoring
