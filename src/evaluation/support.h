// SPDX-License-Identifier: Apache-2.0
// What the files of the evaluation room share: offsets as page tokens, optional cells.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "domain/types.h"
#include "evaluation/evaluation.h"
#include "store/database.h"

namespace slipway::evaluation {

inline constexpr std::size_t kPageLimit = 50'000;

inline store::Cell cell_of(const std::optional<std::string>& text) {
  return text ? store::Cell(*text) : store::Cell(nullptr);
}

inline std::string text_of(const store::Row& row) {
  return std::string(row.text(0));
}

inline Result<std::int64_t> offset_of(const PageRequest& page) {
  if (page.size < 1 || page.size > kPageLimit) {
    return invalid("invalid value " + std::to_string(page.size) + " for 'max_results'",
                   "it must be from 1 to " + std::to_string(kPageLimit));
  }
  if (page.token.empty()) return std::int64_t{0};
  const auto offset = parse_int(from_base64(page.token).value_or(""));
  if (!offset || *offset < 0) {
    return invalid("invalid page token '" + page.token.substr(0, 100) + "'",
                   "use the token of the previous page as it came, or none");
  }
  return *offset;
}

// `items` has one more than the page when there is a next one.
template <class T>
Page<T> page_of(std::vector<T> items, const PageRequest& wanted, std::int64_t offset) {
  Page<T> out{.items = std::move(items), .next_token = {}};
  if (out.items.size() > wanted.size) {
    out.items.erase(out.items.begin() + static_cast<std::ptrdiff_t>(wanted.size), out.items.end());
    out.next_token = to_base64(std::to_string(offset + static_cast<std::int64_t>(wanted.size)));
  }
  return out;
}

inline std::int64_t limit_of(const PageRequest& page) {
  return static_cast<std::int64_t>(page.size) + 1;
}

// Characters, not bytes.
inline std::size_t length_of(std::string_view text) {
  std::size_t out = 0;
  for (const char c : text) out += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return out;
}

inline Result<void> check_text(std::string_view field, std::string_view text, std::size_t limit,
                               bool may_be_empty = false) {
  if (text.empty() && !may_be_empty) {
    return invalid("'" + std::string(field) + "' must be a non-empty string");
  }
  if (length_of(text) <= limit) return {};
  return invalid("'" + std::string(field) + "' must be at most " + std::to_string(limit) +
                 " characters, got " + std::to_string(length_of(text)));
}

// What is asked of one thing: an attribute's or a tag's text or number; nothing when it has none.
using Lookup = std::function<Filter::Value(const std::string& entity, const std::string& key)>;
bool matches(const Filter& filter, const Lookup& lookup);

}  // namespace slipway::evaluation
