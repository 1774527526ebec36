// SPDX-License-Identifier: Apache-2.0
// Tests on counted categories.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "stats/ks.h"

namespace slipway::stats {

// How often each value was seen. Ordered as text.
using Counts = std::map<std::string, std::int64_t>;

std::int64_t total(const Counts& counts);

// Pearson's test of `observed` against the shares of `expected` scaled to the same total, over the
// joined categories (scipy.stats.chisquare). A category that `expected` lacks gives statistic
// infinity and p = 0. Neither side may be empty.
TestResult chisquare(const Counts& expected, const Counts& observed);

// Pearson's test that both samples come from the same shares (scipy.stats.chi2_contingency without
// correction). Where `expected` above is a sample itself, chisquare() takes its chance for
// certainty and finds drift too often: its statistic is larger by the factor 1 + observed /
// expected rows. Neither side may be empty.
TestResult homogeneity(const Counts& a, const Counts& b);

// The likelihood-ratio test of `observed` against `expected` as it stands, without scaling
// (scipy's power_divergence with "log-likelihood"): NaN unless both have the same total.
TestResult g_test(const Counts& expected, const Counts& observed);

// Fisher's exact test of the two-by-two table [[first_a, a - first_a], [first_b, b - first_b]],
// two-sided: all tables that are no more likely. The statistic is the sample's odds ratio.
TestResult fisher_exact(std::int64_t first_a, std::int64_t a, std::int64_t first_b, std::int64_t b);

// Pooled two-sided test of two proportions: `first` of the one value against the rest.
TestResult two_proportions(std::int64_t first_a, std::int64_t a, std::int64_t first_b,
                           std::int64_t b);

}  // namespace slipway::stats
