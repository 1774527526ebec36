// SPDX-License-Identifier: Apache-2.0
// Comma-separated values (RFC 4180): quoted cells may hold commas, quotes and line breaks.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway {

// Calls `each` with the cells of every record, the header first, until it returns an error. Blank
// lines are skipped, a byte order mark too. A record whose number of cells differs from the
// header's, an unclosed quote or text after a closing one is invalid_argument naming the line.
Result<void> read_csv(std::string_view text,
                      const std::function<Result<void>(std::vector<std::string>&)>& each);

}  // namespace slipway
