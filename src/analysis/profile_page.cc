// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "analysis/page.h"
#include "page_parts.h"

namespace slipway::analysis {
namespace {

constexpr std::size_t kMostMatrix = 40;
constexpr std::size_t kMostTwins = 20;  // pairs of equal columns that are named

json::object of(const ColumnProfile& column) {
  const auto& field = column.field;
  const auto text = [&](const std::optional<double>& x) {
    return x ? json::value(short_text(field, {.number = *x})) : json::value(nullptr);
  };
  const auto edge = [&](double x) {
    auto shown = field;
    if (shown.type == drivers::duckdb::Type::integer) shown.type = drivers::duckdb::Type::real;
    return json::value(short_text(shown, {.number = x}));
  };
  json::array common;
  for (const auto& [value, count] : column.most_common) {
    common.push_back(json::array{short_text(field, value), count});
  }
  json::array quantiles;
  for (const auto& [share, value] : column.quantiles) quantiles.push_back(short_number(value));
  json::array bins;
  for (const auto count : column.histogram.counts) bins.push_back(count);
  return {{"name", clipped(field.name, kMostName)},
          {"type", stats::name_of(column.type)},
          {"count", column.count},
          {"nulls", column.nulls},
          {"unique", column.unique},
          {"infinite", column.infinite},
          {"min", text(column.min)},
          {"max", text(column.max)},
          {"mean", column.mean ? short_number(*column.mean) : json::value(nullptr)},
          {"std", column.std ? short_number(*column.std) : json::value(nullptr)},
          {"quantiles", std::move(quantiles)},
          {"low", edge(column.histogram.low)},
          {"high", edge(column.histogram.high)},
          {"bins", std::move(bins)},
          {"common", std::move(common)}};
}

// What a reader must know first: nothing in it, one value in it, holes, infinities.
double badness(const ColumnProfile& column) {
  const auto rows = static_cast<double>(std::max<std::int64_t>(column.count + column.nulls, 1));
  if (column.count == 0) return 4;
  if (column.unique <= 1) return 3;
  if (column.infinite > 0) return 2 + static_cast<double>(column.infinite) / rows;
  return static_cast<double>(column.nulls) / rows;
}

json::value part_of(const std::vector<std::string>& names, const Matrix& matrix) {
  auto shown = names;
  auto cut = matrix;
  if (shown.size() > kMostMatrix) {
    shown.resize(kMostMatrix);
    cut.resize(kMostMatrix);
    for (auto& row : cut) row.resize(kMostMatrix);
  }
  return json::object{{"names", labels(shown)}, {"values", rounded(cut)}};
}

}  // namespace

std::string profile_page(const Profile& profile, const std::string& file) {
  std::vector<const ColumnProfile*> sorted;
  for (const auto& column : profile.columns) sorted.push_back(&column);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto* a, const auto* b) { return badness(*a) > badness(*b); });
  json::array columns;
  Room room;
  for (std::size_t i = 0; i < std::min(sorted.size(), kMostDrawn); ++i) {
    json::value column = of(*sorted[i]);
    if (!room.take(column)) break;
    columns.push_back(std::move(column));
  }
  json::array twins;
  for (const auto& [a, b] : profile.duplicate_columns) {
    json::value pair = labels({a, b});
    if (twins.size() == kMostTwins || !room.take(pair)) break;
    twins.push_back(std::move(pair));
  }
  const auto& together = profile.correlations;
  return page_of("profile", "Profile of " + file,
                 {{"file", clipped(file, kMostName)},
                  {"rows", profile.rows},
                  {"all_columns", profile.columns.size()},
                  {"duplicate_rows", profile.duplicate_rows},
                  {"missing_cells", profile.missing_cells},
                  {"empty_rows", profile.empty_rows},
                  {"empty_columns", profile.empty_columns.size()},
                  {"constant_columns", profile.constant_columns.size()},
                  {"almost_constant_columns", profile.almost_constant_columns.size()},
                  {"duplicate_columns", profile.duplicate_columns.size()},
                  {"twins", std::move(twins)},
                  {"columns", std::move(columns)},
                  {"correlation_rows", together.rows},
                  {"pearson", part_of(together.numerical, together.pearson)},
                  {"spearman", part_of(together.numerical, together.spearman)},
                  {"cramer_v", part_of(together.categorical, together.cramer_v)}});
}

}  // namespace slipway::analysis
