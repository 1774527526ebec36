// SPDX-License-Identifier: Apache-2.0
#include "names.h"

#include <algorithm>

#include "base/text.h"

namespace slipway::registry {
namespace {

constexpr std::size_t kNameLimit = 256;
constexpr std::size_t kAliasLimit = 255;
constexpr std::size_t kTagKeyLimit = 250;
constexpr std::size_t kTagValueLimit = 100'000;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// A letter, digit or underscore; bytes beyond ASCII belong to letters of other scripts.
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         (static_cast<unsigned char>(c) & 0x80) != 0;
}

// Would a file system read this name as itself?
bool is_own_path(std::string_view name) {
  if (name.empty() || name[0] == '/' || name.substr(0, 2) == "..") return false;
  for (const auto part : split(name, '/')) {
    if (part.empty() || part == "." || part == "..") return false;
  }
  return true;
}

Result<void> check_text(std::string_view what, const std::string& text, std::size_t limit) {
  if (!is_valid_utf8(text) || text.find('\0') != std::string::npos) {
    return invalid(std::string(what) + " is not text: it holds bytes that are not UTF-8, or a NUL");
  }
  if (length_of(text) > limit) {
    return invalid(std::string(what) + " is " + std::to_string(length_of(text)) +
                   " characters long, at most " + std::to_string(limit) + " are allowed");
  }
  return {};
}

}  // namespace

std::size_t length_of(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

Result<void> check_model_name(const std::string& name) {
  if (trim(name).empty()) return invalid("missing value for required parameter 'name'");
  SW_CHECK_OK(check_text("the model name", name, kNameLimit));
  if (name.find_first_of("/:") != std::string::npos) {
    return invalid("invalid model name '" + name + "': names cannot contain '/' or ':'");
  }
  if (!is_own_path(name)) {
    return invalid("invalid model name '" + name + "': it would be read as a relative path");
  }
  return {};
}

Result<void> check_alias(const std::string& alias) {
  if (alias.empty()) return invalid("the alias name cannot be empty");
  SW_CHECK_OK(check_text("the alias name", alias, kAliasLimit));
  if (!std::all_of(alias.begin(), alias.end(), [](char c) { return is_word(c) || c == '-'; })) {
    return invalid("invalid alias name '" + alias + "'",
                   "use only letters, digits, underscores (_) and dashes (-)");
  }
  return {};
}

Result<void> check_alias_not_reserved(const std::string& alias) {
  if (equal_ignoring_case(alias, "latest")) {
    return invalid("the alias name 'latest' (in any case) is reserved");
  }
  if (alias.size() > 1 && (alias[0] == 'v' || alias[0] == 'V') &&
      std::all_of(alias.begin() + 1, alias.end(), is_digit)) {
    return invalid("the alias name '" + alias + "' is reserved: it reads as a version number");
  }
  return {};
}

Result<void> check_tag_key(const std::string& key) {
  if (key.empty()) return invalid("missing value for required parameter 'key'");
  SW_CHECK_OK(check_text("the tag key", key, kTagKeyLimit));
  const auto allowed = [](char c) {
    return is_word(c) || std::string_view("/.- :").find(c) != std::string_view::npos;
  };
  if (!std::all_of(key.begin(), key.end(), allowed)) {
    return invalid("invalid tag key '" + key + "'",
                   "use only letters, digits, underscores (_), dashes (-), periods (.), spaces, "
                   "colons (:) and slashes (/)");
  }
  if (!is_own_path(key)) {
    return invalid("invalid tag key '" + key + "': it would be read as another path");
  }
  return {};
}

Result<void> check_tag(const Tag& tag) {
  SW_CHECK_OK(check_tag_key(tag.key));
  return check_text("the value of tag '" + tag.key + "'", tag.value, kTagValueLimit);
}

}  // namespace slipway::registry
