// SPDX-License-Identifier: Apache-2.0
#include "stats/categorical.h"

#include <cmath>
#include <limits>

#include "stats/special.h"

namespace slipway::stats {

std::int64_t total(const Counts& counts) {
  std::int64_t sum = 0;
  for (const auto& [value, n] : counts) sum += n;
  return sum;
}

TestResult chisquare(const Counts& expected, const Counts& observed) {
  const double scale = static_cast<double>(total(observed)) / static_cast<double>(total(expected));
  TestResult out{0, 1};
  std::size_t categories = expected.size();
  for (const auto& [value, n] : expected) {
    const double want = static_cast<double>(n) * scale;
    const auto found = observed.find(value);
    const double got = found == observed.end() ? 0 : static_cast<double>(found->second);
    if (want > 0) out.statistic += (got - want) * (got - want) / want;
  }
  for (const auto& [value, n] : observed) {
    if (n == 0 || expected.contains(value)) continue;
    ++categories;
    out.statistic = std::numeric_limits<double>::infinity();
  }
  out.p_value = chi2_sf(out.statistic, static_cast<double>(categories) - 1);
  return out;
}

TestResult two_proportions(std::int64_t first_a, std::int64_t a, std::int64_t first_b,
                           std::int64_t b) {
  const double na = static_cast<double>(a);
  const double nb = static_cast<double>(b);
  const double pa = 1 - static_cast<double>(first_a) / na;
  const double pb = 1 - static_cast<double>(first_b) / nb;
  const double pooled = (pa * na + pb * nb) / (na + nb);
  const double spread = std::sqrt(pooled * (1 - pooled) * (1 / na + 1 / nb));
  if (spread == 0) return {0, 1};
  const double z = (pa - pb) / spread;
  return {z, 2 * normal_sf(std::abs(z))};
}

}  // namespace slipway::stats
