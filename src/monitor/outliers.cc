// SPDX-License-Identifier: Apache-2.0
#include "monitor/outliers.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "impl.h"
#include "meter/meter.h"

namespace slipway::monitor {
namespace {

constexpr std::size_t kMostModels = 64;
constexpr std::int64_t kLookAgainNs = 10'000'000'000;

std::vector<double> values_at(const Chunk& chunk, const std::vector<std::size_t>& places,
                              std::size_t row) {
  std::vector<double> out;
  out.reserve(places.size());
  for (const auto place : places) {
    const bool there = place < chunk.features.size() && row < chunk.features[place].numbers.size();
    out.push_back(there ? chunk.features[place].numbers[row]
                        : std::numeric_limits<double>::quiet_NaN());
  }
  return out;
}

}  // namespace

Result<std::shared_ptr<const OutlierModel>> OutlierModel::of(const Profile& profile,
                                                             const std::vector<Field>& fields) {
  std::vector<std::size_t> columns;  // of the profile's rows
  std::vector<std::size_t> places;
  for (std::size_t c = 0; c < profile.row_columns.size(); ++c) {
    const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field& field) {
      return !field.text && field.name == profile.row_columns[c];
    });
    if (found == fields.end()) continue;
    columns.push_back(c);
    places.push_back(static_cast<std::size_t>(found - fields.begin()));
  }
  const auto width = profile.row_columns.size();
  std::vector<double> rows;
  for (std::size_t at = 0; at + width <= profile.row_values.size() && width > 0; at += width) {
    for (const auto c : columns) rows.push_back(profile.row_values[at + c]);
  }
  auto model = stats::Mahalanobis::of(rows, columns.size());
  if (!model) {
    return precondition("the reference of version " + profile.version + " of model '" +
                            profile.model + "' has no numbers to measure these rows against",
                        "give it complete rows of the model's features; a reference that an older "
                        "Slipway stored must be given again");
  }
  return std::shared_ptr<const OutlierModel>(
      new OutlierModel(*std::move(model), std::move(places)));
}

RowScore OutlierModel::score(const std::vector<Value>& row) const {
  std::vector<double> values;
  values.reserve(places_.size());
  for (const auto place : places_) {
    const auto* number = place < row.size() ? std::get_if<double>(&row[place]) : nullptr;
    values.push_back(number == nullptr ? std::numeric_limits<double>::quiet_NaN() : *number);
  }
  return score(values);
}

RowScore OutlierModel::score(const std::vector<double>& at_places) const {
  std::vector<double> values(at_places.size());
  std::transform(at_places.begin(), at_places.end(), values.begin(), single);
  const double distance = model_.distance(values);
  return {distance, model_.p_value(distance)};
}

Result<std::shared_ptr<const OutlierModel>> Monitor::Impl::outliers_of(
    const std::string& model, const std::string& version, const std::vector<Field>& fields) const {
  std::string key = model + '\n' + version;
  for (const auto& field : fields) key += (field.text ? "\n$" : "\n#") + field.name;
  SW_TRY(const auto profile, profile_of(model, version));
  {
    const std::scoped_lock lock(cache_mutex);
    const auto found = outlier_models.find(key);
    if (found != outlier_models.end() && found->second.first == profile) {
      return found->second.second;
    }
  }
  SW_TRY(auto made, OutlierModel::of(*profile, fields));
  const std::scoped_lock lock(cache_mutex);
  if (outlier_models.size() >= kMostModels) outlier_models.erase(outlier_models.begin());
  outlier_models[key] = {profile, made};
  return made;
}

// Of endpoints that ask for it. A version without a reference is passed over.
void Monitor::Impl::count_outliers(const std::vector<Captured>& rows) {
  const std::scoped_lock lock(outlier_mutex);
  for (const auto& row : rows) {
    if (row.schema == nullptr || row.features.empty()) continue;
    const auto watched = settings_of(row.endpoint);
    if (!watched || (*watched)->outlier_share <= 0) continue;
    auto& counts = outlier_counters[{row.endpoint, row.model, row.version}];
    const auto now = clock.monotonic_ns();
    if (counts.model == nullptr || counts.schema != row.schema || now > counts.look_again_ns) {
      auto model = outliers_of(row.model, row.version, row.schema->features);
      counts.model = model ? *std::move(model) : nullptr;
      counts.schema = row.schema;
      counts.look_again_ns = now + kLookAgainNs;
    }
    if (counts.model == nullptr) continue;
    if (counts.scored == nullptr) {
      const meter::Labels labels{
          {"endpoint", row.endpoint}, {"model", row.model}, {"version", row.version}};
      counts.scored = &meters.counter("slipway_monitor_rows_scored_total",
                                      "Rows that were measured against the reference.", labels);
      counts.outliers =
          &meters.counter("slipway_monitor_outlier_rows_total",
                          "Rows as unusual as at most outlier_share of the reference.", labels);
    }
    counts.scored->add();
    if (counts.model->score(row.features).p_value <= (*watched)->outlier_share) {
      counts.outliers->add();
    }
  }
}

// The rows of a window, where the settings want to know.
void Monitor::Impl::measure(const Chunk& chunk, std::size_t from, Window& window) {
  const auto watched = settings_of(chunk.endpoint);
  if (!watched || !(*watched)->max_outlier_share || (*watched)->outlier_share <= 0) return;
  auto& measure = window_measures[{chunk.endpoint, chunk.model, chunk.version}];
  const auto now = clock.monotonic_ns();
  if (measure.schema == nullptr || !(*measure.schema == *chunk.schema) ||
      now > measure.look_again_ns) {
    auto model = outliers_of(chunk.model, chunk.version, chunk.schema->features);
    measure = {chunk.schema, model ? *std::move(model) : nullptr, now + kLookAgainNs};
  }
  if (measure.model == nullptr) return;
  for (std::size_t row = from; row < chunk.rows(); ++row) {
    if (!chunk.errors[row].empty()) continue;
    ++window.measured;
    const auto scored = measure.model->score(values_at(chunk, measure.model->places(), row));
    if (scored.p_value <= (*watched)->outlier_share) ++window.outliers;
  }
}

Result<std::vector<RowScore>> Monitor::outliers(const std::string& model,
                                                const std::string& version,
                                                const std::vector<Field>& fields,
                                                const std::vector<std::vector<Value>>& rows) const {
  SW_TRY(const auto against, impl_->outliers_of(model, version, fields));
  std::vector<RowScore> out;
  out.reserve(rows.size());
  for (const auto& row : rows) out.push_back(against->score(row));
  return out;
}

}  // namespace slipway::monitor
