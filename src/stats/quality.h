// SPDX-License-Identifier: Apache-2.0
// How good the answers of a classifier are, and how evenly over groups. The definitions are
// scikit-learn's and Fairlearn's; what cannot be computed is NaN.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace slipway::stats {

// Spans of one call have one length; labels are 0 and 1; `probability` is that of label 1.

double accuracy(std::span<const int> truth, std::span<const int> predicted);
// The chance that a random 1 scores higher than a random 0, ties counting half. NaN unless both
// labels are there.
double roc_auc(std::span<const int> truth, std::span<const double> score);
// Natural logarithm; probabilities are clipped to [eps, 1 - eps] of double.
double log_loss(std::span<const int> truth, std::span<const double> probability);
// One row's part of it.
double log_loss_of(int truth, double probability);

// The AUC with DeLong's standard error (0 when it cannot be told).
struct Auc {
  double value = 0;
  double standard_error = 0;
};
Auc roc_auc_with_error(std::span<const int> truth, std::span<const double> score);

struct GroupRates {
  std::size_t count = 0;
  double selection_rate = 0;       // share predicted 1
  double true_positive_rate = 0;   // 0 when the group has no 1
  double false_positive_rate = 0;  // 0 when the group has no 0
  double accuracy = 0;
};

struct Fairness {
  std::vector<GroupRates> groups;  // by the numbers in `group`
  double demographic_parity_difference = 0;
  double demographic_parity_ratio = 0;
  double equalized_odds_difference = 0;     // the larger of both rates' largest gaps
  double equalized_odds_ratio = 0;          // the smaller of both rates' smallest ratios
  double equal_opportunity_difference = 0;  // of the true positive rate
  double equal_opportunity_ratio = 0;
};

// `group` counts from 0 to `groups` - 1; groups without a row are left out of the comparison.
Fairness fairness(std::span<const int> truth, std::span<const int> predicted,
                  std::span<const std::size_t> group, std::size_t groups);

// One group against all others, unprivileged minus privileged, as AIF360 has them.
struct PrivilegeGaps {
  double statistical_parity_difference = 0;  // of selection rates
  double disparate_impact = 0;               // their ratio; NaN when nobody privileged is selected
  double average_odds_difference = 0;        // mean of the gaps of both rates
  double average_abs_odds_difference = 0;
  double true_positive_rate_difference = 0;  // its equal_opportunity_difference
  double error_rate_difference = 0;
  double theil_index = 0;  // of the benefits 1 + predicted - true over all rows
};
PrivilegeGaps privilege_gaps(std::span<const int> truth, std::span<const int> predicted,
                             std::span<const std::size_t> group, std::size_t privileged);

}  // namespace slipway::stats
