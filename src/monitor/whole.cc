// SPDX-License-Identifier: Apache-2.0
// What a window says as a whole: the quality that is to be expected of it, and whether its rows
// differ from those of the reference.
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "stats/estimate.h"
#include "stats/multivariate.h"
#include "window.h"

namespace slipway::monitor {
namespace {

constexpr std::size_t kLeastScores = 20;
constexpr std::size_t kLeastRows = 40;
constexpr double kLevel = 0.001;   // of the domain classifier
constexpr double kLeastAuc = 0.6;  // a smaller difference is none

using Numbers = std::vector<std::pair<std::string, double>>;

void add(Numbers& to, const char* name, double value) {
  if (std::isfinite(value)) to.emplace_back(name, value);
}

void estimate_classes(const Window& window, const Profile* profile, DriftReport& out) {
  out.calibrated = profile != nullptr && !profile->calibration.empty();
  std::vector<double> probabilities;
  for (const double score : window.scores) {
    probabilities.push_back(out.calibrated ? profile->calibration(single(score)) : score);
  }
  const auto found = stats::estimate_quality(probabilities, window.said, window.scores);
  add(out.estimated, "accuracy", found.accuracy);
  add(out.estimated, "roc_auc", found.roc_auc);
  add(out.estimated, "f1", found.f1);
  add(out.estimated, "precision", found.precision);
  add(out.estimated, "recall", found.recall);
}

// The sample's columns as the model knows them; one that the traffic lacks is missing in each row.
std::vector<stats::Feature> known_columns(const RowSample& sample,
                                          const std::vector<Field>& fields) {
  std::vector<stats::Feature> out;
  for (const auto& field : fields) {
    const auto same = std::find_if(
        sample.features.begin(), sample.features.end(),
        [&](const auto& f) { return f.name == field.name && f.categorical == field.text; });
    if (same != sample.features.end()) {
      out.push_back(*same);
      continue;
    }
    auto& missing = out.emplace_back(stats::Feature{.name = field.name, .categorical = field.text});
    if (field.text) {
      missing.texts.resize(sample.rows());
    } else {
      missing.numbers.assign(sample.rows(), std::nan(""));
    }
  }
  return out;
}

}  // namespace

void estimate_quality(const Window& window, const Profile* profile, DriftReport& out) {
  if (window.scores.size() >= kLeastScores) return estimate_classes(window, profile, out);
  if (profile == nullptr || profile->loss_fields.empty()) return;
  if (window.sample.rows() < kLeastScores) return;
  const auto found = profile->loss.estimate(known_columns(window.sample, profile->loss_fields));
  out.calibrated = true;
  add(out.estimated, "mae", found.mean_absolute_error);
  add(out.estimated, "rmse", found.root_mean_squared_error);
}

void compare_rows(const Window& window, const Profile& profile, DriftReport& out) {
  std::vector<stats::Feature> before;
  std::vector<stats::Feature> now;
  std::vector<std::size_t> places;
  for (std::size_t c = 0; c < profile.row_columns.size(); ++c) {
    const auto& name = profile.row_columns[c];
    if (name == "prediction" || name == "label" || name == "target") continue;
    for (const auto& feature : window.sample.features) {
      if (feature.name != name || feature.categorical) continue;
      before.push_back({.name = name});
      now.push_back({.name = name});
      places.push_back(c);
    }
  }
  if (places.empty()) return;
  stats::Matrix was{.columns = places.size()};
  stats::Matrix is{.columns = places.size()};
  for (std::size_t i = 0; i < profile.row_values.size(); i += profile.row_columns.size()) {
    for (const auto place : places) was.values.push_back(profile.row_values[i + place]);
  }
  std::vector<const stats::Feature*> columns;
  for (const auto& feature : now) {
    columns.push_back(
        &*std::find_if(window.sample.features.begin(), window.sample.features.end(),
                       [&](const auto& f) { return f.name == feature.name && !f.categorical; }));
  }
  for (std::size_t i = 0; i < window.sample.rows(); ++i) {
    // The reference keeps whole rows only.
    const bool whole = std::none_of(columns.begin(), columns.end(),
                                    [&](const auto* c) { return std::isnan(c->numbers[i]); });
    if (!whole) continue;
    for (const auto* column : columns) is.values.push_back(column->numbers[i]);
  }
  if (was.rows() < kLeastRows || is.rows() < kLeastRows) return;
  for (std::size_t i = 0; i < was.values.size(); ++i) {
    before[i % was.columns].numbers.push_back(was.values[i]);
  }
  for (std::size_t i = 0; i < is.values.size(); ++i) {
    now[i % is.columns].numbers.push_back(is.values[i]);
  }
  const auto classifier = stats::domain_classifier(before, now);
  const auto reconstruction = stats::pca_reconstruction(was, is);
  const auto discrepancy = stats::mmd(was, is);
  out.multivariate = {{"roc_auc", classifier.roc_auc},
                      {"roc_auc_p_value", classifier.p_value},
                      {"reference_reconstruction_error", reconstruction.reference_error},
                      {"reconstruction_error", reconstruction.current_error},
                      {"reconstruction_p_value", reconstruction.p_value},
                      {"mmd", discrepancy.statistic},
                      {"mmd_p_value", discrepancy.p_value}};
  if (classifier.p_value > kLevel || classifier.roc_auc < kLeastAuc) return;
  out.dataset_drift = true;
  out.findings.push_back("rows as a whole differ from the reference: ROC AUC " +
                         number_text(std::round(classifier.roc_auc * 1000) / 1000) + ", most by " +
                         classifier.importance[0].first);
}

}  // namespace slipway::monitor
