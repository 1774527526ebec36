// SPDX-License-Identifier: Apache-2.0
#include "rules.h"

#include <clocale>
#include <cwctype>
#include <vector>

#include "base/text.h"
#include "errors.h"

namespace slipway::wire::mlflow {
namespace {

bool starts_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
}

// The next code point of valid UTF-8; moves `at` behind it.
wint_t next_character(std::string_view text, std::size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at++]);
  if (lead < 0x80) return lead;
  wint_t out = lead < 0xE0 ? lead & 0x1F : lead < 0xF0 ? lead & 0x0F : lead & 0x07;
  while (at < text.size() && !starts_character(text[at])) {
    out = (out << 6) | (static_cast<unsigned char>(text[at++]) & 0x3F);
  }
  return out;
}

bool is_word_character(wint_t c) {
  if (c < 0x80) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  }
  static const locale_t unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return unicode == nullptr || iswalnum_l(c, unicode) != 0;
}

// POSIX normalisation of a relative path: what it would resolve to.
std::string normal_path(std::string_view path) {
  std::vector<std::string_view> kept;
  const bool absolute = path.starts_with('/');
  for (const auto part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == ".." && !kept.empty() && kept.back() != "..") {
      kept.pop_back();
    } else if (part != ".." || !absolute) {
      kept.push_back(part);
    }
  }
  std::string out = absolute ? "/" : "";
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (i > 0) out += '/';
    out += kept[i];
  }
  return out.empty() ? "." : out;
}

}  // namespace

std::size_t length_of(std::string_view text) {
  std::size_t n = 0;
  for (const char c : text) n += starts_character(c) ? 1 : 0;
  return n;
}

std::string cut(std::string_view text, std::size_t characters) {
  if (text.size() <= characters) return std::string(text);
  std::size_t n = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (starts_character(text[i]) && n++ == characters) return std::string(text.substr(0, i));
  }
  return std::string(text);
}

Result<void> check_length(std::string_view field, std::string_view text, std::size_t limit) {
  if (text.size() <= limit || length_of(text) <= limit) return {};
  return invalid("'" + std::string(field) + "' exceeds the maximum length of " +
                 std::to_string(limit) + " characters");
}

bool is_plain_name(std::string_view name) {
  if (name.empty() || name.size() > kKeyLimit || name.front() == '.') return false;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-' || c == '.' || c == ' ' || c == ':';
    if (!plain) return false;
  }
  return true;
}

Result<void> check_name(std::string_view field, std::string_view name) {
  const auto refuse = [&](const std::string& why) {
    return invalid("invalid value '" + cut(name, 300) + "' for parameter '" + std::string(field) +
                   "': " + why);
  };
  if (name.empty()) return missing(field);
  for (std::size_t at = 0; at < name.size();) {
    const auto c = next_character(name, at);
    if (is_word_character(c) ||
        (c < 0x80 && c != 0 &&
         std::string_view("/.- :").find(static_cast<char>(c)) != std::string_view::npos))
      continue;
    return refuse(
        "names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces "
        "( ), colon (:) and slashes (/)");
  }
  const auto normal = normal_path(name);
  if (normal != name || normal == "." || normal.starts_with("..") || normal.starts_with("/")) {
    return refuse("names may be treated as files, and this one would resolve to '" +
                  cut(normal, 300) + "'");
  }
  return {};
}

Result<void> check_run_id(std::string_view id) {
  bool good = !id.empty() && id.size() <= 256 && id.front() != '_' && id.front() != '-';
  for (const char c : id) {
    good = good && (is_word_character(static_cast<unsigned char>(c)) || c == '-');
  }
  if (!good) return invalid("invalid value '" + cut(id, 300) + "' for parameter 'run_id'");
  return {};
}

}  // namespace slipway::wire::mlflow
