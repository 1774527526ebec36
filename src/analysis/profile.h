// SPDX-License-Identifier: Apache-2.0
// What a table looks like: its columns, its defects, and how columns go together.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analysis/columns.h"
#include "analysis/correlations.h"
#include "base/clock.h"
#include "base/result.h"
#include "stats/drift.h"

namespace slipway::analysis {

// A value of a column: `text` when its field is one of texts, else `number` (0 and 1 of a boolean,
// milliseconds since 1970 UTC of a time).
struct Value {
  double number = 0;
  std::string text;
};

// Equal bins between `low` and `high`; what lies outside (at most 1 % on each side) is in the bins
// at the ends. Empty for texts and when there is nothing to draw.
struct Histogram {
  double low = 0;
  double high = 0;
  std::vector<std::int64_t> counts;
};

// Moments and quantiles are of the finite values of numbers; times have `min` and `max` only.
struct ColumnProfile {
  Field field;
  stats::ColumnType type = stats::ColumnType::unknown;
  std::int64_t count = 0;  // values that are there, infinite ones too
  std::int64_t nulls = 0;  // nulls and NaN
  std::int64_t infinite = 0;
  std::int64_t unique = 0;  // distinct values among `count`
  std::optional<double> min;
  std::optional<double> max;
  std::optional<double> mean;
  std::optional<double> std;                                // ddof 1
  std::vector<std::pair<double, double>> quantiles;         // share, value (numpy's "linear")
  std::vector<std::pair<Value, std::int64_t>> most_common;  // at most ten, most frequent first
  Histogram histogram;
};

struct Profile {
  std::int64_t rows = 0;
  std::int64_t duplicate_rows = 0;  // rows equal to an earlier one
  std::int64_t missing_cells = 0;
  std::int64_t empty_rows = 0;
  std::vector<std::string> empty_columns;            // no value
  std::vector<std::string> constant_columns;         // at most one distinct value
  std::vector<std::string> almost_constant_columns;  // one value in at least 95 % of the rows
  std::vector<std::pair<std::string, std::string>> duplicate_columns;  // equal in every row
  std::vector<ColumnProfile> columns;
  Correlations correlations;
};

// Called after each part of the work with parts done and parts in all.
using Advance = std::function<void(std::size_t done, std::size_t all)>;

// Memory does not grow with the rows (DuckDB spills), except for the correlations' bounded sample.
Result<Profile> profile_of(const Table& table, const Advance& advance);

// The document of `slipway profile --json`. What is unknown is null.
std::string profile_json(const Profile& profile);
// The same numbers under the names of whylogs' summaries; exact ones, so bounds are equal. The
// quantiles that a profile lacks are null.
std::string whylogs_json(const Profile& profile, const std::string& file, Timestamp now);

}  // namespace slipway::analysis
