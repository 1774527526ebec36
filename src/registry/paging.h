// SPDX-License-Identifier: Apache-2.0
// Opaque page tokens for short lists: they carry an offset.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "domain/types.h"

namespace slipway::registry {

struct Window {
  std::int64_t limit = 0;  // one more than asked for, to learn whether there is a next page
  std::int64_t offset = 0;
};

inline Result<Window> window_of(const PageRequest& page) {
  Window window{.limit = static_cast<std::int64_t>(page.size) + 1};
  if (page.token.empty()) return window;
  const auto text = from_base64(page.token);
  const auto offset = text && text->size() > 1 && text->front() == '@'
                          ? parse_int(std::string_view(*text).substr(1))
                          : std::nullopt;
  if (!offset || *offset < 0) {
    return invalid("invalid page token '" + page.token + "'",
                   "use the token of the previous page as it came, or none");
  }
  window.offset = *offset;
  return window;
}

template <class T>
Page<T> page_of(std::vector<T> items, const Window& window) {
  Page<T> page{.items = std::move(items), .next_token = {}};
  const auto wanted = static_cast<std::size_t>(window.limit - 1);
  if (page.items.size() > wanted) {
    page.items.erase(page.items.begin() + static_cast<std::ptrdiff_t>(wanted), page.items.end());
    page.next_token = to_base64("@" + std::to_string(window.offset + window.limit - 1));
  }
  return page;
}

}  // namespace slipway::registry
