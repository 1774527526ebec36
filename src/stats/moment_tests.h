// SPDX-License-Identifier: Apache-2.0
// Two-sample tests on means and characteristic functions, with the defaults of scipy.stats.
#pragma once

#include <span>

#include "stats/ks.h"

namespace slipway::stats {

// Student's test of equal means with the pooled variance, two-sided (ttest_ind). NaN with fewer
// than two values on a side, or when both sides are the same constant.
TestResult t_test(std::span<const double> a, std::span<const double> b);

// Epps-Singleton's test on the empirical characteristic functions at 0.4 and 0.8 half joined
// interquartile ranges (epps_singleton_2samp). Samples ascending. NaN with fewer than five values
// on a side or a joined interquartile range of 0.
TestResult epps_singleton(std::span<const double> a, std::span<const double> b);

}  // namespace slipway::stats
