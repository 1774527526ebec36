// SPDX-License-Identifier: Apache-2.0
#include "stats/boosted.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

namespace slipway::stats {
namespace {

constexpr std::size_t kMostBins = 32;  // with that of missing values and that of others
constexpr double kShrink = 1;          // added to the weight of each leaf

using Codes = std::vector<std::vector<std::uint8_t>>;  // by feature, by row

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

Boosted::Cuts number_cuts(const Feature& feature, std::span<const std::size_t> rows) {
  std::vector<double> values;
  for (const auto row : rows) {
    if (!std::isnan(feature.numbers[row])) values.push_back(feature.numbers[row]);
  }
  std::sort(values.begin(), values.end());
  Boosted::Cuts out;
  constexpr std::size_t kEdges = kMostBins - 2;
  for (std::size_t i = 1; i <= kEdges && !values.empty(); ++i) {
    const double edge = values[(values.size() - 1) * i / (kEdges + 1)];
    // Nothing lies above the largest value.
    if (edge < values.back() && (out.edges.empty() || edge > out.edges.back())) {
      out.edges.push_back(edge);
    }
  }
  return out;
}

// The most frequent categories, by the mean of the target.
Boosted::Cuts category_cuts(const Feature& feature, std::span<const double> target,
                            std::span<const std::size_t> rows) {
  struct Seen {
    double rows = 0;
    double sum = 0;
  };
  std::map<std::string, Seen> seen;
  for (const auto row : rows) {
    if (feature.texts[row].empty()) continue;
    auto& entry = seen[feature.texts[row]];
    entry.rows += 1;
    entry.sum += target[row];
  }
  std::vector<std::pair<std::string, Seen>> order(seen.begin(), seen.end());
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.second.rows > b.second.rows; });
  if (order.size() > kMostBins - 2) order.resize(kMostBins - 2);
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return a.second.sum / a.second.rows < b.second.sum / b.second.rows;
  });
  Boosted::Cuts out;
  for (const auto& [value, entry] : order) {
    out.bins[value] = static_cast<std::uint8_t>(out.bins.size() + 1);
  }
  out.others = static_cast<std::uint8_t>(out.bins.size() + 1);
  return out;
}

std::uint8_t code_of(const Boosted::Cuts& cuts, const Feature& feature, std::size_t row) {
  if (feature.categorical) {
    if (feature.texts[row].empty()) return 0;
    const auto found = cuts.bins.find(feature.texts[row]);
    return found == cuts.bins.end() ? cuts.others : found->second;
  }
  const double x = feature.numbers[row];
  if (std::isnan(x)) return 0;
  const auto at = std::lower_bound(cuts.edges.begin(), cuts.edges.end(), x);
  return static_cast<std::uint8_t>(1 + (at - cuts.edges.begin()));
}

Codes codes_of(const std::vector<Boosted::Cuts>& cuts, const std::vector<Feature>& features) {
  Codes out(features.size());
  for (std::size_t f = 0; f < features.size(); ++f) {
    out[f].resize(features[f].rows());
    for (std::size_t i = 0; i < out[f].size(); ++i) out[f][i] = code_of(cuts[f], features[f], i);
  }
  return out;
}

// First and second derivatives of the loss, by row.
struct Slopes {
  std::vector<double> first;
  std::vector<double> second;
};

struct Split {
  double gain = 0;
  std::int32_t feature = -1;
  std::uint8_t bin = 0;
};

struct Sums {
  double rows = 0;
  double first = 0;
  double second = 0;
  void add(const Sums& other) {
    rows += other.rows;
    first += other.first;
    second += other.second;
  }
  double score() const { return first * first / (second + kShrink); }
};

// Grows one tree; rows of a node are a stretch of `rows`, parted in place.
class Grower {
 public:
  Grower(const Codes& codes, const Slopes& slopes, const Boosted::Options& options,
         std::vector<std::size_t>& rows, std::vector<double>& importance)
      : codes_(codes), slopes_(slopes), options_(options), rows_(rows), importance_(importance) {}

  Boosted::Tree grow() {
    node(0, rows_.size(), 0);
    return std::move(tree_);
  }

 private:
  Split best_of(std::size_t from, std::size_t to, const Sums& all) const {
    Split out;
    for (std::size_t f = 0; f < codes_.size(); ++f) {
      std::array<Sums, kMostBins> bins{};
      for (std::size_t i = from; i < to; ++i) {
        auto& bin = bins[codes_[f][rows_[i]]];
        bin.rows += 1;
        bin.first += slopes_.first[rows_[i]];
        bin.second += slopes_.second[rows_[i]];
      }
      Sums left;
      for (std::size_t b = 0; b + 1 < kMostBins; ++b) {
        left.add(bins[b]);
        const Sums right{all.rows - left.rows, all.first - left.first, all.second - left.second};
        if (left.rows < options_.least_rows || right.rows < options_.least_rows) continue;
        const double gain = left.score() + right.score() - all.score();
        if (gain > out.gain + 1e-12) {
          out = {gain, static_cast<std::int32_t>(f), static_cast<std::uint8_t>(b)};
        }
      }
    }
    return out;
  }

  std::int32_t node(std::size_t from, std::size_t to, int depth) {
    Sums all;
    for (std::size_t i = from; i < to; ++i) {
      all.add({1, slopes_.first[rows_[i]], slopes_.second[rows_[i]]});
    }
    const auto at = static_cast<std::int32_t>(tree_.size());
    tree_.push_back({.value = -options_.rate * all.first / (all.second + kShrink)});
    if (depth == options_.depth) return at;
    const auto split = best_of(from, to, all);
    if (split.feature < 0) return at;
    const auto feature = static_cast<std::size_t>(split.feature);
    importance_[feature] += split.gain;
    const auto begin = rows_.begin();
    const auto middle = std::stable_partition(
        begin + static_cast<std::ptrdiff_t>(from), begin + static_cast<std::ptrdiff_t>(to),
        [&](std::size_t row) { return codes_[feature][row] <= split.bin; });
    const auto parted = static_cast<std::size_t>(middle - begin);
    const auto left = node(from, parted, depth + 1);
    const auto right = node(parted, to, depth + 1);
    auto& made = tree_[static_cast<std::size_t>(at)];
    made.feature = split.feature;
    made.bin = split.bin;
    made.left = left;
    made.right = right;
    return at;
  }

  const Codes& codes_;
  const Slopes& slopes_;
  const Boosted::Options& options_;
  std::vector<std::size_t>& rows_;
  std::vector<double>& importance_;
  Boosted::Tree tree_;
};

double value_of(const Boosted::Tree& tree, const Codes& codes, std::size_t row) {
  std::size_t at = 0;
  while (tree[at].feature >= 0) {
    const bool left = codes[static_cast<std::size_t>(tree[at].feature)][row] <= tree[at].bin;
    at = static_cast<std::size_t>(left ? tree[at].left : tree[at].right);
  }
  return tree[at].value;
}

double base_of(std::span<const double> target, std::span<const std::size_t> rows,
               Boosted::Loss loss) {
  double mean = 0;
  for (const auto row : rows) mean += target[row] / static_cast<double>(rows.size());
  if (loss == Boosted::Loss::squared) return mean;
  mean = std::clamp(mean, 1e-6, 1 - 1e-6);
  return std::log(mean / (1 - mean));
}

}  // namespace

Boosted Boosted::fit(const std::vector<Feature>& features, std::span<const double> target,
                     const Options& options, std::span<const std::size_t> chosen) {
  std::vector<std::size_t> rows(chosen.begin(), chosen.end());
  if (rows.empty()) {
    rows.resize(target.size());
    std::iota(rows.begin(), rows.end(), std::size_t{0});
  }
  Boosted out;
  out.loss_ = options.loss;
  out.importance_.resize(features.size());
  if (rows.empty()) return out;
  out.base_ = base_of(target, rows, options.loss);
  for (const auto& feature : features) {
    out.cuts_.push_back(feature.categorical ? category_cuts(feature, target, rows)
                                            : number_cuts(feature, rows));
  }
  const auto codes = codes_of(out.cuts_, features);
  std::vector<double> sums(target.size(), out.base_);
  Slopes slopes{std::vector<double>(target.size()), std::vector<double>(target.size())};
  for (int i = 0; i < options.trees; ++i) {
    for (const auto row : rows) {
      const bool logistic = options.loss == Loss::logistic;
      const double p = logistic ? sigmoid(sums[row]) : sums[row];
      slopes.first[row] = p - target[row];
      slopes.second[row] = logistic ? p * (1 - p) : 1;
    }
    auto tree = Grower(codes, slopes, options, rows, out.importance_).grow();
    if (tree.size() == 1) break;
    for (const auto row : rows) sums[row] += value_of(tree, codes, row);
    out.trees_.push_back(std::move(tree));
  }
  const double all = std::accumulate(out.importance_.begin(), out.importance_.end(), 0.0);
  for (double& x : out.importance_) x = all > 0 ? x / all : 0;
  return out;
}

std::vector<double> Boosted::predict(const std::vector<Feature>& features) const {
  std::vector<double> out(features.empty() ? 0 : features[0].rows(), base_);
  if (!trees_.empty()) {
    const auto codes = codes_of(cuts_, features);
    for (std::size_t i = 0; i < out.size(); ++i) {
      for (const auto& tree : trees_) out[i] += value_of(tree, codes, i);
    }
  }
  if (loss_ == Loss::logistic) {
    for (double& x : out) x = sigmoid(x);
  }
  return out;
}

}  // namespace slipway::stats
