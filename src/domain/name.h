// SPDX-License-Identifier: Apache-2.0
// What people may call the things that they make.
#pragma once

#include <string_view>

namespace slipway {

// 1 to 100 letters, digits, '_', '.' and '-': safe in a path, a label and a log line.
inline bool is_plain_name(std::string_view name) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  return !name.empty() && name.size() <= 100 &&
         name.find_first_not_of(kAllowed) == std::string_view::npos;
}

}  // namespace slipway
