// SPDX-License-Identifier: Apache-2.0
// How far a row lies from a sample of rows, in units of the sample's own spread.
//
// P. C. Mahalanobis, "On the generalised distance in statistics", 1936:
// d(x) = sqrt((x - mean)' S^-1 (x - mean)), S the sample's covariance (ddof 1), its pseudo-inverse
// when columns follow from each other. Columns that do not vary say nothing and are left out.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace slipway::stats {

class Mahalanobis {
 public:
  // `rows`: one after the other, each of `columns` finite values. Nothing when fewer than three
  // rows are there or no column varies.
  static std::optional<Mahalanobis> of(std::span<const double> rows, std::size_t columns);

  // A value that is not finite counts as the column's mean: it makes the row no farther.
  double distance(std::span<const double> row) const;
  // The share of the sample that lies as far away or farther, counting the row itself among them:
  // (1 + as far) / (1 + rows), as for permutation tests (Phipson and Smyth, 2010), never 0. No
  // distribution is assumed.
  double p_value(double distance) const;
  std::size_t rows() const { return distances_.size(); }

 private:
  std::vector<double> mean_;
  std::vector<double> scale_;      // 0: the column does not vary
  std::vector<double> inverse_;    // of the correlations, columns x columns
  std::vector<double> distances_;  // of the sample's rows, ascending
};

}  // namespace slipway::stats
