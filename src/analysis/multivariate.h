// SPDX-License-Identifier: Apache-2.0
// Whether rows of one table differ from those of another as a whole, in bounded memory and time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/columns.h"
#include "base/result.h"
#include "stats/multivariate.h"

namespace slipway::analysis {

// Rows that count, evenly spread over the file, and columns: the first ones that both sides have.
inline constexpr std::size_t kMostLearnt = 10'000;  // of each side
inline constexpr std::size_t kMostLearntColumns = 200;

struct Multivariate {
  std::int64_t reference_rows = 0;  // that count
  std::int64_t current_rows = 0;
  std::vector<std::string> columns;    // of the classifier: numbers and categories
  std::vector<std::string> numerical;  // of the other two
  std::string error;                   // why nothing could be computed
  stats::DomainClassifier classifier;
  std::string numerical_error;  // why the other two could not
  stats::Reconstruction reconstruction;
  stats::Discrepancy discrepancy;
};

// Numbers and categories that both tables have, but those in `without`.
struct CommonColumns {
  std::vector<std::string> names;
  std::vector<bool> categorical;
};
Result<CommonColumns> common_columns(const Table& reference, const Table& current,
                                     const std::vector<std::string>& without = {});

// At most kMostLearnt rows of the named columns, evenly spread.
Result<std::vector<stats::Feature>> features_of(const Table& table,
                                                const std::vector<std::string>& names,
                                                const std::vector<bool>& categorical);

// Columns whose values are mostly different texts, times and columns without values are left out.
// The classifier takes missing values as they are; the other two take the mean of the reference.
Result<Multivariate> multivariate_of(const Table& reference, const Table& current);

}  // namespace slipway::analysis
