// SPDX-License-Identifier: Apache-2.0
// How far a regression is off on rows whose truth is not known yet: direct loss estimation (DLE). A
// second model learns the size of the error from the features and the prediction where the truth
// is known; its mean over new rows is the expected error. It sees rows that move to where the model
// is worse, not a changed relation between inputs and truth.
#pragma once

#include <span>
#include <vector>

#include "stats/boosted.h"

namespace slipway::stats {

struct ExpectedLoss {
  double mean_absolute_error = 0;
  double mean_squared_error = 0;
  double root_mean_squared_error = 0;
};

class LossModel {
 public:
  // Features of the rows, the prediction among them; what was true and what was predicted.
  static LossModel fit(const std::vector<Feature>& features, std::span<const double> truth,
                       std::span<const double> predicted);
  // Features as in fit(). Of no rows: NaN.
  ExpectedLoss estimate(const std::vector<Feature>& features) const;

  LossModel() = default;
  LossModel(Boosted absolute, Boosted squared)
      : absolute_(std::move(absolute)), squared_(std::move(squared)) {}
  const Boosted& absolute() const { return absolute_; }
  const Boosted& squared() const { return squared_; }

 private:
  Boosted absolute_;
  Boosted squared_;
};

}  // namespace slipway::stats
