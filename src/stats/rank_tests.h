// SPDX-License-Identifier: Apache-2.0
// Two-sample tests on ranks, with the defaults of scipy.stats. All samples ascending and finite.
#pragma once

#include <span>

#include "stats/ks.h"

namespace slipway::stats {

// Mann-Whitney's U with the alternative "a is stochastically below b", as scipy's
// mannwhitneyu(a, b, alternative="less"): the exact law when a side has at most 8 values (and the
// other at most 50,000) and nothing is tied, else the normal law with corrections for ties and
// continuity. The statistic is U of `a`.
TestResult mann_whitney_less(std::span<const double> a, std::span<const double> b);

// Anderson-Darling's k-sample statistic for two samples with mid-ranks, normalised (Scholz and
// Stephens 1987), as scipy's anderson_ksamp. Its p-value is read from a quadratic through the
// tabulated levels 0.25 .. 0.001 and never leaves them. NaN when all values are equal or fewer than
// four.
TestResult anderson_darling(std::span<const double> a, std::span<const double> b);

// The two-sample Cramer-von Mises test, as scipy's cramervonmises_2samp: the exact law by counting
// lattice paths (Xiao, Gordon, Yakovlev 2006) when both sides have at most 20 values, else the
// limit law. NaN with fewer than two values on a side.
TestResult cramer_von_mises(std::span<const double> a, std::span<const double> b);

}  // namespace slipway::stats
