// SPDX-License-Identifier: Apache-2.0
#include "data/data.h"

namespace slipway::data {

std::uint64_t Manifest::size() const {
  std::uint64_t sum = 0;
  for (const auto& entry : entries) sum += entry.size;
  return sum;
}

}  // namespace slipway::data
