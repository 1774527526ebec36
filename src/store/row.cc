// SPDX-License-Identifier: Apache-2.0
#include "store/database.h"

namespace slipway::store {

std::optional<std::int64_t> Row::maybe_int64(int column) const {
  if (is_null(column)) return std::nullopt;
  return int64(column);
}

std::optional<double> Row::maybe_real(int column) const {
  if (is_null(column)) return std::nullopt;
  return real(column);
}

std::optional<std::string> Row::maybe_text(int column) const {
  if (is_null(column)) return std::nullopt;
  return std::string(text(column));
}

}  // namespace slipway::store
