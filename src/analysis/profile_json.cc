// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "analysis/profile.h"
#include "analysis/values.h"
#include "base/text.h"
#include "json/value.h"

namespace slipway::analysis {
namespace {

json::object of(const std::vector<std::string>& names, const Matrix& matrix) {
  json::object out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    json::object row;
    for (std::size_t k = 0; k < names.size(); ++k) row[names[k]] = number_or_null(matrix[i][k]);
    out[names[i]] = std::move(row);
  }
  return out;
}

json::object of(const ColumnProfile& column) {
  json::object quantiles;
  for (const auto& [share, value] : column.quantiles) quantiles[number_text(share)] = value;
  json::array common;
  for (const auto& [value, count] : column.most_common) {
    common.push_back(json::array{value_of(column.field, value), count});
  }
  const auto at = [&](const std::optional<double>& x) {
    return x ? value_of(column.field, {.number = *x}) : json::value(nullptr);
  };
  const auto maybe = [](const std::optional<double>& x) {
    return x ? number_or_null(*x) : json::value(nullptr);
  };
  return {{"name", column.field.name},
          {"type", stats::name_of(column.type)},
          {"count", column.count},
          {"nulls", column.nulls},
          {"unique", column.unique},
          {"infinite", column.infinite},
          {"min", at(column.min)},
          {"max", at(column.max)},
          {"mean", maybe(column.mean)},
          {"std", maybe(column.std)},
          {"quantiles", std::move(quantiles)},
          {"most_common", std::move(common)}};
}

json::array names(const std::vector<std::string>& list) {
  return json::array(list.begin(), list.end());
}

}  // namespace

std::string profile_json(const Profile& profile) {
  json::array columns;
  for (const auto& column : profile.columns) columns.push_back(of(column));
  json::array pairs;
  for (const auto& [a, b] : profile.duplicate_columns) pairs.push_back(json::array{a, b});
  const auto& together = profile.correlations;
  return json::dump_value(json::object{
      {"rows", profile.rows},
      {"duplicate_rows", profile.duplicate_rows},
      {"missing_cells", profile.missing_cells},
      {"empty_rows", profile.empty_rows},
      {"empty_columns", profile.empty_columns.size()},
      {"constant_columns", profile.constant_columns.size()},
      {"almost_constant_columns", profile.almost_constant_columns.size()},
      {"duplicate_columns", profile.duplicate_columns.size()},
      {"findings", json::object{{"empty_columns", names(profile.empty_columns)},
                                {"constant_columns", names(profile.constant_columns)},
                                {"almost_constant_columns", names(profile.almost_constant_columns)},
                                {"duplicate_columns", std::move(pairs)}}},
      {"columns", std::move(columns)},
      {"correlations", json::object{{"pearson", of(together.numerical, together.pearson)},
                                    {"spearman", of(together.numerical, together.spearman)},
                                    {"cramer_v", of(together.categorical, together.cramer_v)}}},
      {"correlation_rows", together.rows}});
}

}  // namespace slipway::analysis
