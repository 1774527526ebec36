// SPDX-License-Identifier: Apache-2.0
// Many tests at once: p-values that hold for all of them together.
#pragma once

#include <span>
#include <vector>

namespace slipway::stats {

// Benjamini and Hochberg (1995): p_(i) m / i, made monotone from the largest down, at most 1. Those
// at most q are rejected with an expected share of false ones of at most q (scipy's
// false_discovery_control). In the order given; each p in 0 .. 1.
std::vector<double> benjamini_hochberg(std::span<const double> p_values);

}  // namespace slipway::stats
