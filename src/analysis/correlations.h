// SPDX-License-Identifier: Apache-2.0
// Correlations between the columns of a table.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/columns.h"
#include "base/result.h"

namespace slipway::analysis {

// Square, in the order of its names; NaN where nothing can be computed, 1 on the diagonal.
using Matrix = std::vector<std::vector<double>>;

struct Correlations {
  std::int64_t rows = 0;  // used: all of them, or an even random sample of a large table
  std::vector<std::string> numerical;
  std::vector<std::string> categorical;
  Matrix pearson;   // of the numerical ones
  Matrix spearman;  // of the numerical ones; empty when it was not asked for
  Matrix cramer_v;  // of the categorical ones
};

// The first this many columns of each kind are correlated.
constexpr std::size_t kMostCorrelated = 200;

// Reads at most 10 million cells: of a larger table each row is taken with the same chance, by a
// hash of its number, so that the same file gives the same rows. Infinite values are missing.
// Spearman's takes most of the time.
Result<Correlations> correlate(const Table& table, const std::vector<std::string>& numerical,
                               const std::vector<std::string>& categorical,
                               bool with_spearman = true);

}  // namespace slipway::analysis
