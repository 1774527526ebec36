// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/text.h"
#include "evaluation/tool_servers.h"

namespace slipway::evaluation {
namespace {

constexpr std::size_t kLimit = 128;
constexpr std::int64_t kGreatest = 2'147'483'647;

bool is_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_identifier(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
  });
}

// A number has no zero in front.
bool is_number(std::string_view text) {
  return is_digits(text) && (text.size() == 1 || text.front() != '0');
}

std::string padded(std::string_view digits, std::size_t width) {
  std::string out(width - std::min(width, digits.size()), '0');
  return out += digits;
}

// Numbers by their length and value and before words; '!' comes before all that a word may have.
std::string order_of(std::string_view identifier) {
  if (!is_digits(identifier)) return "2" + std::string(identifier) + "!";
  return "1" + padded(std::to_string(identifier.size()), 3) + std::string(identifier) + "!";
}

}  // namespace

Result<std::string> semantic_order(std::string_view field, std::string_view version) {
  const auto refuse = [&] {
    return invalid("'" + std::string(field) + "': '" + std::string(version.substr(0, 200)) +
                       "' is not a semantic version",
                   "such as 1.4.2 or 2.0.0-beta.1");
  };
  if (version.size() > kLimit) return refuse();
  auto rest = version;
  if (const auto plus = rest.find('+'); plus != rest.npos) {
    for (const auto part : split(rest.substr(plus + 1), '.')) {
      if (!is_identifier(part)) return refuse();
    }
    rest = rest.substr(0, plus);
  }
  std::string before;
  if (const auto dash = rest.find('-'); dash != rest.npos) {
    for (const auto part : split(rest.substr(dash + 1), '.')) {
      if (!is_identifier(part) || (is_digits(part) && !is_number(part))) return refuse();
      before += order_of(part);
    }
    rest = rest.substr(0, dash);
  }
  const auto numbers = split(rest, '.');
  if (numbers.size() != 3) return refuse();
  std::string out;
  for (const auto text : numbers) {
    const auto number = is_number(text) ? parse_int(text) : std::nullopt;
    if (!number || *number > kGreatest) return refuse();
    out += padded(text, 10);
  }
  return out + (before.empty() ? "3" : before);  // a release comes after all that led to it
}

}  // namespace slipway::evaluation
