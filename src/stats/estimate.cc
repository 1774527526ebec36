// SPDX-License-Identifier: Apache-2.0
#include "stats/estimate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace slipway::stats {
namespace {

std::vector<std::size_t> ascending(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  return order;
}

struct Block {
  double low = 0;  // scores of the rows in it
  double high = 0;
  double weight = 0;
  double mean = 0;
};

void pool(Block& into, const Block& from) {
  const double weight = into.weight + from.weight;
  into.mean = (into.mean * into.weight + from.mean * from.weight) / weight;
  into.weight = weight;
  into.high = from.high;
}

double share(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

double expected_auc(std::span<const double> probability, std::span<const double> score) {
  const auto order = ascending(score);
  const double ones = std::accumulate(probability.begin(), probability.end(), 0.0);
  const double zeros = static_cast<double>(probability.size()) - ones;
  if (!(ones > 0 && zeros > 0)) return std::numeric_limits<double>::quiet_NaN();
  double area = 0;
  double above = 0;  // the share of ones that score higher
  for (std::size_t i = order.size(); i > 0;) {
    const double at = score[order[i - 1]];
    double p = 0;
    double q = 0;
    for (; i > 0 && score[order[i - 1]] == at; --i) {
      p += probability[order[i - 1]];
      q += 1 - probability[order[i - 1]];
    }
    area += q / zeros * (above + p / ones / 2);
    above += p / ones;
  }
  return area;
}

}  // namespace

Calibration Calibration::of(std::span<const double> score, std::span<const int> label) {
  std::vector<Block> blocks;
  const auto order = ascending(score);
  for (std::size_t i = 0; i < order.size();) {
    Block block{.low = score[order[i]], .high = score[order[i]]};
    for (; i < order.size() && score[order[i]] == block.low; ++i) {
      block.weight += 1;
      block.mean += label[order[i]] == 1 ? 1 : 0;
    }
    block.mean /= block.weight;
    while (!blocks.empty() && blocks.back().mean >= block.mean) {
      pool(blocks.back(), block);
      block = blocks.back();
      blocks.pop_back();
    }
    blocks.push_back(block);
  }
  std::vector<std::pair<double, double>> points;
  for (const auto& block : blocks) {
    points.emplace_back(block.low, block.mean);
    if (block.high > block.low) points.emplace_back(block.high, block.mean);
  }
  if (points.size() <= kMostPoints) return Calibration(std::move(points));
  std::vector<std::pair<double, double>> thinned;
  for (std::size_t i = 0; i < kMostPoints; ++i) {
    thinned.push_back(points[i * (points.size() - 1) / (kMostPoints - 1)]);
  }
  return Calibration(std::move(thinned));
}

double Calibration::operator()(double score) const {
  if (points_.empty()) return score;
  const auto after = std::lower_bound(points_.begin(), points_.end(), score,
                                      [](const auto& p, double x) { return p.first < x; });
  if (after == points_.end()) return points_.back().second;
  if (after->first == score || after == points_.begin()) return after->second;
  const auto before = after - 1;
  const double along = (score - before->first) / (after->first - before->first);
  return before->second + along * (after->second - before->second);
}

Estimate estimate_quality(std::span<const double> probability, std::span<const int> predicted,
                          std::span<const double> score) {
  Estimate out{.rows = probability.size()};
  if (probability.empty()) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    return {0, nan, nan, nan, nan, nan, nan};
  }
  double hits = 0;
  double alarms = 0;
  double misses = 0;
  double variance = 0;
  const auto n = static_cast<double>(probability.size());
  for (std::size_t i = 0; i < probability.size(); ++i) {
    const double p = probability[i];
    variance += p * (1 - p);
    if (predicted[i] == 1) {
      hits += p;
      alarms += 1 - p;
    } else {
      misses += p;
    }
  }
  out.accuracy = (n - alarms - misses) / n;
  out.precision = share(hits, hits + alarms);
  out.recall = share(hits, hits + misses);
  out.f1 = share(2 * hits, 2 * hits + alarms + misses);
  out.roc_auc = expected_auc(probability, score);
  out.standard_error = std::sqrt(variance) / n;
  return out;
}

Estimate estimate_of_many(std::vector<std::vector<double>> probability,
                          std::span<const std::size_t> predicted,
                          const std::vector<std::vector<double>>& score) {
  if (predicted.empty() || probability.empty()) return estimate_quality({}, {}, {});
  const std::size_t rows = predicted.size();
  const auto classes = static_cast<double>(probability.size());
  Estimate out{.rows = rows};
  double variance = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    double sum = 0;
    for (const auto& column : probability) sum += column[i];
    for (auto& column : probability) column[i] = sum > 0 ? column[i] / sum : 1 / classes;
    const double p = probability[predicted[i]][i];
    out.accuracy += p / static_cast<double>(rows);
    variance += p * (1 - p);
  }
  out.standard_error = std::sqrt(variance) / static_cast<double>(rows);
  std::vector<int> is(rows);
  for (std::size_t k = 0; k < probability.size(); ++k) {
    for (std::size_t i = 0; i < rows; ++i) is[i] = predicted[i] == k ? 1 : 0;
    const auto one = estimate_quality(probability[k], is, score[k]);
    out.precision += one.precision / classes;
    out.recall += one.recall / classes;
    out.f1 += one.f1 / classes;
    out.roc_auc += one.roc_auc / classes;
  }
  return out;
}

}  // namespace slipway::stats
