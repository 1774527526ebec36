// SPDX-License-Identifier: Apache-2.0
#include "stats/multiple.h"

#include <algorithm>
#include <numeric>

namespace slipway::stats {

std::vector<double> benjamini_hochberg(std::span<const double> p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> out(p_values.size());
  double least = 1;
  for (std::size_t i = order.size(); i-- > 0;) {
    const double scale = static_cast<double>(order.size()) / static_cast<double>(i + 1);
    least = std::min(least, p_values[order[i]] * scale);
    out[order[i]] = least;
  }
  return out;
}

}  // namespace slipway::stats
