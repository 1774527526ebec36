// SPDX-License-Identifier: Apache-2.0
#include "domain/clauses.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

using Op = Filter::Op;

// Each clause as a comparison, in the order of the text.
struct Clauses {
  std::vector<Clause> list;
  Result<Filter> parsed = Filter{};

  explicit Clauses(std::string_view text) {
    parsed = parse_filter(text, [this](Clause clause) -> Result<Filter> {
      Filter out;
      out.kind = Filter::Kind::compare;
      out.key = clause.key;
      list.push_back(std::move(clause));
      return out;
    });
  }
  explicit operator bool() const { return parsed.ok(); }
  std::vector<Clause>* operator->() { return &list; }
  std::vector<Clause>& operator*() { return list; }
};

Clauses parse_clauses(std::string_view text) {
  return Clauses(text);
}

std::string error_of(std::string_view text) {
  const auto result = parse_clauses(text).parsed;
  return result ? "no error" : result.error().message;
}

TEST(Clauses, AClauseHasAnEntityAKeyAComparatorAndAValue) {
  auto out = parse_clauses("metrics.loss < 0.25 and params.lr = '0.1' AND status != \"x\"");

  ASSERT_TRUE(out);
  ASSERT_EQ(out->size(), 3u);
  EXPECT_EQ((*out)[0].entity, "metrics");
  EXPECT_EQ((*out)[0].key, "loss");
  EXPECT_EQ((*out)[0].op, Op::lt);
  EXPECT_EQ(std::get<double>((*out)[0].value), 0.25);
  EXPECT_EQ(std::get<std::string>((*out)[1].value), "0.1");
  EXPECT_EQ((*out)[2].entity, "");
  EXPECT_EQ((*out)[2].key, "status");
}

TEST(Clauses, KeysWithOtherCharactersAreQuoted) {
  auto out = parse_clauses(
      "params.`a b.c` LIKE 'x%' AND tags.\"mlflow.source\" = 'y'"
      " AND tags.mlflow.user = 'z' AND `metrics`.`m` > -1e3");

  ASSERT_TRUE(out);
  EXPECT_EQ((*out)[0].key, "a b.c");
  EXPECT_EQ((*out)[1].key, "mlflow.source");
  EXPECT_EQ((*out)[2].key, "mlflow.user");
  EXPECT_EQ((*out)[3].entity, "metrics");
  EXPECT_EQ(std::get<double>((*out)[3].value), -1000);
}

TEST(Clauses, KeywordsComeInAnyCase) {
  auto out = parse_clauses("run_id not in ('a', 'b') And tags.x is not null aNd y ilike 'Z'");

  ASSERT_TRUE(out);
  EXPECT_EQ((*out)[0].op, Op::not_in);
  EXPECT_EQ(std::get<std::vector<std::string>>((*out)[0].value),
            (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ((*out)[1].op, Op::is_not_null);
  EXPECT_EQ((*out)[2].op, Op::ilike);
}

TEST(Clauses, AnEmptyFilterIsAllAndATrailingAndIsAccepted) {
  EXPECT_TRUE(parse_clauses(""));
  EXPECT_TRUE(parse_clauses("")->empty());
  EXPECT_EQ(parse_clauses("a = 1 AND ")->size(), 1u);
  EXPECT_NE(error_of("  "), "no error");
}

TEST(Clauses, WhatIsNoFilterIsRefusedAtItsPlace) {
  EXPECT_EQ(error_of("a ="), "invalid filter: expected a number or a quoted text at its end");
  EXPECT_EQ(error_of("a = 1 b = 2"), "invalid filter: expected AND or OR at 'b = 2'");
  EXPECT_EQ(error_of("a = 1 OR "), "invalid filter: expected an identifier at its end");
  EXPECT_EQ(error_of("(a = 1 AND )"), "invalid filter: expected an identifier at ')'");
  EXPECT_EQ(error_of("AND"), "invalid filter: expected a comparator at its end");
  EXPECT_EQ(error_of("a = 1 AND AND b = 2"), "invalid filter: expected a comparator at 'b = 2'");
  EXPECT_EQ(error_of("a = nan"), "invalid filter: expected a number or a quoted text at 'nan'");
  EXPECT_EQ(error_of("a = 'x"), "invalid filter: a quote is not closed at ''x'");
  EXPECT_EQ(error_of("a == 1"), "invalid filter: expected a comparator at '= 1'");
  EXPECT_EQ(error_of("a IN ()"), "invalid filter: expected a quoted text in a list at ')'");
  EXPECT_EQ(error_of("a = ('x')"), "invalid filter: = of 'a' is given a list");
  EXPECT_EQ(error_of("a IN 'x'"), "invalid filter: IN of 'a' is given no list");
  EXPECT_NE(error_of("a = '\xFF'"), "no error");
  EXPECT_NE(error_of(std::string(200'000, 'a')), "no error");
}

TEST(Clauses, QuotesAreKeptAsTheyStand) {
  auto out =
      parse_clauses("tags.'a b' = 'it''s' AND p = \"it's\" AND q = 'a\\'b' AND r IN ('a''b')");

  ASSERT_TRUE(out) << out.parsed.error().message;
  EXPECT_EQ((*out)[0].key, "a b");
  EXPECT_EQ(std::get<std::string>((*out)[0].value), "it''s");
  EXPECT_EQ(std::get<std::string>((*out)[1].value), "it's");
  EXPECT_EQ(std::get<std::string>((*out)[2].value), "a\\'b");
  EXPECT_EQ(std::get<std::vector<std::string>>((*out)[3].value)[0], "ab");
}

TEST(Clauses, OtherCharactersInAKeyNeedBackticks) {
  EXPECT_EQ(error_of("metrics.a-b > 1"), "invalid filter: expected a comparator at '-b > 1'");
  EXPECT_EQ(error_of("metrics.val/loss > 1"),
            "invalid filter: expected a comparator at '/loss > 1'");
  EXPECT_EQ(error_of("\"metrics\".m > 1"),
            "invalid filter: an entity is bare or in backticks at '.m > 1'");
  EXPECT_EQ(error_of("metrics.`val/loss` > -1e-3"), "no error");
}

TEST(Clauses, AnOrderIsAscendingUnlessItSaysOtherwise) {
  EXPECT_TRUE(parse_order("metrics.loss")->ascending);
  EXPECT_FALSE(parse_order("metrics.`a b` desc")->ascending);
  EXPECT_EQ(parse_order("metrics.`a b` desc")->key, "a b");
  EXPECT_EQ(parse_order("`metrics.a b` DESC")->key, "a b");
  EXPECT_EQ(parse_order("`metrics.a b` DESC")->entity, "metrics");
  EXPECT_FALSE(parse_order("metrics.a DESC DESC"));
  EXPECT_FALSE(parse_order(""));
}

Result<Filter> as_leaf(Clause clause) {
  Filter out;
  out.kind = Filter::Kind::compare;
  out.key = std::move(clause.key);
  return out;
}

TEST(Clauses, TheExtendedLanguageKnowsOrNotAndParentheses) {
  const auto out = parse_filter("a = 1 AND (b = 2 OR NOT c = 3) OR d = 4", as_leaf);

  ASSERT_TRUE(out);
  ASSERT_EQ(out->kind, Filter::Kind::any_of);
  ASSERT_EQ(out->parts.size(), 2u);
  const auto& both = out->parts[0];
  ASSERT_EQ(both.kind, Filter::Kind::all_of);
  EXPECT_EQ(both.parts[1].kind, Filter::Kind::any_of);
  EXPECT_EQ(both.parts[1].parts[1].kind, Filter::Kind::none_of);
  EXPECT_EQ(out->parts[1].key, "d");
  EXPECT_FALSE(parse_filter("(a = 1", as_leaf));
  EXPECT_FALSE(parse_filter("a = 1)", as_leaf));
  EXPECT_FALSE(parse_filter(std::string(10'000, '('), as_leaf));
  EXPECT_FALSE(parse_filter("NOT", as_leaf));
}

}  // namespace
}  // namespace slipway
