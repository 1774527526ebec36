// SPDX-License-Identifier: Apache-2.0
#include "stats/quality.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace slipway::stats {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Ranks from 1, ties getting the middle of theirs.
std::vector<double> mid_ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t from = 0; from < order.size();) {
    std::size_t to = from;
    while (to < order.size() && values[order[to]] == values[order[from]]) ++to;
    const double rank = (static_cast<double>(from + to) + 1) / 2;
    for (; from < to; ++from) ranks[order[from]] = rank;
  }
  return ranks;
}

double variance(const std::vector<double>& values) {
  if (values.size() < 2) return 0;
  const double n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double sum = 0;
  for (const double x : values) sum += (x - mean) * (x - mean);
  return sum / (n - 1);
}

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void add(double x) {
    low = std::min(low, x);
    high = std::max(high, x);
  }
  double difference() const { return high - low; }
  // As Fairlearn: 0 / 0 is NaN, which min() below passes over.
  double ratio() const { return high == 0 ? kNaN : low / high; }
};

}  // namespace

double accuracy(std::span<const int> truth, std::span<const int> predicted) {
  if (truth.empty()) return kNaN;
  std::size_t right = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) right += truth[i] == predicted[i] ? 1 : 0;
  return static_cast<double>(right) / static_cast<double>(truth.size());
}

double log_loss_of(int truth, double probability) {
  constexpr double eps = std::numeric_limits<double>::epsilon();
  const double p = std::clamp(truth == 1 ? probability : 1 - probability, eps, 1 - eps);
  return -std::log(p);
}

double log_loss(std::span<const int> truth, std::span<const double> probability) {
  if (truth.empty()) return kNaN;
  double sum = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) sum += log_loss_of(truth[i], probability[i]);
  return sum / static_cast<double>(truth.size());
}

double roc_auc(std::span<const int> truth, std::span<const double> score) {
  return roc_auc_with_error(truth, score).value;
}

Auc roc_auc_with_error(std::span<const int> truth, std::span<const double> score) {
  std::vector<double> ones;
  std::vector<double> zeros;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    (truth[i] == 1 ? ones : zeros).push_back(score[i]);
  }
  if (ones.empty() || zeros.empty()) return {kNaN, 0};
  const double m = static_cast<double>(ones.size());
  const double n = static_cast<double>(zeros.size());
  std::vector<double> both = ones;
  both.insert(both.end(), zeros.begin(), zeros.end());
  const auto ranks = mid_ranks(both);
  const auto own_ones = mid_ranks(ones);
  const auto own_zeros = mid_ranks(zeros);
  // How often each 1 beats the zeros, and how often each 0 loses to the ones.
  std::vector<double> wins(ones.size());
  std::vector<double> losses(zeros.size());
  for (std::size_t i = 0; i < wins.size(); ++i) wins[i] = (ranks[i] - own_ones[i]) / n;
  for (std::size_t j = 0; j < losses.size(); ++j) {
    losses[j] = 1 - (ranks[ones.size() + j] - own_zeros[j]) / m;
  }
  const double auc = std::accumulate(wins.begin(), wins.end(), 0.0) / m;
  return {auc, std::sqrt(variance(wins) / m + variance(losses) / n)};
}

Fairness fairness(std::span<const int> truth, std::span<const int> predicted,
                  std::span<const std::size_t> group, std::size_t groups) {
  struct Counts {
    double rows = 0, selected = 0, ones = 0, hits = 0, zeros = 0, alarms = 0, right = 0;
  };
  std::vector<Counts> counts(groups);
  for (std::size_t i = 0; i < truth.size(); ++i) {
    auto& c = counts[group[i]];
    const bool one = truth[i] == 1;
    const bool chosen = predicted[i] == 1;
    c.rows += 1;
    c.selected += chosen ? 1 : 0;
    (one ? c.ones : c.zeros) += 1;
    if (chosen) (one ? c.hits : c.alarms) += 1;
    c.right += one == chosen ? 1 : 0;
  }
  Fairness out;
  Range selection;
  Range tpr;
  Range fpr;
  for (const auto& c : counts) {
    GroupRates rates{.count = static_cast<std::size_t>(c.rows)};
    if (c.rows > 0) {
      rates.selection_rate = c.selected / c.rows;
      rates.true_positive_rate = c.ones > 0 ? c.hits / c.ones : 0;
      rates.false_positive_rate = c.zeros > 0 ? c.alarms / c.zeros : 0;
      rates.accuracy = c.right / c.rows;
      selection.add(rates.selection_rate);
      tpr.add(rates.true_positive_rate);
      fpr.add(rates.false_positive_rate);
    }
    out.groups.push_back(rates);
  }
  if (truth.empty()) {
    out.demographic_parity_difference = out.demographic_parity_ratio = kNaN;
    out.equalized_odds_difference = out.equalized_odds_ratio = kNaN;
    out.equal_opportunity_difference = out.equal_opportunity_ratio = kNaN;
    return out;
  }
  out.demographic_parity_difference = selection.difference();
  out.demographic_parity_ratio = selection.ratio();
  out.equalized_odds_difference = std::max(tpr.difference(), fpr.difference());
  out.equalized_odds_ratio = std::fmin(tpr.ratio(), fpr.ratio());
  out.equal_opportunity_difference = tpr.difference();
  out.equal_opportunity_ratio = tpr.ratio();
  return out;
}

PrivilegeGaps privilege_gaps(std::span<const int> truth, std::span<const int> predicted,
                             std::span<const std::size_t> group, std::size_t privileged) {
  std::vector<std::size_t> side;
  for (const auto g : group) side.push_back(g == privileged ? 1 : 0);
  const auto rates = fairness(truth, predicted, side, 2).groups;
  const auto& rest = rates[0];
  const auto& favoured = rates[1];
  PrivilegeGaps out;
  const double tpr = rest.true_positive_rate - favoured.true_positive_rate;
  const double fpr = rest.false_positive_rate - favoured.false_positive_rate;
  out.statistical_parity_difference = rest.selection_rate - favoured.selection_rate;
  out.disparate_impact =
      favoured.selection_rate > 0 ? rest.selection_rate / favoured.selection_rate : kNaN;
  out.average_odds_difference = (tpr + fpr) / 2;
  out.average_abs_odds_difference = (std::abs(tpr) + std::abs(fpr)) / 2;
  out.true_positive_rate_difference = tpr;
  out.error_rate_difference = favoured.accuracy - rest.accuracy;
  const auto n = static_cast<double>(truth.size());
  double mean = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) mean += (1 + predicted[i] - truth[i]) / n;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const double benefit = (1 + predicted[i] - truth[i]) / mean;
    if (benefit > 0) out.theil_index += benefit * std::log(benefit) / n;
  }
  return out;
}

}  // namespace slipway::stats
