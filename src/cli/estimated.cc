// SPDX-License-Identifier: Apache-2.0
#include "estimated.h"

#include <algorithm>
#include <cmath>

#include "analysis/multivariate.h"
#include "stats/estimate.h"
#include "stats/loss_estimate.h"

namespace slipway::cli {
namespace {

using stats::Feature;

std::vector<int> is_label(const std::vector<std::size_t>& rows,
                          const std::vector<std::string>& labels, const std::string& which) {
  std::vector<int> out;
  for (const auto row : rows) out.push_back(labels[row] == which ? 1 : 0);
  return out;
}

// Keeps the rows whose `sure` columns have a number.
void drop_gaps(std::vector<Feature>& features, const std::vector<std::size_t>& sure) {
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < features[0].rows(); ++i) {
    const bool whole = std::all_of(sure.begin(), sure.end(), [&](std::size_t f) {
      return !std::isnan(features[f].numbers[i]);
    });
    if (whole) kept.push_back(i);
  }
  for (auto& feature : features) {
    for (std::size_t k = 0; k < kept.size(); ++k) {
      if (feature.categorical) {
        feature.texts[k] = feature.texts[kept[k]];
      } else {
        feature.numbers[k] = feature.numbers[kept[k]];
      }
    }
    feature.categorical ? feature.texts.resize(kept.size()) : feature.numbers.resize(kept.size());
  }
}

std::vector<double> calibrated(const std::vector<double>& scores, const std::vector<double>& known,
                               const std::vector<int>& truth) {
  const auto calibration = stats::Calibration::of(known, truth);
  std::vector<double> out;
  for (const double score : scores) out.push_back(calibration(score));
  return out;
}

Result<stats::Estimate> of_two(const EstimateQuestion& question, const JudgedRows& known,
                               const JudgedRows& rows) {
  const auto positive = question.positive.empty() ? known.labels.back() : question.positive;
  const auto& scores = rows.probabilities[0];
  const auto probabilities =
      calibrated(scores, known.probabilities[0], is_label(known.truth, known.labels, positive));
  return stats::estimate_quality(probabilities, is_label(rows.predicted, rows.labels, positive),
                                 scores);
}

// Each label against the others (one column each).
Result<stats::Estimate> of_many(const EstimateQuestion& question, const JudgedRows& known,
                                const JudgedRows& rows) {
  std::vector<std::vector<double>> probabilities;
  std::vector<std::vector<double>> scores;
  std::vector<std::size_t> places(rows.labels.size(), known.labels.size());
  for (std::size_t k = 0; k < known.labels.size(); ++k) {
    const auto& label = known.labels[k];
    const auto at =
        std::find(question.probability_labels.begin(), question.probability_labels.end(), label);
    if (at == question.probability_labels.end()) {
      return invalid("--probability: none is given for label '" + label + "'",
                     "with more than two labels write LABEL=COLUMN for each");
    }
    const auto column = static_cast<std::size_t>(at - question.probability_labels.begin());
    scores.push_back(rows.probabilities[column]);
    probabilities.push_back(calibrated(scores.back(), known.probabilities[column],
                                       is_label(known.truth, known.labels, label)));
    for (std::size_t i = 0; i < rows.labels.size(); ++i) {
      if (rows.labels[i] == label) places[i] = k;
    }
  }
  std::vector<std::size_t> predicted;
  for (const auto label : rows.predicted) {
    predicted.push_back(places[label]);
    if (places[label] < known.labels.size()) continue;
    return invalid("--prediction: '" + rows.labels[label] + "' is no label of '" +
                   question.reference + "'");
  }
  return stats::estimate_of_many(std::move(probabilities), predicted, scores);
}

}  // namespace

Result<std::vector<std::pair<std::string, double>>> expected_classes(
    const EstimateQuestion& question, const Table& current) {
  SW_TRY(const auto table, open_table(question.reference));
  auto plain = question.columns;
  plain.groups.clear();
  SW_TRY(const auto known, read_classes(*table, plain));
  if (known.labels.empty()) return invalid("--estimate-from: no row has a target and a prediction");
  if (plain.probabilities.empty() || (known.labels.size() <= 2 && plain.probabilities.size() > 1)) {
    return invalid("--estimate-from wants " +
                   std::string(known.labels.size() > 2
                                   ? "a --probability LABEL=COLUMN for each label"
                                   : "one --probability: that of the positive label"));
  }
  plain.target = plain.prediction;  // of the rows that are estimated nothing is known
  SW_TRY(const auto rows, read_classes(current, plain));
  SW_TRY(const auto found,
         known.labels.size() > 2 ? of_many(question, known, rows) : of_two(question, known, rows));
  return std::vector<std::pair<std::string, double>>{{"rows", static_cast<double>(found.rows)},
                                                     {"accuracy", found.accuracy},
                                                     {"precision", found.precision},
                                                     {"recall", found.recall},
                                                     {"f1", found.f1},
                                                     {"roc_auc", found.roc_auc},
                                                     {"standard_error", found.standard_error}};
}

Result<std::vector<std::pair<std::string, double>>> expected_values(
    const EstimateQuestion& question, const Table& current) {
  SW_TRY(const auto reference, open_table(question.reference));
  const auto& columns = question.columns;
  for (const auto& name : {columns.target, columns.prediction}) {
    const auto* field = reference->find(name);
    if (field == nullptr || field->is_text()) {
      return invalid("--estimate-from: '" + question.reference + "' has no column of numbers '" +
                     name + "'");
    }
  }
  if (const auto* said = current.find(columns.prediction); said == nullptr || said->is_text()) {
    return invalid("--prediction: the file has no column of numbers '" + columns.prediction + "'");
  }
  SW_TRY(auto common,
         analysis::common_columns(*reference, current, {columns.target, columns.prediction}));
  auto& [names, categorical] = common;
  names.push_back(columns.prediction);
  categorical.push_back(false);
  SW_TRY(auto now, analysis::features_of(current, names, categorical));
  const std::size_t said = names.size() - 1;
  drop_gaps(now, {said});
  names.push_back(columns.target);
  categorical.push_back(false);
  SW_TRY(auto before, analysis::features_of(*reference, names, categorical));
  drop_gaps(before, {said, said + 1});
  const auto truth = std::move(before.back().numbers);
  before.pop_back();
  const auto model = stats::LossModel::fit(before, truth, before[said].numbers);
  const auto found = model.estimate(now);
  return std::vector<std::pair<std::string, double>>{
      {"rows", static_cast<double>(now[0].rows())},
      {"mean_absolute_error", found.mean_absolute_error},
      {"mean_squared_error", found.mean_squared_error},
      {"root_mean_squared_error", found.root_mean_squared_error}};
}

Result<stats::Drop> explained_drop(const EstimateQuestion& question, const Table& current,
                                   bool values) {
  SW_TRY(const auto reference, open_table(question.reference));
  const auto& columns = question.columns;
  SW_TRY(auto common,
         analysis::common_columns(*reference, current, {columns.target, columns.prediction}));
  auto& [names, categorical] = common;
  for (const auto& name : {columns.target, columns.prediction}) {
    for (const Table* table : std::initializer_list<const Table*>{reference.get(), &current}) {
      const auto* field = table->find(name);
      if (field != nullptr && !(values && field->is_text())) continue;
      return invalid("--explain-from: both files want the column '" + name + "'" +
                     (values ? " of numbers" : ""));
    }
    names.push_back(name);
    categorical.push_back(!values);
  }
  std::vector<double> losses[2];
  std::vector<Feature> sides[2];
  for (const int side : {0, 1}) {
    auto& features = sides[side];
    SW_TRY(features, analysis::features_of(side == 0 ? *reference : current, names, categorical));
    const auto said = std::move(features.back());
    features.pop_back();
    const auto is = std::move(features.back());
    features.pop_back();
    for (std::size_t i = 0; i < is.rows(); ++i) {
      losses[side].push_back(values ? std::abs(is.numbers[i] - said.numbers[i])
                                    : (is.texts[i] == said.texts[i] ? 0 : 1));
    }
  }
  return stats::explain_drop(sides[0], losses[0], sides[1], losses[1]);
}

}  // namespace slipway::cli
