// SPDX-License-Identifier: Apache-2.0
// What `slipway evaluate` expects of rows without a known truth, by a file where it is known.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "columns.h"
#include "judged_rows.h"
#include "stats/segments.h"

namespace slipway::cli {

struct EstimateQuestion {
  std::string reference;  // a file with targets
  std::string positive;   // empty: the later of two labels
  JudgedColumns columns;
  std::vector<std::string> probability_labels;  // of columns.probabilities, with many labels
};

// accuracy, precision, recall, f1, roc_auc by CBPE (stats/estimate.h).
Result<std::vector<std::pair<std::string, double>>> expected_classes(
    const EstimateQuestion& question, const Table& current);
// Mean absolute, squared and root mean squared error by DLE (stats/loss_estimate.h), from all
// columns that both files have.
Result<std::vector<std::pair<std::string, double>>> expected_values(
    const EstimateQuestion& question, const Table& current);

// What the change of the mean loss (wrong or right; the absolute error of `values`) comes from, on
// at most 10,000 rows of each file; both have targets.
Result<stats::Drop> explained_drop(const EstimateQuestion& question, const Table& current,
                                   bool values);

}  // namespace slipway::cli
