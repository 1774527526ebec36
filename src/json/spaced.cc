// SPDX-License-Identifier: Apache-2.0
#include "json/spaced.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include "base/text.h"

namespace slipway::json {
namespace {

constexpr char kHex[] = "0123456789abcdef";

void append_unit(std::string& out, std::uint32_t unit) {
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[(unit >> shift) & 15];
}

// `at` is at the first byte of a well-formed sequence and is moved behind it.
std::uint32_t next_character(std::string_view text, std::size_t& at) {
  const auto byte = static_cast<unsigned char>(text[at++]);
  const int more = byte < 0x80 ? 0 : byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
  std::uint32_t out = more == 0 ? byte : byte & (0x3Fu >> more);
  for (int i = 0; i < more && at < text.size(); ++i) {
    out = out << 6 | (static_cast<unsigned char>(text[at++]) & 0x3F);
  }
  return out;
}

void append_character(std::string& out, std::uint32_t c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    default:
      break;
  }
  if (c < 0x20 || (c > 0x7E && c < 0x10000)) {
    append_unit(out, c);
  } else if (c >= 0x10000) {
    append_unit(out, 0xD800 + ((c - 0x10000) >> 10));
    append_unit(out, 0xDC00 + ((c - 0x10000) & 0x3FF));
  } else {
    out += static_cast<char>(c);
  }
}

void append(std::string& out, const value& from, Escape escape) {
  if (from.is_double()) {
    append_spaced(out, from.get_double());
  } else if (from.is_string()) {
    append_spaced(out, std::string_view(from.get_string()), escape);
  } else if (from.is_array()) {
    out += '[';
    bool first = true;
    for (const auto& item : from.get_array()) {
      if (!std::exchange(first, false)) out += ", ";
      append(out, item, escape);
    }
    out += ']';
  } else if (from.is_object()) {
    out += '{';
    bool first = true;
    for (const auto& [key, item] : from.get_object()) {
      if (!std::exchange(first, false)) out += ", ";
      append_spaced(out, std::string_view(key), escape);
      out += ": ";
      append(out, item, escape);
    }
    out += '}';
  } else if (from.is_int64()) {
    out += std::to_string(from.get_int64());
  } else if (from.is_uint64()) {
    out += std::to_string(from.get_uint64());
  } else {
    out += from.is_null() ? "null" : from.get_bool() ? "true" : "false";
  }
}

}  // namespace

std::string dump_spaced(const value& value, Escape escape) {
  std::string out;
  append(out, value, escape);
  return out;
}

void append_spaced(std::string& out, std::string_view text, Escape escape) {
  out += '"';
  const bool sound = is_valid_utf8(text);
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte >= 0x80 && !sound) {
      out += escape == Escape::ascii ? "\\ufffd" : "\xEF\xBF\xBD";
      ++at;
    } else if (byte >= 0x7F && escape == Escape::none) {
      out += text[at++];
    } else {
      append_character(out, next_character(text, at));
    }
  }
  out += '"';
}

void append_spaced(std::string& out, double number) {
  if (std::isnan(number)) {
    out += "NaN";
    return;
  }
  if (std::isinf(number)) {
    out += number > 0 ? "Infinity" : "-Infinity";
    return;
  }
  std::array<char, 40> text{};
  const auto size = std::abs(number);
  const bool plain = size == 0 || (size >= 1e-4 && size < 1e16);
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number,
                                 plain ? std::chars_format::fixed : std::chars_format::scientific);
  const std::string_view made(text.data(), static_cast<std::size_t>(end.ptr - text.data()));
  out += made;
  if (plain && made.find('.') == std::string_view::npos) out += ".0";
}

}  // namespace slipway::json
