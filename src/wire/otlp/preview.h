// SPDX-License-Identifier: Apache-2.0
// A short text of what was asked or answered.
#pragma once

#include <string>
#include <string_view>

namespace slipway::wire::otlp {

// Of a chat the last message of `role`, of anything else its JSON; at most 1,000 characters.
std::string preview_of(std::string_view json, std::string_view role);

}  // namespace slipway::wire::otlp
