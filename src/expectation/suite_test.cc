// SPDX-License-Identifier: Apache-2.0
#include "expectation/suite.h"

#include <gtest/gtest.h>

namespace slipway::expectation {
namespace {

std::string error_of(const std::string& yaml) {
  const auto read = parse_suite(yaml, "s.yaml");
  return read ? "" : read.error().message;
}

Check only_check(const std::string& rule) {
  const auto read = parse_suite("rules:\n  - " + rule + "\n", "s.yaml");
  EXPECT_TRUE(read.ok()) << (read ? "" : read.error().message);
  if (!read || read->checks.size() != 1) return {};
  return read->checks[0];
}

TEST(Suite, reads_every_rule_of_the_guide) {
  const auto read = parse_suite(R"(
name: flights
description: what the airline sends
on_request: pass
rules:
  - rows: {min: 10, max: 1e6}
  - column_count: 4
  - schema: {columns: [a, b], exact: true, ordered: true}
  - unique_together: [a, b]
  - compare: [a, <=, b]
  - {sum: [a, b], equals: c, tolerance: 0.01}
  - {columns: [a, b], not_null: true, mostly: 0.9}
  - columns: all
    nulls: 0.2
  - column: a
    type: [integer, number]
    min: 1
    below: 5
    distinct: {min: 2}
    mean: {min: 1, max: 3}
    quantiles: {0.5: {max: 3}, 0.99: {max: 5}}
    on_request: refuse
  - {column: t, matches: "^[A-Z]+$", not_matches: X, length: {max: 9}, in: [A, B], not_in: [C]}
  - {column: when, newest: 1d12h, min: 2026-01-01, severity: warning}
  - {column: there, required: true}
)",
                                "s.yaml");
  ASSERT_TRUE(read.ok()) << read.error().message;
  std::vector<std::string> labels;
  for (const auto& check : read->checks) labels.push_back(check.label());
  EXPECT_EQ(labels, (std::vector<std::string>{
                        "rows >= 10 and <= 1e+06",
                        "columns = 4",
                        "exactly the columns a, b, in this order",
                        "a, b are unique together",
                        "a <= b",
                        "a + b = c",
                        "a: no value is missing in at least 90 % of the rows",
                        "b: no value is missing in at least 90 % of the rows",
                        "every column: share of missing values <= 0.2",
                        "a: type integer or number",
                        "a: >= 1 and < 5",
                        "a: distinct values >= 2",
                        "a: mean >= 1 and <= 3",
                        "a: quantile 0.5 <= 3",
                        "a: quantile 0.99 <= 5",
                        "t: one of A, B",
                        "t: none of C",
                        "t: matches ^[A-Z]+$",
                        "t: does not match X",
                        "t: length <= 9",
                        "when: >= 2026-01-01T00:00:00.000Z",
                        "when: the newest is at most 129600 s old",
                        "the columns there",
                    }));
  EXPECT_EQ(read->action_of(read->checks[10]), Action::refuse);
  EXPECT_EQ(read->action_of(read->checks[15]), Action::pass);
  EXPECT_EQ(read->checks[20].severity, Severity::warning);
  EXPECT_EQ(read->checks[10].line, 18);
}

TEST(Suite, says_the_line_of_what_is_wrong) {
  EXPECT_EQ(error_of(""), "s.yaml:1: the file is empty");
  EXPECT_EQ(error_of("rules: []"), "s.yaml:1: a suite needs rules: a list of them");
  EXPECT_EQ(error_of("rules:\n - {column: a, mni: 3}"),
            "s.yaml:2: unknown key 'mni' in a rule about columns");
  EXPECT_EQ(error_of("rules:\n - {column: a}"), "s.yaml:2: the rule about 'a' wants nothing of it");
  EXPECT_EQ(error_of("rules:\n - {mostly: 0.5}"),
            "s.yaml:2: the rule does not say what it is about");
  EXPECT_EQ(error_of("rules:\n - {rows: 3, column: a}"),
            "s.yaml:2: a rule is about one thing, this has 'column' and 'rows'");
  EXPECT_EQ(error_of("rules:\n - column: a\n   min: x"), "s.yaml:3: min must be a number, got 'x'");
  EXPECT_EQ(error_of("rules:\n - column: a\n   min: .nan"),
            "s.yaml:3: min must be a number, got '.nan'");
  EXPECT_EQ(error_of("rules:\n - column: a\n   min: 5\n   max: 1"),
            "s.yaml:2: no value is >= 5 and <= 1");
  EXPECT_EQ(error_of("rules:\n - {column: a, above: 5, max: 5}"),
            "s.yaml:2: no value is > 5 and <= 5");
  EXPECT_EQ(error_of("rules:\n - column: a\n   min: 5\n   above: 1"),
            "s.yaml:4: above: this end is given twice");
  EXPECT_EQ(error_of("rules:\n - column: a\n   in: [1, one]"),
            "s.yaml:3: in holds numbers or texts, not both");
  EXPECT_EQ(error_of("rules:\n - column: a\n   in: []"), "s.yaml:3: in is a list of values");
  EXPECT_EQ(error_of("rules:\n - column: a\n   type: float"),
            "s.yaml:3: type: 'float' is not known");
  EXPECT_EQ(error_of("rules:\n - column: a\n   nulls: 3"),
            "s.yaml:3: nulls is a share of the rows, 0 to 1, not 3");
  EXPECT_EQ(error_of("rules:\n - column: a\n   min: 1\n   mostly: 95"),
            "s.yaml:4: mostly is a share above 0 and at most 1, not 95");
  EXPECT_EQ(error_of("rules:\n - {rows: {min: 1}, mostly: 0.5}"),
            "s.yaml:2: nothing in this rule is judged row by row");
  EXPECT_EQ(error_of("rules:\n - {rows: {min: 1}, on_request: refuse}"),
            "s.yaml:2: nothing in this rule can be told from one request");
  EXPECT_EQ(error_of("rules:\n - {compare: [a, ~, b]}"),
            "s.yaml:2: compare must be a short text, got nothing");
  EXPECT_EQ(error_of("rules:\n - {compare: [a, like, b]}"), "s.yaml:2: 'like' is no operator");
  EXPECT_EQ(error_of("rules:\n - {sum: [a, b]}"),
            "s.yaml:2: a sum needs equals: the column that it must be");
  EXPECT_EQ(error_of("rules:\n - {column: a, newest: soon}"), "s.yaml:2: newest is a span of time");
  EXPECT_EQ(error_of("rules:\n - {column: a, quantiles: {2: {max: 3}}}"),
            "s.yaml:2: quantiles: '2' is no share from 0 to 1");
  EXPECT_EQ(error_of("rules:\n - {column: a, unique: false}"),
            "s.yaml:2: unique: false says nothing");
}

TEST(Suite, bounds_hostile_files) {
  EXPECT_EQ(error_of(std::string(2 << 20, '#')), "s.yaml: larger than 1 MiB");
  // Aliases that stand for a billion values.
  std::string bomb = "a: &a [1,1,1,1,1,1,1,1,1]\n";
  for (char c = 'b'; c < 'k'; ++c) {
    const std::string before(1, static_cast<char>(c - 1));
    bomb += std::string(1, c) + ": &" + c;
    bomb += " [";
    for (int i = 0; i < 9; ++i) bomb += (i == 0 ? "*" : ",*") + before;
    bomb += "]\n";
  }
  EXPECT_NE(error_of(bomb).find("values, aliases counted"), std::string::npos);
  std::string deep = "rules: ";
  for (int i = 0; i < 100; ++i) deep += "[";
  EXPECT_NE(error_of(deep).find("more than 64 levels"), std::string::npos);
  // A pattern that would need gigabytes, and what RE2 does not know.
  EXPECT_NE(error_of("rules:\n - {column: a, matches: \"((a{100}){100}){100}\"}").find("s.yaml:2:"),
            std::string::npos);
  EXPECT_NE(error_of("rules:\n - {column: a, matches: \"(?=x)\"}").find("cannot be used"),
            std::string::npos);
  std::string many = "rules:\n";
  for (int i = 0; i < 2100; ++i) many += " - {column: a, min: 1}\n";
  EXPECT_EQ(error_of(many), "s.yaml:2002: more than 2000 checks");
}

TEST(Suite, patterns_match_anywhere_in_linear_time) {
  const auto check = only_check("{column: a, matches: \"(a+)+$\"}");
  ASSERT_NE(check.compiled, nullptr);
  EXPECT_TRUE(found(*check.compiled, "baaa"));
  EXPECT_FALSE(found(*check.compiled, std::string(100'000, 'a') + "!"));
}

TEST(Suite, open_ends_do_not_hold) {
  const auto check = only_check("{column: a, above: 1, max: 2}");
  EXPECT_FALSE(check.bounds.holds(1));
  EXPECT_TRUE(check.bounds.holds(1.0001));
  EXPECT_TRUE(check.bounds.holds(2));
  EXPECT_FALSE(check.bounds.holds(std::numeric_limits<double>::quiet_NaN()));
}

}  // namespace
}  // namespace slipway::expectation
