// SPDX-License-Identifier: Apache-2.0
#include "expectation/rows.h"

#include <cmath>

#include <gtest/gtest.h>

namespace slipway::expectation {
namespace {

using Words = std::vector<std::string>;

Words broken_by(const std::string& rules, const Words& columns, const std::vector<Value>& row) {
  auto suite = parse_suite("rules:\n" + rules, "s.yaml");
  EXPECT_TRUE(suite.ok()) << (suite ? "" : suite.error().message);
  if (!suite) return {};
  const RowChecks checks(std::make_shared<const Suite>(*std::move(suite)), columns);
  Words out;
  checks.look(row, [&](const Check& check, const std::string& found) {
    out.push_back(check.label() + ": " + found);
  });
  return out;
}

TEST(RowChecks, names_what_a_row_breaks) {
  const std::string rules = R"(
  - {column: age, type: integer, min: 0, max: 120}
  - {column: city, in: [NYC, Köln], length: {max: 4}, matches: "^[A-Z]"}
  - {compare: [start, <, end]}
)";
  const Words columns{"age", "city", "start", "end"};
  EXPECT_EQ(broken_by(rules, columns, {33.0, "Köln", 1.0, 2.0}), Words{});
  EXPECT_EQ(broken_by(rules, columns, {-2.5, "paris", 2.0, 2.0}),
            (Words{"age: type integer: -2.5", "age: >= 0 and <= 120: -2.5",
                   "city: one of NYC, Köln: 'paris'", "city: matches ^[A-Z]: 'paris'",
                   "city: length <= 4: 'paris'", "start < end: 2 and 2"}));
}

TEST(RowChecks, a_missing_value_breaks_not_null_only) {
  const std::string rules = " - {column: x, not_null: true, min: 0}\n - {column: y, min: 0}\n";
  EXPECT_EQ(broken_by(rules, {"x", "y"}, {NAN, NAN}),
            Words{"x: no value is missing: it is missing"});
}

TEST(RowChecks, leave_out_columns_that_requests_lack) {
  EXPECT_EQ(broken_by(" - {column: label, in: [0, 1]}\n - rows: {min: 5}\n", {"x"}, {7.0}),
            Words{});
}

TEST(RowChecks, judge_every_column_when_all_are_meant) {
  EXPECT_EQ(broken_by(" - {columns: all, not_null: true}\n", {"x", "y"}, {1.0, NAN}),
            Words{"every column: no value is missing: it is missing"});
}

TEST(RowChecks, compare_in_single_precision) {
  const double live = static_cast<double>(0.1F);
  ASSERT_GT(live, 0.1);
  EXPECT_EQ(broken_by(" - {column: x, max: 0.1, in: [0.1]}\n", {"x"}, {live}), Words{});
  EXPECT_EQ(broken_by(" - {column: x, max: 0.1}\n", {"x"}, {0.1001}), Words{"x: <= 0.1: 0.1001"});
}

TEST(RowChecks, infinities_lie_outside_of_every_range) {
  EXPECT_EQ(broken_by(" - {column: x, min: 0, max: 9}\n", {"x"}, {INFINITY}),
            Words{"x: >= 0 and <= 9: Infinity"});
}

TEST(RowChecks, sums_allow_for_rounding) {
  const std::string rules = " - {sum: [net, tax], equals: gross}\n";
  const Words columns{"net", "tax", "gross"};
  EXPECT_EQ(broken_by(rules, columns, {100.0, 19.0, static_cast<double>(119.00001F)}), Words{});
  EXPECT_EQ(broken_by(rules, columns, {100.0, 19.0, 120.0}),
            Words{"net + tax = gross: 119 and 120"});
}

TEST(RowChecks, a_text_is_no_number) {
  EXPECT_EQ(broken_by(" - {column: x, min: 0}\n", {"x"}, {"five"}), Words{"x: >= 0: 'five'"});
  EXPECT_EQ(broken_by(" - {column: x, type: text}\n", {"x"}, {5.0}), Words{"x: type text: 5"});
}

}  // namespace
}  // namespace slipway::expectation
