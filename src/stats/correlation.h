// SPDX-License-Identifier: Apache-2.0
// How two columns go together, over the rows where both are there (missing: NaN, or code -1). The
// values are those of pandas' DataFrame.corr; what cannot be computed is NaN.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace slipway::stats {

// Pearson's r, with the means taken over the common rows. Clamped to [-1, 1]. NaN with fewer than
// two common rows or when either side is constant there. Spans of one length.
double pearson(std::span<const double> a, std::span<const double> b);

// A column prepared for spearman(): sorted once, not once a pair.
class Ranked {
 public:
  explicit Ranked(std::span<const double> values);

  std::size_t rows() const { return ranks_.size(); }

 private:
  friend double spearman(const Ranked& a, const Ranked& b);
  std::vector<double> among(const Ranked& other) const;

  std::vector<double> ranks_;         // average ranks of the values that are there; NaN: missing
  std::vector<std::uint32_t> order_;  // rows that are there, by value
  std::vector<std::uint32_t> group_;  // of equal values, along order_
  bool complete_ = true;
};

// Pearson's r of the average ranks among the common rows. At most 2^32 - 1 rows.
double spearman(const Ranked& a, const Ranked& b);

// Cramer's V without bias correction: sqrt(chi2 / n / min(r - 1, c - 1)) of the table of the common
// rows. NaN when a side has one category there. Codes count from 0.
double cramer_v(std::span<const std::int32_t> a, std::span<const std::int32_t> b);

}  // namespace slipway::stats
