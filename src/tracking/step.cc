// SPDX-License-Identifier: Apache-2.0
#include "tracking/step.h"

#include <limits>

#include "base/text.h"

namespace slipway::tracking {
namespace {

constexpr std::size_t kPlaces = 9;

std::optional<std::int32_t> part_of(std::string_view digits) {
  if (digits.empty() || digits.size() > kPlaces) return std::nullopt;
  std::int32_t out = 0;
  for (std::size_t i = 0; i < kPlaces; ++i) {
    const char c = i < digits.size() ? digits[i] : '0';
    if (c < '0' || c > '9') return std::nullopt;
    out = out * 10 + (c - '0');
  }
  return out;
}

}  // namespace

std::optional<Step> Step::parse(std::string_view text) {
  const auto point = text.find('.');
  const auto whole = parse_int(text.substr(0, point));
  if (!whole) return std::nullopt;
  if (point == std::string_view::npos) return Step(*whole);
  const auto part = part_of(text.substr(point + 1));
  if (!part) return std::nullopt;
  if (text.front() != '-' || *part == 0) return Step(*whole, *part);
  if (*whole == std::numeric_limits<std::int64_t>::min()) return std::nullopt;
  return Step(*whole - 1, kParts - *part);
}

std::string Step::text() const {
  if (part_ == 0) return std::to_string(whole_);
  const bool negative = whole_ < 0;
  const auto part = negative ? kParts - part_ : part_;
  std::string digits = std::to_string(part);
  digits.insert(0, kPlaces - digits.size(), '0');
  while (digits.back() == '0') digits.pop_back();
  return (negative ? "-" : "") + std::to_string(negative ? -(whole_ + 1) : whole_) + "." + digits;
}

}  // namespace slipway::tracking
