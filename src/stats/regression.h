// SPDX-License-Identifier: Apache-2.0
// How far predicted numbers are from the true ones. Definitions are scikit-learn's.
#pragma once

#include <cstddef>
#include <span>

namespace slipway::stats {

struct Regression {
  std::size_t rows = 0;
  double mean_error = 0;  // predicted minus true: its sign tells the bias
  double mean_absolute_error = 0;
  double mean_squared_error = 0;
  double root_mean_squared_error = 0;
  double mean_absolute_percentage_error = 0;  // a share; the true value is at least 2^-52
  double median_absolute_error = 0;
  double max_error = 0;
  double r2 = 0;                  // NaN for less than two rows; a constant truth: 1 or 0
  double explained_variance = 0;  // as r2, the bias forgiven
};

// Both spans have one length. All are NaN without rows.
Regression regress(std::span<const double> truth, std::span<const double> predicted);

}  // namespace slipway::stats
