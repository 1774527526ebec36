// SPDX-License-Identifier: Apache-2.0
#include "base/sizes.h"

#include <utility>

#include "base/text.h"

namespace slipway {

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  constexpr std::pair<std::string_view, double> kUnits[] = {
      {"KiB", 1024.0}, {"MiB", 1048576.0}, {"GiB", 1073741824.0}, {"TiB", 1099511627776.0},
      {"kB", 1e3},     {"MB", 1e6},        {"GB", 1e9},           {"TB", 1e12},
      {"Ki", 1024.0},  {"Mi", 1048576.0},  {"Gi", 1073741824.0},  {"Ti", 1099511627776.0},
      {"K", 1024.0},   {"M", 1048576.0},   {"G", 1073741824.0},   {"B", 1.0}};
  double factor = 1;
  std::string_view digits = text;
  for (const auto& [unit, size] : kUnits) {
    if (!digits.ends_with(unit)) continue;
    factor = size;
    digits = trim(digits.substr(0, digits.size() - unit.size()));
    break;
  }
  const auto value = parse_double(digits);
  if (!value || !(*value >= 0) || *value * factor > 1e18) return std::nullopt;
  return static_cast<std::uint64_t>(*value * factor);
}

}  // namespace slipway
