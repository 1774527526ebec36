// SPDX-License-Identifier: Apache-2.0
// A span's attributes as they are kept: each value as JSON text, in order of arrival.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "export.h"

namespace slipway::wire::otlp {

class AttributeTexts {
 public:
  AttributeTexts() = default;
  // Texts that are themselves JSON of a text, a list or a map stand for that.
  explicit AttributeTexts(const Attributes& from);

  const std::string* find(std::string_view key) const;
  bool has(std::string_view key) const { return find(key) != nullptr; }
  void set(std::string_view key, std::string json);
  const std::vector<std::pair<std::string, std::string>>& all() const { return items_; }

  // The JSON text, unless it is absent, null, false, 0 or empty.
  const std::string* filled(std::string_view key) const;
  // The value where it is a text.
  std::optional<std::string> text(std::string_view key) const;
  // The value where it is an integer, or a text of one.
  std::optional<std::int64_t> integer(std::string_view key) const;

 private:
  std::vector<std::pair<std::string, std::string>> items_;
  std::unordered_map<std::string, std::size_t> places_;
};

// A text as JSON, and back where `json` is a text.
std::string json_text(std::string_view text);
std::optional<std::string> text_of(std::string_view json);

}  // namespace slipway::wire::otlp
