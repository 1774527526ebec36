// SPDX-License-Identifier: Apache-2.0
// A table against a suite of expectations, and a suite that a table would pass.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analysis/columns.h"
#include "analysis/profile.h"
#include "base/clock.h"
#include "base/result.h"
#include "expectation/suite.h"

namespace slipway::analysis {

struct Finding {
  std::string label;
  std::string column;  // empty: of the table, or of several
  expectation::Kind kind = expectation::Kind::rows;
  expectation::Severity severity = expectation::Severity::error;
  int line = 0;
  bool passed = true;
  bool skipped = false;  // an optional column that is not there
  double mostly = 1;
  std::int64_t judged = 0;         // rows, of checks row by row
  std::int64_t unexpected = 0;     // of those
  std::optional<double> observed;  // of the others: the number that was judged
  std::string detail;              // why it failed, when the numbers do not say
  std::vector<std::pair<std::int64_t, std::string>> examples;  // row, from 1, and its value
};

struct CheckReport {
  std::string suite;
  std::int64_t rows = 0;
  bool passed = true;  // warnings aside
  std::vector<Finding> findings;
};

// One pass or two over each column that the suite names. A check that cannot be judged (a column
// that is gone, a mean of texts) fails and says why; it never ends the report. A table without rows
// fails unless the suite says how many rows there may be.
Result<CheckReport> check_table(const Table& table, const expectation::Suite& suite, Timestamp now,
                                const Advance& advance);

// The document of `slipway check --json`, and lines for people: failed checks, then the sum.
std::string check_json(const CheckReport& report, const std::string& file);
std::string check_page(const CheckReport& report, const std::string& file);  // of `--html`
std::string summary_of(const CheckReport& report);
std::string found_of(const Finding& finding);

// YAML of a suite that the table passes: types, missing values, ranges, sets, patterns, how new
// times are at `now`, and which of two columns is never the larger, with a margin.
Result<std::string> suggest_suite(const Table& table, const Profile& profile,
                                  const std::string& name, Timestamp now);

}  // namespace slipway::analysis
