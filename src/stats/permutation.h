// SPDX-License-Identifier: Apache-2.0
// Tests whose p-value is the share of random regroupings of the joined rows that look at least as
// different. The draws come from a fixed seed: the same data give the same answer.
#pragma once

#include <span>

#include "stats/categorical.h"
#include "stats/ks.h"

namespace slipway::stats {

// Total variation distance, half the sum of |p - q|, with 1,000 regroupings.
TestResult total_variation(const Counts& a, const Counts& b);

// Maximum mean discrepancy with a Gaussian kernel, its width the median of a's squared distances,
// and 100 regroupings. Memory and time grow with the square of the rows, so a side of more than
// kMostKernelRows is thinned to that many at equal distances of rank. NaN with fewer than two
// values on a side.
inline constexpr std::size_t kMostKernelRows = 1'500;
TestResult mean_discrepancy(std::span<const double> a, std::span<const double> b);

}  // namespace slipway::stats
