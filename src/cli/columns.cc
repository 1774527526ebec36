// SPDX-License-Identifier: Apache-2.0
#include "columns.h"

#include <cmath>

#include "app/config.h"
#include "base/text.h"

namespace slipway::cli {

using drivers::duckdb::Piece;
using drivers::duckdb::Type;

Result<std::unique_ptr<Table>> open_table(const std::string& path) {
  SW_TRY(const auto effective, app::load_config({}));
  return Table::open(path, {.library = effective.config.duckdb});
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
  if (out.present == 0) return out;
  const bool few = out.distinct <= 10 && out.missing == 0;
  using stats::ColumnType;
  switch (field.type) {
    case Type::boolean:
      out.type = ColumnType::categorical;
      break;
    case Type::integer:
      out.type = few ? ColumnType::categorical : ColumnType::numerical;
      break;
    case Type::real:
      out.type = ColumnType::numerical;
      break;
    case Type::time:
      out.type = ColumnType::datetime;
      break;
    case Type::text:
      out.type = out.distinct * 2 > out.present ? ColumnType::text : ColumnType::categorical;
      break;
    case Type::other:
      break;
  }
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

}  // namespace slipway::cli
