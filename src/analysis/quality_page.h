// SPDX-License-Identifier: Apache-2.0
// The page of `slipway evaluate`: how good predictions are, in numbers and pictures.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "stats/segments.h"

namespace slipway::analysis {

using NamedNumbers = std::vector<std::pair<std::string, double>>;

struct QualityPictures {
  std::vector<std::pair<double, double>> roc;          // false and true positive rate
  std::vector<std::pair<double, double>> reliability;  // what was said, and how often it was true
  std::vector<double> scores[2];                       // shares of bins, by what was true
  std::vector<std::vector<std::int64_t>> cells;        // rows by true and predicted value
  double low = 0;                                      // of both
  double high = 0;
  std::vector<double> errors;  // shares of bins
  double error_low = 0;
  double error_high = 0;
};
// Labels 0 and 1 and the probability of 1.
void draw_scores(std::span<const int> truth, std::span<const double> probability,
                 QualityPictures& out);
void draw_values(std::span<const double> truth, std::span<const double> predicted,
                 QualityPictures& out);

struct QualityPage {
  std::string file;
  std::string task;
  std::int64_t rows = 0;
  std::int64_t skipped = 0;
  bool bounded = false;  // there were limits
  std::vector<std::string> broken;
  NamedNumbers metrics;
  NamedNumbers fairness;
  NamedNumbers estimated;
  std::vector<std::pair<std::string, NamedNumbers>> groups;
  std::optional<stats::Drop> drop;
  QualityPictures pictures;
  std::vector<std::string> labels;
  std::vector<std::vector<std::size_t>> confusion;
  std::vector<std::pair<std::string, NamedNumbers>> per_class;
  std::string negative;
  std::string positive;
};
std::string quality_page(const QualityPage& page);

}  // namespace slipway::analysis
