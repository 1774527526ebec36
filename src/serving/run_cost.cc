// SPDX-License-Identifier: Apache-2.0
#include "serving/run_cost.h"

#include <algorithm>
#include <cmath>

namespace slipway::serving {
namespace {

constexpr double kKept = 15.0 / 16;  // of what was known, with each further run

}  // namespace

void RunCost::observe(std::int64_t rows, std::int64_t ns) {
  const auto x = static_cast<double>(std::max<std::int64_t>(rows, 1));
  const auto y = static_cast<double>(std::max<std::int64_t>(ns, 0));
  const std::scoped_lock lock(mutex_);
  weight_ = weight_ * kKept + 1;
  x_ = x_ * kKept + x;
  y_ = y_ * kKept + y;
  xx_ = xx_ * kKept + x * x;
  xy_ = xy_ * kKept + x * y;
}

RunCost::Line RunCost::line() const {
  const double mean_x = x_ / weight_;
  const double mean_y = y_ / weight_;
  const double variance = xx_ / weight_ - mean_x * mean_x;
  // Sizes that hardly differ say nothing about what a row costs.
  if (variance < 0.01 * mean_x * mean_x) return {.fixed = 0, .row = mean_y / mean_x};
  // Neither part can be negative: the line then goes through the mean and the other one's end.
  const double slope = (xy_ / weight_ - mean_x * mean_y) / variance;
  const double row = std::clamp(slope, 0.0, mean_y / mean_x);
  return {.fixed = mean_y - row * mean_x, .row = row, .known = true};
}

std::size_t RunCost::rows_within(std::int64_t target_ns, std::size_t most) const {
  const std::scoped_lock lock(mutex_);
  if (weight_ == 0) return most;
  const auto cost = line();
  if (cost.row <= 0) return most;
  // Where the fixed part alone takes that long, rows are what it is shared among: as much again.
  const double left = std::max(static_cast<double>(target_ns) - cost.fixed, cost.fixed);
  double rows = left / cost.row;
  // A model that is slow for each run would never see a batch, and its parts never be told apart.
  if (!cost.known) rows = std::max(rows, 2 * x_ / weight_);
  return static_cast<std::size_t>(std::clamp(rows, 1.0, static_cast<double>(most)));
}

std::int64_t RunCost::wait_ns(std::int64_t requests, std::int64_t rows, std::size_t limit) const {
  const std::scoped_lock lock(mutex_);
  if (weight_ == 0 || requests == 0) return 0;
  const auto cost = line();
  const auto all = static_cast<double>(rows);
  if (!cost.known) {
    const double by_runs = static_cast<double>(requests) * y_ / weight_;
    return static_cast<std::int64_t>(std::min(all * cost.row, by_runs));
  }
  const double batches =
      std::min(std::ceil(all / static_cast<double>(std::max<std::size_t>(limit, 1))),
               static_cast<double>(requests));
  return static_cast<std::int64_t>(batches * cost.fixed + all * cost.row);
}

}  // namespace slipway::serving
