// SPDX-License-Identifier: Apache-2.0
// The law of Kolmogorov's two-sided statistic D for a finite sample of n, as scipy.stats.kstwo.
#pragma once

#include <cstdint>

namespace slipway::stats {

// P(D_n > d). Exact up to n = 140 and in the tails; elsewhere the expansion of Pelz and Good
// (Simard and L'Ecuyer, Journal of Statistical Software 39(11), 2011, whose regions these are).
double kstwo_sf(std::int64_t n, double d);

// P(D_n^+ > d), the one-sided statistic (Birnbaum and Tingey).
double ksone_sf(std::int64_t n, double d);

}  // namespace slipway::stats
