// SPDX-License-Identifier: Apache-2.0
#include "stats/categorical.h"

#include <algorithm>
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

TestResult homogeneity(const Counts& a, const Counts& b) {
  const auto n = static_cast<double>(total(a));
  const auto m = static_cast<double>(total(b));
  Counts joined = a;
  for (const auto& [value, count] : b) joined[value] += count;
  TestResult out{0, 1};
  double categories = 0;
  for (const auto& [value, count] : joined) {
    if (count == 0) continue;
    categories += 1;
    const auto found = a.find(value);
    const double share = static_cast<double>(count) / (n + m);
    const double in_a = found == a.end() ? 0 : static_cast<double>(found->second);
    const double in_b = static_cast<double>(count) - in_a;
    out.statistic += (in_a - n * share) * (in_a - n * share) / (n * share) +
                     (in_b - m * share) * (in_b - m * share) / (m * share);
  }
  if (categories > 1) out.p_value = chi2_sf(out.statistic, categories - 1);
  return out;
}

TestResult g_test(const Counts& expected, const Counts& observed) {
  if (total(expected) != total(observed)) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    return {nan, nan};
  }
  TestResult out{0, 1};
  std::size_t categories = expected.size();
  for (const auto& [value, n] : observed) {
    const auto found = expected.find(value);
    if (found == expected.end()) ++categories;
    if (n == 0) continue;
    const double got = static_cast<double>(n);
    const double want = found == expected.end() ? 0 : static_cast<double>(found->second);
    out.statistic += 2 * got * std::log(got / want);
  }
  out.p_value = chi2_sf(out.statistic, static_cast<double>(categories) - 1);
  return out;
}

TestResult fisher_exact(std::int64_t first_a, std::int64_t a, std::int64_t first_b,
                        std::int64_t b) {
  const auto odds = static_cast<double>(first_a) * static_cast<double>(b - first_b) /
                    (static_cast<double>(first_b) * static_cast<double>(a - first_a));
  const std::int64_t first = first_a + first_b;
  if (first == 0 || first == a + b) return {std::numeric_limits<double>::quiet_NaN(), 1};
  const double share = static_cast<double>(first) / static_cast<double>(a + b);
  // Hypergeometric: two binomials, given their sum.
  const auto likelihood = [&](std::int64_t k) {
    return binomial_pmf(static_cast<double>(k), static_cast<double>(a), share) *
           binomial_pmf(static_cast<double>(first - k), static_cast<double>(b), share) /
           binomial_pmf(static_cast<double>(first), static_cast<double>(a + b), share);
  };
  const double observed = likelihood(first_a) * (1 + 1e-12);
  double sum = 0;
  for (std::int64_t k = std::max<std::int64_t>(0, first - b); k <= std::min(first, a); ++k) {
    const double x = likelihood(k);
    if (x <= observed) sum += x;
  }
  return {odds, std::min(sum, 1.0)};
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
