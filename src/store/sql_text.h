// SPDX-License-Identifier: Apache-2.0
// The little that has to be known of SQL as text.
#pragma once

#include <string>
#include <string_view>

namespace slipway::store {

// ? outside quotes and comments becomes $1, $2, ..
std::string to_dollar_placeholders(std::string_view sql);

}  // namespace slipway::store
