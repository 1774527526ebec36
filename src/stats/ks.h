// SPDX-License-Identifier: Apache-2.0
// The two-sample Kolmogorov-Smirnov test, as scipy.stats.ks_2samp with its defaults.
#pragma once

#include <cstdint>
#include <span>

namespace slipway::stats {

struct TestResult {
  double statistic = 0;
  double p_value = 1;
};

// Both samples ascending, finite and not empty. Two-sided; the p-value counts lattice paths exactly
// while the larger sample has at most 10,000 values and is the law of a single sample of
// round(nm / (n + m)) above that.
TestResult ks_2samp(std::span<const double> a, std::span<const double> b);

// The same by the largest gap between the two distribution functions, in units of the least common
// multiple of both sizes.
TestResult ks_of_gap(std::int64_t n, std::int64_t m, std::int64_t gap);

}  // namespace slipway::stats
