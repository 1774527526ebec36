// SPDX-License-Identifier: Apache-2.0
// Which columns of one table have changed against another.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "analysis/columns.h"
#include "analysis/multivariate.h"
#include "analysis/profile.h"
#include "base/result.h"
#include "stats/drift.h"
#include "stats/segments.h"

namespace slipway::analysis {

struct DriftOptions {
  stats::Method method = stats::Method::automatic;  // for the columns that it applies to
  std::map<std::string, stats::Method> column_methods;
  std::optional<double> threshold;  // empty: each method's own
  double drift_share = 0.5;         // of drifted columns that makes the data drift
  stats::Correction correction = stats::Correction::none;
  double min_effect = 0;  // a test's smaller difference is no drift
  bool multivariate = false;
  bool segments = false;  // look for the part of the rows in which a column has changed
  bool pictures = false;  // keep what a page draws: histograms and most common values
};

// Both sides in the same bins, or their shares of the same values.
struct Picture {
  double low = 0;
  double high = 0;
  std::vector<double> reference;  // shares of the values that are there
  std::vector<double> current;
  std::vector<std::string> labels;  // of categories; empty for bins
};

struct DriftedColumn {
  std::string name;
  stats::ColumnType type = stats::ColumnType::unknown;
  bool absent = false;  // on one side
  stats::ColumnDrift drift;
  double reference_nulls = 0;  // shares of the rows
  double current_nulls = 0;
  Picture picture;
  std::vector<std::string> findings;  // missing, new and out-of-range values, another type
};

struct DriftReport {
  std::int64_t reference_rows = 0;
  std::int64_t current_rows = 0;
  std::vector<DriftedColumn> columns;  // in the order of the reference, then what it lacks
  std::size_t tested = 0;
  std::size_t drifted_columns = 0;
  double share = 0;  // of drifted among tested columns
  bool drifted = false;
  std::vector<std::string> findings;  // columns that came or went
  std::optional<Multivariate> multivariate;
  std::vector<stats::Segment> segments;
};

Result<DriftReport> drift_of(const Table& reference, const Table& current,
                             const DriftOptions& options, const Advance& advance);

// The document of `slipway drift --json`. What is unknown is null.
std::string drift_json(const DriftReport& report);

}  // namespace slipway::analysis
