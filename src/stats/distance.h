// SPDX-License-Identifier: Apache-2.0
// Distances between two samples or two sets of shares.
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "stats/categorical.h"

namespace slipway::stats {

// Shares of the same bins in the reference and in the current sample.
struct Shares {
  std::vector<double> reference;
  std::vector<double> current;
};

// Equal-width bins over the joined range, counted by Sturges' rule, when the reference has more
// than 20 distinct values; else a bin a value. Samples ascending, finite, not empty.
Shares binned(std::span<const double> reference, std::span<const double> current);
Shares binned(const Counts& reference, const Counts& current);
// Ends of `bins` bins of equal width, the last one closed (numpy's rounding).
std::vector<double> bin_edges(double low, double high, std::size_t bins);
// `bins` edges of equal width over the joined range, the last bin closed.
Shares binned(std::span<const double> reference, std::span<const double> current, double low,
              double high, std::size_t bins);
// ceil(range / (range / (log2(size) + 1))), in this order of rounding (numpy's "sturges").
std::size_t sturges(double range, std::size_t size);

// sum (p - q) ln(p / q). Zero shares of a side become 1e-4, or a millionth of its smallest other
// share when that is at most 1e-4.
double psi(Shares shares);
// sum p ln(p / q) with the same filling, renormalised.
double kl_divergence(Shares shares);
// The distance (square root of the divergence), natural logarithm.
double jensen_shannon(const Shares& shares);
double hellinger(const Shares& shares);
// The first Wasserstein distance of two ascending samples.
double wasserstein(std::span<const double> a, std::span<const double> b);
// sqrt(2 * integral of (F - G)^2), of two ascending samples (scipy's energy_distance).
double energy_distance(std::span<const double> a, std::span<const double> b);
// The first Wasserstein distance over the larger of the reference's standard deviation (ddof 0)
// and 0.001.
double normed_wasserstein(std::span<const double> reference, std::span<const double> current);

std::size_t distinct(std::span<const double> ascending);
// Distinct values of two ascending samples together.
std::size_t distinct(std::span<const double> a, std::span<const double> b);

}  // namespace slipway::stats
