// SPDX-License-Identifier: Apache-2.0
// Checks in words.
#include "base/text.h"
#include "expectation/suite.h"

namespace slipway::expectation {
namespace {

std::string joined(const std::vector<std::string>& words, const char* between) {
  constexpr std::size_t kShown = 8;
  std::string out;
  for (std::size_t i = 0; i < words.size() && i < kShown; ++i) {
    out += (i == 0 ? "" : between) + words[i];
  }
  return words.size() > kShown ? out + between + ".." : out;
}

std::string list_of(const std::vector<Scalar>& values) {
  std::vector<std::string> words;
  for (const auto& value : values) {
    const auto* number = std::get_if<double>(&value);
    words.push_back(number != nullptr ? number_text(*number) : std::get<std::string>(value));
    if (words.size() > 8) break;
  }
  return joined(words, ", ");
}

std::string wanted(const Check& c) {
  switch (c.kind) {
    case Kind::rows:
      return "rows " + c.bounds.text();
    case Kind::column_count:
      return "columns " + c.bounds.text();
    case Kind::columns:
      return std::string(c.exact ? "exactly " : "") + "the columns " + joined(c.columns, ", ") +
             (c.ordered ? ", in this order" : "");
    case Kind::unique_together:
      return joined(c.columns, ", ") + " are unique together";
    case Kind::compare:
      return c.columns[0] + " " + c.op + " " + c.columns[1];
    case Kind::sum: {
      const std::vector<std::string> parts(c.columns.begin(), c.columns.end() - 1);
      return joined(parts, " + ") + " = " + c.columns.back();
    }
    case Kind::type:
      return "type " + joined(c.types, " or ");
    case Kind::not_null:
      return "no value is missing";
    case Kind::range:
      return c.bounds.text();
    case Kind::in:
      return "one of " + list_of(c.values);
    case Kind::not_in:
      return "none of " + list_of(c.values);
    case Kind::matches:
      return "matches " + c.pattern;
    case Kind::not_matches:
      return "does not match " + c.pattern;
    case Kind::length:
      return "length " + c.bounds.text();
    case Kind::unique:
      return "values are unique";
    case Kind::nulls:
      return "share of missing values " + c.bounds.text();
    case Kind::distinct:
      return "distinct values " + c.bounds.text();
    case Kind::mean:
    case Kind::std:
    case Kind::median:
    case Kind::total:
      return std::string(name_of(c.kind)) + " " + c.bounds.text();
    case Kind::quantile:
      return "quantile " + number_text(c.at) + " " + c.bounds.text();
    case Kind::newest:
      return "the newest is at most " + number_text(*c.bounds.max) + " s old";
  }
  return {};
}

std::string limit_text(double x, bool time) {
  return time ? to_rfc3339({static_cast<std::int64_t>(x)}) : number_text(x);
}

}  // namespace

std::string_view name_of(Action action) {
  switch (action) {
    case Action::pass:
      return "pass";
    case Action::flag:
      return "flag";
    case Action::refuse:
      return "refuse";
  }
  return "flag";
}

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::rows:
      return "rows";
    case Kind::columns:
      return "schema";
    case Kind::column_count:
      return "column_count";
    case Kind::unique_together:
      return "unique_together";
    case Kind::compare:
      return "compare";
    case Kind::sum:
      return "sum";
    case Kind::type:
      return "type";
    case Kind::not_null:
      return "not_null";
    case Kind::range:
      return "range";
    case Kind::in:
      return "in";
    case Kind::not_in:
      return "not_in";
    case Kind::matches:
      return "matches";
    case Kind::not_matches:
      return "not_matches";
    case Kind::length:
      return "length";
    case Kind::unique:
      return "unique";
    case Kind::nulls:
      return "nulls";
    case Kind::distinct:
      return "distinct";
    case Kind::mean:
      return "mean";
    case Kind::std:
      return "std";
    case Kind::median:
      return "median";
    case Kind::total:
      return "total";
    case Kind::quantile:
      return "quantiles";
    case Kind::newest:
      return "newest";
  }
  return "rows";
}

std::string Bounds::text() const {
  if (min && max && *min == *max && !min_open && !max_open) return "= " + limit_text(*min, times);
  std::string out;
  if (min) out = (min_open ? "> " : ">= ") + limit_text(*min, times);
  if (min && max) out += " and ";
  if (max) out += (max_open ? "< " : "<= ") + limit_text(*max, times);
  return out;
}

std::string Check::label() const {
  std::string out = column == "*" ? "every column: " : column.empty() ? "" : column + ": ";
  out += wanted(*this);
  if (mostly < 1) out += " in at least " + number_text(mostly * 100) + " % of the rows";
  return out;
}

}  // namespace slipway::expectation
