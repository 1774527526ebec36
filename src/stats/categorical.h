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

// Pooled two-sided test of two proportions: `first` of the one value against the rest.
TestResult two_proportions(std::int64_t first_a, std::int64_t a, std::int64_t first_b,
                           std::int64_t b);

}  // namespace slipway::stats
