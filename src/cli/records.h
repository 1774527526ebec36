// SPDX-License-Identifier: Apache-2.0
// Reading what the server's API answers, for printing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/value.h"

namespace slipway::cli {

// The member as text, whatever scalar it is; empty when absent or null.
std::string text_of(const json::value& from, std::string_view key);
// The "items" of a list.
Result<std::vector<json::value>> items_of(const std::string& body);

}  // namespace slipway::cli
