// SPDX-License-Identifier: Apache-2.0
// How good a classifier is on rows whose truth is not known yet: confidence-based estimation
// (CBPE). A calibrated probability p of label 1 says that a row predicted 1 is right with chance p
// and one predicted 0 with chance 1 - p; summed over rows this is the expected confusion matrix,
// from which the metrics follow. It holds while the calibration does: it sees changes of the
// inputs, not of the relation between inputs and truth.
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace slipway::stats {

// A monotone map from scores to probabilities, fitted to known labels by isotonic regression (pool
// adjacent violators; weights by count, ties of the score pooled first). Between fitted scores the
// map is linear, outside it is constant, as scikit-learn's IsotonicRegression with clipping.
class Calibration {
 public:
  static Calibration of(std::span<const double> score, std::span<const int> label);
  explicit Calibration(std::vector<std::pair<double, double>> points)
      : points_(std::move(points)) {}
  Calibration() = default;

  // An empty calibration gives the score back.
  double operator()(double score) const;
  bool empty() const { return points_.empty(); }
  // Score and probability, ascending in both; at most kMostPoints.
  const std::vector<std::pair<double, double>>& points() const { return points_; }

  static constexpr std::size_t kMostPoints = 2'000;

 private:
  std::vector<std::pair<double, double>> points_;
};

struct Estimate {
  std::size_t rows = 0;
  double accuracy = 0;
  double precision = 0;  // 0 when nothing is predicted 1, as the others with an empty divisor
  double recall = 0;
  double f1 = 0;
  double roc_auc = 0;  // NaN when one of the labels is not expected at all
  // The standard error of `accuracy`, were the probabilities right: sqrt(sum p (1 - p)) / n.
  double standard_error = 0;
};

// `probability`: calibrated, of label 1. `predicted`: 0 or 1. `score`: what rows are ranked by.
// Spans of one length. AUC: trapezoids over the distinct scores, the expected number of ones above
// each being the sum of probabilities.
Estimate estimate_quality(std::span<const double> probability, std::span<const int> predicted,
                          std::span<const double> score);

// Any number of labels: `probability` and `score` have a column for each, `predicted` is a place
// among them. Calibrated one by one, the probabilities of a row are made to add up to 1 here.
// Precision, recall, F1 and AUC are the plain means of those of each label against the others;
// accuracy is the mean probability of the predicted label.
Estimate estimate_of_many(std::vector<std::vector<double>> probability,
                          std::span<const std::size_t> predicted,
                          const std::vector<std::vector<double>>& score);

}  // namespace slipway::stats
