// SPDX-License-Identifier: Apache-2.0
#include "yaml_text.h"

#include <cctype>

#include "base/text.h"

namespace slipway::wire::dvc {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool all_of(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == text.npos;
}

// [-+]? with digits and underscores, a point, an exponent: the union of what YAML 1.1 and 1.2
// readers take for a number.
bool looks_like_number(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  if (text.empty()) return false;
  for (const std::string_view special : {".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"}) {
    if (text == special) return true;
  }
  if (text.starts_with("0b")) return all_of(text.substr(2), "01_");
  if (text.starts_with("0o")) return all_of(text.substr(2), "01234567_");
  if (text.starts_with("0x")) return all_of(text.substr(2), "0123456789abcdefABCDEF_");
  const auto exponent = text.find_first_of("eE");
  auto mantissa = text.substr(0, exponent);
  if (exponent != text.npos) {
    auto power = text.substr(exponent + 1);
    if (power.starts_with('+') || power.starts_with('-')) power.remove_prefix(1);
    if (!all_of(power, "0123456789")) return false;
  }
  const auto point = mantissa.find('.');
  const auto whole = mantissa.substr(0, point);
  const auto fraction = point == mantissa.npos ? std::string_view() : mantissa.substr(point + 1);
  if (whole.empty())
    return !fraction.empty() && is_digit(fraction[0]) && all_of(fraction, "0123456789_");
  return is_digit(whole[0]) && all_of(whole, "0123456789_") &&
         (fraction.empty() || all_of(fraction, "0123456789_"));
}

// 2013-04-01 and what may follow.
bool looks_like_date(std::string_view text) {
  if (text.size() < 8 || !all_of(text.substr(0, 4), "0123456789") || text[4] != '-') return false;
  return all_of(text, "0123456789-: Tt.Zz+") && text.find('-', 5) != text.npos;
}

bool resolves_to_something_else(std::string_view text) {
  for (const std::string_view word : {"~", "null", "Null", "NULL", "true", "True", "TRUE", "false",
                                      "False", "FALSE", "=", "<<"}) {
    if (text == word) return true;
  }
  return text.empty() || looks_like_number(text) || looks_like_date(text);
}

bool needs_quotes(std::string_view text) {
  if (resolves_to_something_else(text)) return true;
  if (text.front() == ' ' || text.back() == ' ' || text.back() == ':') return true;
  constexpr std::string_view kIndicators = ",[]{}#&*!|>'\"%@`";
  if (kIndicators.find(text.front()) != kIndicators.npos) return true;
  const bool mark = text.front() == '-' || text.front() == '?' || text.front() == ':';
  if (mark && (text.size() == 1 || text[1] == ' ')) return true;
  const auto document = text.substr(0, 3);
  if ((document == "---" || document == "...") && (text.size() == 3 || text[3] == ' ')) return true;
  return text.find(": ") != text.npos || text.find(" #") != text.npos;
}

bool has_control(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return true;
  }
  return false;
}

}  // namespace

std::string yaml_scalar(std::string_view text) {
  std::string out;
  if (has_control(text)) {
    out += '"';
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        (out += '\\') += c;
      } else if (c == '\n') {
        out += "\\n";
      } else if (c == '\t') {
        out += "\\t";
      } else if (c == '\r') {
        out += "\\r";
      } else if (byte < 0x20 || byte == 0x7f) {
        out += "\\x" + to_hex({&c, 1});
      } else {
        out += c;
      }
    }
    return out += '"';
  }
  if (!needs_quotes(text)) return std::string(text);
  out += '\'';
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out += '\'';
}

}  // namespace slipway::wire::dvc
