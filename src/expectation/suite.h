// SPDX-License-Identifier: Apache-2.0
// What rows of data should be like, as a file that people review: a suite of rules.
//
// The format is described in docs/guides/expectations.md. Unknown keys, rules without a check and
// limits that make no sense are refused with their line; patterns are RE2's, which take time in
// proportion to the text.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace slipway::expectation {

enum class Kind {
  // of the table
  rows,          // number of rows
  columns,       // their names
  column_count,  //
  // of several columns, row by row
  unique_together,  // no two rows have the same values
  compare,          // one column against another
  sum,              // several columns add up to another
  // of a column
  type,
  // of a column, row by row: these hold for single requests too
  not_null,
  range,
  in,
  not_in,
  matches,
  not_matches,
  length,
  // of a column, row by row, but only a table tells
  unique,
  // of a column as a whole
  nulls,     // share of missing values
  distinct,  // number of distinct values
  mean,
  std,
  median,
  total,
  quantile,
  newest,  // age of the newest time, in seconds
};

enum class Action { pass, flag, refuse };  // of a request that breaks the rule
enum class Severity { error, warning };    // a warning fails nothing
std::string_view name_of(Action action);
std::string_view name_of(Kind kind);

// Both ends belong to it unless they are said to be open.
struct Bounds {
  std::optional<double> min;
  std::optional<double> max;
  bool min_open = false;
  bool max_open = false;
  bool times = false;  // milliseconds since 1970 UTC
  bool holds(double x) const;
  std::string text() const;  // ">= 1 and < 5"
};

// true and false are 1 and 0.
using Scalar = std::variant<double, std::string>;

// A compiled regular expression; matches anywhere in the text unless it says ^ and $.
class Pattern;
bool found(const Pattern& pattern, std::string_view text);

struct Check {
  Kind kind = Kind::rows;
  int line = 0;
  std::string column;    // of checks of a column; "*": of every column
  bool required = true;  // the column must be there; otherwise nothing is checked without it
  std::vector<std::string> columns;  // columns, unique_together; compare: both; sum: parts, total
  Bounds bounds;
  std::vector<Scalar> values;  // in, not_in
  std::string pattern;
  std::shared_ptr<const Pattern> compiled;
  std::vector<std::string> types;  // boolean, integer, number, text, time
  std::string op;                  // compare: < <= = != >= >
  double tolerance = 0;            // sum
  double at = 0;                   // quantile
  bool exact = false;              // columns: no others
  bool ordered = false;            // columns: in this order
  double mostly = 1;               // share of the judged rows that must hold
  Severity severity = Severity::error;
  std::optional<Action> on_request;  // nothing: the suite's

  bool of_rows() const;      // row by row, `mostly` counts
  bool of_requests() const;  // can be told from one row
  // "distance: >= 1 and <= 5000"
  std::string label() const;
};

struct Suite {
  std::string name;
  std::string description;
  Action on_request = Action::flag;
  std::vector<Check> checks;
  std::string text;  // as it was written

  Action action_of(const Check& check) const { return check.on_request.value_or(on_request); }
};

// `file` stands in messages: "suite.yaml:3: ..". At most 1 MiB, 2,000 checks, 10,000 values a list.
Result<Suite> parse_suite(std::string_view yaml, const std::string& file);

}  // namespace slipway::expectation
