// SPDX-License-Identifier: Apache-2.0
// A filter over traces, taken apart: what the database decides, and what is decided here because it
// needs a regular expression or the bodies of spans.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <re2/re2.h>

#include "base/result.h"
#include "domain/filter.h"
#include "grams.h"
#include "like.h"
#include "store/database.h"

namespace slipway::tracing {

// SQL with its parameters in order of appearance.
struct Sql {
  std::string text;
  store::Cells cells;
  Sql& operator+=(std::string_view more) { return text += more, *this; }
  Sql& operator+=(const Sql& more) {
    text += more.text;
    cells.insert(cells.end(), more.cells.begin(), more.cells.end());
    return *this;
  }
};

// One comparison with a span's name, type, status or body.
struct SpanTest {
  std::string key;
  Filter::Op op = Filter::Op::eq;
  std::vector<std::string> values;
  std::shared_ptr<const Like> like;
  std::shared_ptr<const RE2> pattern;
  bool matches(std::string_view text) const;
};

// Must hold for one and the same span.
struct SpanGroup {
  std::vector<SpanTest> tests;
  std::shared_ptr<const GramQuery> grams;  // of the bodies that may match
};

// What is left to be decided for a row.
struct Rest {
  enum class Kind { all_of, any_of, none_of, flag, pattern, spans };
  Kind kind = Kind::all_of;
  std::vector<Rest> parts;
  std::size_t column = 0;              // flag, pattern: which of the extra columns
  std::shared_ptr<const RE2> pattern;  // pattern: the column's text matches it
  std::size_t group = 0;               // spans: which of the groups
};

struct Conditions {
  Sql where;                 // on "traces t"; never empty
  std::vector<Sql> columns;  // extra ones that `rest` looks at
  std::vector<SpanGroup> groups;
  Rest rest;
  bool all_in_sql() const { return rest.parts.empty(); }
};

// Asks the database for the values that a regular expression over assessments selects from.
Result<Conditions> conditions_of(store::Connection& db, const Filter& filter);

// An expression of a trace: its column, tag or metadata. A field that is not there is
// invalid_argument.
Result<Sql> expression_of(std::string_view entity, std::string_view key);
bool is_number(std::string_view entity, std::string_view key);

// `expression` compared; LIKE in either case, IN, IS NULL; no regular expressions.
Result<Sql> compare(store::Dialect dialect, const Sql& expression, bool number, const Filter& leaf);

Result<std::shared_ptr<const RE2>> pattern_of(const Filter& leaf);

}  // namespace slipway::tracing
