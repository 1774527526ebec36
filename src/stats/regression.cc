// SPDX-License-Identifier: Apache-2.0
#include "stats/regression.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace slipway::stats {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

// 1 - unexplained / total; a truth without spread is explained wholly or not at all.
double explained(double unexplained, double total) {
  if (total > 0) return 1 - unexplained / total;
  return unexplained == 0 ? 1 : 0;
}

}  // namespace

Regression regress(std::span<const double> truth, std::span<const double> predicted) {
  Regression out{.rows = truth.size()};
  if (truth.empty()) {
    return {0, kNaN, kNaN, kNaN, kNaN, kNaN, kNaN, kNaN, kNaN, kNaN};
  }
  const auto n = static_cast<double>(truth.size());
  std::vector<double> distances;
  distances.reserve(truth.size());
  double sum = 0;
  double share = 0;
  double shift = 0;  // from the first value, so that the mean of a constant is that constant
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const double error = predicted[i] - truth[i];
    const double distance = std::abs(error);
    distances.push_back(distance);
    sum += distance;
    out.mean_error += error / n;
    out.mean_squared_error += error * error / n;
    share += distance / std::max(std::abs(truth[i]), std::numeric_limits<double>::epsilon());
    out.max_error = std::max(out.max_error, distance);
    shift += truth[i] - truth[0];
  }
  const double mean = truth[0] + shift / n;
  double total = 0;
  double scatter = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const double off = predicted[i] - truth[i] - out.mean_error;
    total += (truth[i] - mean) * (truth[i] - mean);
    scatter += off * off;
  }
  out.mean_absolute_error = sum / n;
  out.mean_absolute_percentage_error = share / n;
  out.root_mean_squared_error = std::sqrt(out.mean_squared_error);
  out.median_absolute_error = median(std::move(distances));
  out.r2 = truth.size() < 2 ? kNaN : explained(out.mean_squared_error * n, total);
  out.explained_variance = explained(scatter, total);
  return out;
}

}  // namespace slipway::stats
