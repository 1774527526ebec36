// SPDX-License-Identifier: Apache-2.0
#include "analysis/columns.h"

#include <cmath>

#include "base/text.h"

namespace slipway::analysis {

using drivers::duckdb::Piece;
using drivers::duckdb::Type;

stats::ColumnType type_of(const Field& field, const ColumnFacts& facts) {
  using stats::ColumnType;
  if (facts.present == 0) return ColumnType::unknown;
  switch (field.type) {
    case Type::boolean:
      return ColumnType::categorical;
    case Type::integer: {
      const bool few = facts.distinct <= 10 && facts.missing == 0;
      return few ? ColumnType::categorical : ColumnType::numerical;
    }
    case Type::real:
      return ColumnType::numerical;
    case Type::time:
      return ColumnType::datetime;
    case Type::text:
      return facts.distinct * 2 > facts.present ? ColumnType::text : ColumnType::categorical;
    case Type::other:
      break;
  }
  return ColumnType::unknown;
}

Result<ColumnFacts> facts_of(const Table& table, const Field& field) {
  const bool real = field.type == Type::real;
  auto name = Table::quoted(field.name);
  if (real) name = "CAST(" + name + " AS DOUBLE)";
  const auto there = name + " IS NOT NULL" + (real ? " AND isfinite(" + name + ")" : "");
  const std::string infinite = real ? "count(*) FILTER (isinf(" + name + "))" : "0";
  SW_TRY(const auto counted,
         table.numbers("count(*) FILTER (" + there + "), " + infinite + ", count(DISTINCT " + name +
                       ") FILTER (" + there + ")"));
  ColumnFacts out;
  out.present = static_cast<std::int64_t>(counted[0]);
  out.infinite = static_cast<std::int64_t>(counted[1]);
  out.distinct = static_cast<std::int64_t>(counted[2]);
  out.missing = table.rows() - out.present - out.infinite;
  out.type = type_of(field, out);
  return out;
}

Result<stats::Sample> sample_of(const Table& table, const Field& field, const ColumnFacts& facts,
                                stats::ColumnType type) {
  const bool text = field.is_text();
  if (text && type == stats::ColumnType::numerical) type = stats::ColumnType::categorical;
  stats::Sample out{.type = type, .nulls = facts.missing, .infinite = facts.infinite};
  using stats::ColumnType;
  if (type != ColumnType::numerical && type != ColumnType::categorical) {
    // Only counted: such a column is not tested.
    if (facts.present > 0) out.counts[""] = facts.present;
    return out;
  }
  if (type == ColumnType::numerical) out.values.reserve(static_cast<std::size_t>(facts.present));
  SW_CHECK_OK(table.groups(field.name, [&](const Piece& values, const auto& counts) {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (!text && std::isinf(values.numbers[i])) continue;
      if (type == ColumnType::numerical) {
        out.values.insert(out.values.end(), static_cast<std::size_t>(counts[i]), values.numbers[i]);
      } else {
        out.counts[text ? values.texts[i] : number_text(values.numbers[i])] +=
            static_cast<std::int64_t>(counts[i]);
      }
    }
    return Result<void>{};
  }));
  return out;
}

}  // namespace slipway::analysis
