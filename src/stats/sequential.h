// SPDX-License-Identifier: Apache-2.0
// Confidence sequences: intervals that hold at every sample size at once, so that one may look
// after each observation and stop when one likes without raising the rate of false alarms.
#pragma once

#include <cstdint>

namespace slipway::stats {

struct Interval {
  double low = 0;
  double high = 1;
};

// For a probability of which `successes` of `trials` are seen. Exact: with p the true value,
//   M_n(p) = B(k + 1/2, n - k + 1/2) / (B(1/2, 1/2) p^k (1 - p)^(n - k))
// is a martingale of mean 1 (the Beta(1/2, 1/2) mixture of likelihood ratios), so by Ville's
// inequality { p : M_n(p) < 1 / alpha } contains p for all n together with probability
// 1 - alpha or more.
Interval probability_sequence(std::uint64_t successes, std::uint64_t trials, double alpha);

// For a mean (or another asymptotically linear estimate) with standard error `standard_error`
// after n observations: estimate +- se sqrt(n) sqrt(2 (n r + 1) / (n^2 r) ln(sqrt(n r + 1) /
// alpha)), r = (-2 ln alpha + ln(1 - 2 ln alpha)) / 500. The normal-mixture boundary of Robbins as
// an asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas); tightest around
// n = 500.
Interval mean_sequence(double estimate, double standard_error, std::uint64_t n, double alpha);

}  // namespace slipway::stats
