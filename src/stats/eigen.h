// SPDX-License-Identifier: Apache-2.0
// Eigenvalues of a symmetric matrix by Jacobi's rotations (Golub and Van Loan, Matrix Computations,
// 8.5).
#pragma once

#include <cstddef>
#include <vector>

namespace slipway::stats {

struct Eigen {
  std::vector<double> values;   // descending
  std::vector<double> vectors;  // one after the other, each of length 1
};

// `a` is n x n.
Eigen symmetric_eigen(std::vector<double> a, std::size_t n);

}  // namespace slipway::stats
