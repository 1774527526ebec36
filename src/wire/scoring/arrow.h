// SPDX-License-Identifier: Apache-2.0
// Tables as Arrow IPC streams, in and out, without the Arrow library.
//
// In: columns of booleans, integers, floats, texts and dictionaries of texts; nulls are NaN in
// columns of floats. Everything that a stranger says is checked against the bytes that are there.
// Out: one record batch; an output of several values a row is a list of that length, one with
// labels a column a label.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "payload.h"

namespace slipway::wire::scoring {

inline constexpr std::string_view kArrowStream = "application/vnd.apache.arrow.stream";
inline constexpr std::string_view kArrowFile = "application/vnd.apache.arrow.file";

Result<Payload> parse_arrow(std::string_view body, const serving::FrameLayout& layout);
Result<std::string> write_arrow(const serving::Tensors& outputs);

// A header and a line a row; an output of several values a row is a column each.
Result<std::string> write_csv(const serving::Tensors& outputs);

}  // namespace slipway::wire::scoring
