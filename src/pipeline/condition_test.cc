// SPDX-License-Identifier: Apache-2.0
#include "pipeline/condition.h"

#include <gtest/gtest.h>

namespace slipway::pipeline {
namespace {

class Fixed : public Outcomes {
 public:
  Result<Value> of(std::string_view step, std::string_view what) const override {
    if (what == "status") return Value{Value::Kind::text, "succeeded"};
    if (step == "silent") return Value{};
    return value_from_json(R"({"auc": 0.93, "tags": ["a", "b"], "go": true})");
  }
  Result<Value> artifact(std::string_view, std::string_view) const override { return Value{}; }
};

class ConditionTest : public ::testing::Test {
 protected:
  std::string eval(const std::string& text, const NeedsEnd& needs = {}) {
    const auto condition = Condition::parse(text);
    if (!condition) return "refused: " + condition.error().message;
    const Scope scope{.params = &params_, .outcomes = &outcomes_};
    const auto holds = condition->holds(scope, needs);
    if (!holds) return "error: " + holds.error().message;
    return *holds ? "yes" : "no";
  }

  const Params params_ = *params_from_json(
      R"({"mode": "full", "rows": 100, "rate": 0.5, "deep": true, "list": [1, 2], "no": null})");
  const Fixed outcomes_;
};

TEST_F(ConditionTest, ComparesValuesOfTheSameKind) {
  for (const auto* yes : {"params.mode == 'full'",
                          "params.rows > 99",
                          "params.rows == 1e2",
                          "params.rate <= 0.5",
                          "params.deep",
                          "not params.no",
                          "!(1 > 2)",
                          "'b' > 'a'",
                          "1 in params.list",
                          "3 not in params.list",
                          "'ul' in params.mode",
                          "params.mode in ['full', 'half']",
                          "steps.train.result.auc > 0.9 and steps.train.status == 'succeeded'",
                          "steps.train.result.tags.1 == \"b\"",
                          "length(params.list) == 2",
                          "starts_with(params.mode, 'fu') && ends_with(params.mode, 'll')",
                          "contains(params.list, 2)",
                          "{{ params.rows >= 100 }}",
                          "params.mode != 1",
                          "false or true and true",
                          "params.mode\n  == 'full'",
                          "steps.silent.result == null",
                          "not steps.silent.result.go",
                          "-1 < 0"}) {
    EXPECT_EQ(eval(yes), "yes") << yes;
  }
  for (const auto* no : {"params.mode == 'half'", "params.rows < 100", "params.rows == '100'",
                         "true and false or false", "not true", "null", "''", "0", "[]"}) {
    EXPECT_EQ(eval(no), "no") << no;
  }
}

TEST_F(ConditionTest, AsksHowItsNeedsEnded) {
  EXPECT_EQ(eval("failed()", {.failed = true}), "yes");
  EXPECT_EQ(eval("succeeded()", {.failed = true}), "no");
  EXPECT_EQ(eval("always()", {.failed = true}), "yes");
  EXPECT_TRUE(Condition::parse("always() and params.deep")->asks_for_needs());
  EXPECT_FALSE(Condition::parse("params.deep")->asks_for_needs());
  EXPECT_TRUE(Condition::parse("item.rate > 1")->is_about_element());
  EXPECT_EQ(Condition::parse("steps.a.result.x > steps.b.result.y")->steps(),
            (std::vector<std::string>{"a", "b"}));
}

TEST_F(ConditionTest, MistakesSayWhatIsWrong) {
  EXPECT_EQ(eval("params.mode = 'full'"), "refused: condition: write == to compare at '= 'full''");
  EXPECT_EQ(eval("1 =="), "refused: condition: a value is missing at its end");
  EXPECT_EQ(eval("(1"), "refused: condition: ')' is missing at its end");
  EXPECT_EQ(eval("'abc"), "refused: condition: the text is not closed at ''abc'");
  EXPECT_EQ(eval("1 2"), "refused: condition: one 'and' or 'or' is missing at '2'");
  EXPECT_EQ(eval("length()"), "refused: condition: length() takes 1 values, not 0 at 'length()'");
  EXPECT_EQ(eval("params.mode > 1"), "error: condition: \"full\" > 1 cannot be compared");
  EXPECT_EQ(eval("params.none"), "error: '{{ params.none }}': there is no such parameter");
}

TEST_F(ConditionTest, NothingInItIsCode) {
  for (const auto* text : {"__import__('os').system('id')", "system('id')", "`id`", "$(id)",
                           "params.__class__", "a; b", "lambda: 1", "open('/etc/passwd')"}) {
    EXPECT_TRUE(eval(text).starts_with("refused") || eval(text).starts_with("error"))
        << text << " " << eval(text);
  }
  EXPECT_TRUE(eval(std::string(100'000, '(')).starts_with("refused"));
  EXPECT_TRUE(eval(std::string(2'000, '(')).starts_with("refused"));
  EXPECT_TRUE(eval(std::string(4'000, '!')).starts_with("refused"));
  std::string longest = "1";
  while (longest.size() < 4'000) longest += " or 1";
  EXPECT_EQ(eval(longest), "yes");
}

}  // namespace
}  // namespace slipway::pipeline
