// SPDX-License-Identifier: Apache-2.0
// A profile with the names of whylogs' summaries, for tools that read those.
#include <array>
#include <utility>

#include "analysis/profile.h"
#include "analysis/values.h"

namespace slipway::analysis {
namespace {

using drivers::duckdb::Type;

constexpr std::array<std::pair<double, const char*>, 9> kQuantiles{{{0.01, "q_01"},
                                                                    {0.05, "q_05"},
                                                                    {0.10, "q_10"},
                                                                    {0.25, "q_25"},
                                                                    {0.50, "median"},
                                                                    {0.75, "q_75"},
                                                                    {0.90, "q_90"},
                                                                    {0.95, "q_95"},
                                                                    {0.99, "q_99"}}};

json::value maybe(const std::optional<double>& x) {
  return x ? number_or_null(*x) : json::value(nullptr);
}

const char* type_word(Type type) {
  switch (type) {
    case Type::boolean:
      return "types/boolean";
    case Type::integer:
      return "types/integral";
    case Type::real:
      return "types/fractional";
    case Type::text:
      return "types/string";
    case Type::time:
    case Type::other:
      break;
  }
  return "types/object";
}

void add_distribution(const ColumnProfile& column, json::object& out) {
  const bool number = column.field.type == Type::integer || column.field.type == Type::real;
  if (!number) return;
  out["distribution/n"] = column.count - column.infinite;
  out["distribution/mean"] = maybe(column.mean);
  out["distribution/stddev"] = maybe(column.std);
  out["distribution/min"] = maybe(column.min);
  out["distribution/max"] = maybe(column.max);
  for (const auto& [share, name] : kQuantiles) {
    json::value found = nullptr;
    for (const auto& [at, value] : column.quantiles) {
      if (at == share) found = number_or_null(value);
    }
    out["distribution/" + std::string(name)] = std::move(found);
  }
}

json::object column_json(const ColumnProfile& column) {
  json::object out{
      {"counts/n", column.count + column.nulls}, {"counts/null", column.nulls},
      {"counts/inf", column.infinite},           {"cardinality/est", column.unique},
      {"cardinality/lower_1", column.unique},    {"cardinality/upper_1", column.unique}};
  for (const auto* word :
       {"types/boolean", "types/integral", "types/fractional", "types/string", "types/object"}) {
    out[word] = word == std::string_view(type_word(column.field.type)) ? column.count : 0;
  }
  add_distribution(column, out);
  json::array frequent;
  for (const auto& [value, count] : column.most_common) {
    frequent.push_back(json::object{{"value", value_of(column.field, value)},
                                    {"est", count},
                                    {"upper", count},
                                    {"lower", count}});
  }
  out["frequent_items/frequent_strings"] = std::move(frequent);
  return out;
}

}  // namespace

std::string whylogs_json(const Profile& profile, const std::string& file, Timestamp now) {
  json::object columns;
  for (const auto& column : profile.columns) columns[column.field.name] = column_json(column);
  return json::dump_value(json::object{{"metadata", json::object{{"dataset_timestamp", now.ms},
                                                                 {"creation_timestamp", now.ms},
                                                                 {"source", file},
                                                                 {"rows", profile.rows}}},
                                       {"columns", std::move(columns)}});
}

}  // namespace slipway::analysis
