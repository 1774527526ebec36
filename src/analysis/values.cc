// SPDX-License-Identifier: Apache-2.0
#include "analysis/values.h"

#include <cmath>
#include <cstdio>

#include "base/clock.h"

namespace slipway::analysis {

using drivers::duckdb::Type;

json::value number_or_null(double x) {
  return std::isfinite(x) ? json::value(x) : json::value(nullptr);
}

json::value value_of(const Field& field, const Value& value) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (field.is_text()) return json::value(value.text);
  if (!std::isfinite(value.number)) return nullptr;
  switch (field.type) {
    case Type::boolean:
      return value.number != 0;
    case Type::time:
      return json::value(to_rfc3339({static_cast<std::int64_t>(value.number)}));
    case Type::integer:
      if (std::abs(value.number) <= kExact) return static_cast<std::int64_t>(value.number);
      break;
    default:
      break;
  }
  return value.number;
}

std::string clipped(const std::string& text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "\xE2\x80\xA6";
}

std::string short_text(const Field& field, const Value& value) {
  constexpr std::size_t kMostShown = 60;
  if (field.is_text()) return clipped(value.text, kMostShown);
  if (field.type == Type::boolean) return value.number != 0 ? "true" : "false";
  if (field.type == Type::time && std::isfinite(value.number)) {
    return to_rfc3339({static_cast<std::int64_t>(value.number)});
  }
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, field.type == Type::integer ? "%.10g" : "%.5g",
                value.number);
  return buffer;
}

}  // namespace slipway::analysis
