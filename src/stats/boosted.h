// SPDX-License-Identifier: Apache-2.0
// A small learner for questions about data: boosted trees over binned columns (J. H. Friedman,
// "Greedy function approximation", 2001). Numbers are cut at quantiles of the rows that it learns
// from, categories ordered by the mean of what is learnt (W. D. Fisher, 1958); a missing value goes
// its own way. Same rows, same model: nothing is random.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace slipway::stats {

// One column of rows. `texts` when it is one of categories ("" is missing), else `numbers` (NaN).
struct Feature {
  std::string name;
  bool categorical = false;
  std::vector<double> numbers;
  std::vector<std::string> texts;
  std::size_t rows() const { return categorical ? texts.size() : numbers.size(); }
};

class Boosted {
 public:
  enum class Loss { squared, logistic };  // logistic: targets 0 and 1
  struct Options {
    Loss loss = Loss::squared;
    int trees = 60;
    int depth = 3;
    double rate = 0.1;
    double least_rows = 20;  // in a leaf
  };

  // `rows`: which ones to learn from; all when empty. Targets by row of the features.
  static Boosted fit(const std::vector<Feature>& features, std::span<const double> target,
                     const Options& options, std::span<const std::size_t> rows = {});

  // Of each row: the value, or the probability of 1. Features in the order of fit().
  std::vector<double> predict(const std::vector<Feature>& features) const;
  // The squared loss that splits on each feature took away; adds up to 1 (or is all 0).
  const std::vector<double>& importance() const { return importance_; }
  bool empty() const { return trees_.empty(); }

  // What it consists of, for those who store it.
  struct Cuts {
    std::vector<double> edges;                 // numbers: the upper ends of bins 1, 2, ..
    std::map<std::string, std::uint8_t> bins;  // categories; others share the last one
    std::uint8_t others = 0;
  };
  struct Node {
    std::int32_t feature = -1;  // -1: a leaf
    std::uint8_t bin = 0;       // at most this goes left
    std::int32_t left = 0;
    std::int32_t right = 0;
    double value = 0;
  };
  using Tree = std::vector<Node>;
  struct Parts {
    Loss loss = Loss::squared;
    double base = 0;
    std::vector<Cuts> cuts;
    std::vector<Tree> trees;
  };
  Parts parts() const { return {loss_, base_, cuts_, trees_}; }
  explicit Boosted(Parts parts)
      : loss_(parts.loss),
        base_(parts.base),
        cuts_(std::move(parts.cuts)),
        trees_(std::move(parts.trees)) {}
  Boosted() = default;

 private:
  Loss loss_ = Loss::squared;
  double base_ = 0;
  std::vector<Cuts> cuts_;
  std::vector<Tree> trees_;
  std::vector<double> importance_;
};

}  // namespace slipway::stats
