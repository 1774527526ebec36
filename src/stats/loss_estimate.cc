// SPDX-License-Identifier: Apache-2.0
#include "stats/loss_estimate.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace slipway::stats {
namespace {

// No error is less than none.
double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double x : values) sum += std::max(x, 0.0);
  return sum / static_cast<double>(values.size());
}

}  // namespace

LossModel LossModel::fit(const std::vector<Feature>& features, std::span<const double> truth,
                         std::span<const double> predicted) {
  std::vector<double> absolute;
  std::vector<double> squared;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const double error = predicted[i] - truth[i];
    absolute.push_back(std::abs(error));
    squared.push_back(error * error);
  }
  return {Boosted::fit(features, absolute, {}), Boosted::fit(features, squared, {})};
}

ExpectedLoss LossModel::estimate(const std::vector<Feature>& features) const {
  if (features.empty() || features[0].rows() == 0) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    return {nan, nan, nan};
  }
  ExpectedLoss out;
  out.mean_absolute_error = mean_of(absolute_.predict(features));
  out.mean_squared_error = mean_of(squared_.predict(features));
  out.root_mean_squared_error = std::sqrt(out.mean_squared_error);
  return out;
}

}  // namespace slipway::stats
