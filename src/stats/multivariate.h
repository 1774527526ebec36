// SPDX-License-Identifier: Apache-2.0
// Have rows changed as a whole, also where every column looks as before? Three ways to ask, each of
// bounded cost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "stats/boosted.h"
#include "stats/quality.h"

namespace slipway::stats {

// Rows of numbers one after the other, `columns` in each; all finite.
struct Matrix {
  std::size_t columns = 0;
  std::vector<double> values;
  std::size_t rows() const { return columns == 0 ? 0 : values.size() / columns; }
};

// Can a learner tell reference from current? Boosted trees learn it from every second row of each
// side and are judged on the others (D. Lopez-Paz and M. Oquab, "Revisiting classifier two-sample
// tests", 2017). Without a change the AUC is 1/2 and Mann-Whitney's law gives the p-value
// (one-sided), since the judged rows are new to the learner.
struct DomainClassifier {
  double roc_auc = 0.5;
  double standard_error = 0;  // of the AUC (DeLong)
  double p_value = 1;
  std::vector<std::pair<std::string, double>> importance;  // most telling columns first, sums to 1
  std::size_t reference_rows = 0;                          // judged
  std::size_t current_rows = 0;
};
// Features of one side each, in the same order and of the same kinds. At least 20 rows a side.
DomainClassifier domain_classifier(const std::vector<Feature>& reference,
                                   const std::vector<Feature>& current);

// The p-value of an AUC of n ones and m zeros under no difference: the normal law of Mann-Whitney's
// U, its variance corrected for ties of the score, one-sided.
double auc_p_value(double auc, std::span<const int> truth, std::span<const double> score);

// What the first components of the standardised reference do not show of a row: the distance of the
// row from its projection. As many components as explain `explained` of the variance. The
// components come from the even rows of the reference; the error of its odd rows is compared with
// that of the current ones by a two-sample Kolmogorov-Smirnov test.
struct Reconstruction {
  std::size_t components = 0;
  double reference_error = 0;  // mean over rows
  double reference_deviation = 0;
  double current_error = 0;
  double p_value = 1;
};
Reconstruction pca_reconstruction(const Matrix& reference, const Matrix& current,
                                  double explained = 0.65);

// Maximum mean discrepancy (Gretton and others, "A kernel two-sample test", 2012), unbiased, of
// columns standardised by the reference; Gaussian kernel exp(-d^2 / (2 s^2)), s the median distance
// of the joined rows. p = (1 + regroupings at least as far) / (1 + regroupings), never 0. Of more
// than kMostMmdRows rows a side, evenly spread ones count.
struct Discrepancy {
  double statistic = 0;
  double p_value = 1;
};
inline constexpr std::size_t kMostMmdRows = 500;
inline constexpr int kMmdRegroupings = 200;
Discrepancy mmd(const Matrix& reference, const Matrix& current);

}  // namespace slipway::stats
