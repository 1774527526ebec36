// SPDX-License-Identifier: Apache-2.0
// The request target, taken apart.
#pragma once

#include <string_view>

#include "net/http.h"

namespace slipway::net {

// Fills path and query from target.
Result<void> split_target(Request& request);

// The path as sent: without query, and without the authority of an absolute target.
std::string_view raw_path(std::string_view target);

}  // namespace slipway::net
