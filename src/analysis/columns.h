// SPDX-License-Identifier: Apache-2.0
// Columns of files as the analysis commands see them: types of the field and samples of values.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "drivers/duckdb/table.h"
#include "stats/drift.h"

namespace slipway::analysis {

using drivers::duckdb::Field;
using drivers::duckdb::Table;

struct ColumnFacts {
  stats::ColumnType type = stats::ColumnType::unknown;
  std::int64_t present = 0;  // neither missing nor infinite
  std::int64_t missing = 0;  // nulls and NaN
  std::int64_t infinite = 0;
  std::int64_t distinct = 0;  // of those present
};

// Type by Evidently's rules, of the values that are there: real numbers and integers with missing
// ones are numerical; other integers are categorical with at most 10 distinct values; booleans are
// categorical; texts too, unless over half of them are distinct (text); times are datetime; a
// column without values, or of nested ones, is unknown.
stats::ColumnType type_of(const Field& field, const ColumnFacts& facts);

// One pass over the column; `type` is type_of().
Result<ColumnFacts> facts_of(const Table& table, const Field& field);

// The column seen as `type`: ascending values of a numerical one (8 bytes a row), counts of any
// other. A text column cannot be numerical; its sample is categorical then.
Result<stats::Sample> sample_of(const Table& table, const Field& field, const ColumnFacts& facts,
                                stats::ColumnType type);

}  // namespace slipway::analysis
