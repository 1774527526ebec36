// SPDX-License-Identifier: Apache-2.0
// How good predicted classes are, two or many. Definitions are scikit-learn's; a share of nothing
// is 0 (its zero_division), what cannot be computed is NaN.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace slipway::stats {

struct ClassScore {
  double precision = 0;
  double recall = 0;
  double f1 = 0;
  std::size_t support = 0;  // rows that are of the class in truth
};

struct Classification {
  std::size_t rows = 0;
  std::vector<std::vector<std::size_t>> confusion;  // [truth][predicted]
  std::vector<ClassScore> classes;
  ClassScore macro;     // plain means over classes; support is the number of rows
  ClassScore weighted;  // means weighted by support
  double accuracy = 0;
  double balanced_accuracy = 0;  // mean recall of the classes that occur in truth
  double matthews_corrcoef = 0;
  double cohen_kappa = 0;
};

// Classes count from 0 to `classes` - 1. Both spans have one length.
Classification classify(std::span<const std::size_t> truth, std::span<const std::size_t> predicted,
                        std::size_t classes);

// The sum of precision over the steps of recall, thresholds being the distinct scores; labels are
// 0 and 1. NaN without a 1.
double average_precision(std::span<const int> truth, std::span<const double> score);
// Mean squared distance of the probability of label 1 from what was true.
double brier_score(std::span<const int> truth, std::span<const double> probability);

}  // namespace slipway::stats
