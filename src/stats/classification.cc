// SPDX-License-Identifier: Apache-2.0
#include "stats/classification.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace slipway::stats {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double share(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

// Rows and columns of the confusion matrix, summed.
struct Margins {
  std::vector<double> truth;
  std::vector<double> predicted;
  double right = 0;
  double rows = 0;
};

Margins margins_of(const std::vector<std::vector<std::size_t>>& confusion) {
  Margins out{.truth = std::vector<double>(confusion.size()),
              .predicted = std::vector<double>(confusion.size())};
  for (std::size_t i = 0; i < confusion.size(); ++i) {
    for (std::size_t j = 0; j < confusion.size(); ++j) {
      const auto count = static_cast<double>(confusion[i][j]);
      out.truth[i] += count;
      out.predicted[j] += count;
      out.rows += count;
      if (i == j) out.right += count;
    }
  }
  return out;
}

// Gorodkin's R_K, which is Matthews' coefficient for two classes.
double matthews(const Margins& m) {
  double agree = m.right * m.rows;
  double truth = m.rows * m.rows;
  double predicted = truth;
  for (std::size_t k = 0; k < m.truth.size(); ++k) {
    agree -= m.truth[k] * m.predicted[k];
    truth -= m.truth[k] * m.truth[k];
    predicted -= m.predicted[k] * m.predicted[k];
  }
  const double scale = std::sqrt(truth * predicted);
  return scale > 0 ? agree / scale : 0;
}

double kappa(const Margins& m) {
  double expected = 0;
  for (std::size_t k = 0; k < m.truth.size(); ++k) expected += m.truth[k] * m.predicted[k];
  expected /= m.rows;
  return m.rows == expected ? kNaN : (m.right - expected) / (m.rows - expected);
}

void add(ClassScore& to, const ClassScore& from, double weight) {
  to.precision += from.precision * weight;
  to.recall += from.recall * weight;
  to.f1 += from.f1 * weight;
}

}  // namespace

Classification classify(std::span<const std::size_t> truth, std::span<const std::size_t> predicted,
                        std::size_t classes) {
  Classification out{.rows = truth.size()};
  out.confusion.assign(classes, std::vector<std::size_t>(classes));
  for (std::size_t i = 0; i < truth.size(); ++i) ++out.confusion[truth[i]][predicted[i]];
  const auto m = margins_of(out.confusion);
  out.macro.support = out.weighted.support = out.rows;
  double occurring = 0;
  for (std::size_t k = 0; k < classes; ++k) {
    const auto hits = static_cast<double>(out.confusion[k][k]);
    const ClassScore score{.precision = share(hits, m.predicted[k]),
                           .recall = share(hits, m.truth[k]),
                           .f1 = share(2 * hits, m.predicted[k] + m.truth[k]),
                           .support = static_cast<std::size_t>(m.truth[k])};
    out.classes.push_back(score);
    add(out.macro, score, 1 / static_cast<double>(classes));
    add(out.weighted, score, share(m.truth[k], m.rows));
    if (m.truth[k] > 0) {
      occurring += 1;
      out.balanced_accuracy += score.recall;
    }
  }
  if (out.rows == 0) {
    out.accuracy = out.balanced_accuracy = out.matthews_corrcoef = out.cohen_kappa = kNaN;
    return out;
  }
  out.accuracy = m.right / m.rows;
  out.balanced_accuracy /= occurring;
  out.matthews_corrcoef = matthews(m);
  out.cohen_kappa = kappa(m);
  return out;
}

double average_precision(std::span<const int> truth, std::span<const double> score) {
  std::vector<std::size_t> order(truth.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return score[a] > score[b]; });
  const auto ones = static_cast<double>(std::count(truth.begin(), truth.end(), 1));
  if (ones == 0) return kNaN;
  double sum = 0;
  double hits = 0;
  for (std::size_t i = 0; i < order.size();) {
    const double before = hits;
    const double at = score[order[i]];
    for (; i < order.size() && score[order[i]] == at; ++i) hits += truth[order[i]] == 1 ? 1 : 0;
    sum += (hits - before) / ones * hits / static_cast<double>(i);
  }
  return sum;
}

double brier_score(std::span<const int> truth, std::span<const double> probability) {
  if (truth.empty()) return kNaN;
  double sum = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const double off = (truth[i] == 1 ? 1.0 : 0.0) - probability[i];
    sum += off * off;
  }
  return sum / static_cast<double>(truth.size());
}

}  // namespace slipway::stats
