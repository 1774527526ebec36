// SPDX-License-Identifier: Apache-2.0
#include "govern/govern.h"

#include <cmath>

#include <gtest/gtest.h>

#include "store/test_database.h"

namespace slipway::govern {
namespace {

Policy policy_of(const std::string& rules) {
  return *parse_policy("name: production\nrules:\n" + rules, "p.yaml");
}

Subject subject() {
  return {.model = "flights",
          .version = 2,
          .facts = {.metrics = {{"roc_auc", 0.70}},
                    .fairness = {{"carrier", {{"demographic_parity_difference", 0.3}}}},
                    .latency = {{"p99_ms", 4}},
                    .source = "measured on 500 rows"},
          .champion = 1,
          .champion_facts = {.metrics = {{"roc_auc", 0.72}},
                             .latency = {{"p99_ms", 2}},
                             .source = "measured on 500 rows"}};
}

bool passes(const std::string& rule) {
  return judge(policy_of("  - " + rule + "\n"), subject()).front().passed;
}

TEST(Judge, HoldsEachNumberAgainstItsLimits) {
  EXPECT_TRUE(passes("{metric: roc_auc, min: 0.7}"));
  EXPECT_FALSE(passes("{metric: roc_auc, min: 0.71}"));
  EXPECT_FALSE(passes("{metric: roc_auc, max: 0.69}"));
  EXPECT_TRUE(passes("{metric: roc_auc, compare: champion, min_delta: -0.03}"));
  EXPECT_FALSE(passes("{metric: roc_auc, compare: champion, min_delta: -0.01}"));
  EXPECT_FALSE(passes("{metric: roc_auc, compare: champion, max_delta: -0.05}"));
  EXPECT_TRUE(passes("{latency: p99_ms, compare: champion, max_ratio: 2}"));
  EXPECT_FALSE(passes("{latency: p99_ms, compare: champion, max_ratio: 1.9}"));
  EXPECT_TRUE(passes("{fairness: demographic_parity_difference, group: carrier, max: 0.3}"));
  EXPECT_FALSE(passes("{fairness: demographic_parity_difference, group: carrier, max: 0.2}"));
}

TEST(Judge, WhatIsNotKnownFailsAndSaysHowToTellIt) {
  const auto verdicts =
      judge(policy_of("  - {metric: f1, min: 0.1}\n"
                      "  - {fairness: equalized_odds_difference, group: sex, max: 1}\n"
                      "  - {latency: p50_ms, max: 1}\n"),
            subject());

  for (const auto& verdict : verdicts) {
    EXPECT_FALSE(verdict.passed);
    EXPECT_EQ(verdict.actual, std::nullopt);
    EXPECT_NE(verdict.reason.find("evaluation.csv"), std::string::npos);
  }
  auto unsure = subject();
  unsure.facts.metrics["roc_auc"] = std::nan("");
  EXPECT_FALSE(judge(policy_of("  - {metric: roc_auc, min: 0}\n"), unsure)[0].passed);
}

TEST(Judge, TheFirstVersionHasNobodyToBeComparedWith) {
  auto first = subject();
  first.champion = std::nullopt;

  const auto verdict =
      judge(policy_of("  - {metric: roc_auc, compare: champion, min_delta: 0}\n"), first)[0];

  EXPECT_TRUE(verdict.passed);
  EXPECT_NE(verdict.reason.find("no champion"), std::string::npos);
}

class GovernTest : public ::testing::TestWithParam<store::Dialect> {
 protected:
  store::TestDatabase db_{GetParam()};
  FakeClock clock_{1'000};
  EventBus events_;
  Ids& ids_ = system_ids();
  Govern govern_{db_, events_, clock_, ids_};
};

TEST_P(GovernTest, KeepsEveryRulesVerdict) {
  const auto made =
      govern_.decide(policy_of("  - {metric: roc_auc, min: 0.6}\n  - {latency: p99_ms, max: 1}\n"),
                     subject(), "ada");
  ASSERT_TRUE(made);
  EXPECT_FALSE(made->allowed);
  EXPECT_NE(made->summary().find("p99_ms"), std::string::npos);
  db_.reopen();

  Govern again(db_, events_, clock_, ids_);
  const auto kept = again.decisions("flights", 2, {})->items;

  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].id, made->id);
  EXPECT_EQ(kept[0].actor, "ada");
  EXPECT_EQ(kept[0].champion, 1);
  ASSERT_EQ(kept[0].rules.size(), 2u);
  EXPECT_TRUE(kept[0].rules[0].passed);
  EXPECT_EQ(kept[0].rules[0].actual, 0.70);
  EXPECT_EQ(kept[0].rules[1].wanted, "<= 1");
  EXPECT_EQ(kept[0].rules[1].reason, "4 is above 1");
}

TEST_P(GovernTest, AStoredDecisionIsMadeAgainTheSame) {
  const std::string rules =
      "  - {metric: roc_auc, min: 0.6}\n  - {metric: roc_auc, compare: champion, min_delta: "
      "-0.01}\n"
      "  - {fairness: demographic_parity_difference, group: carrier, max: 0.5}\n"
      "  - {latency: p99_ms, compare: champion, max_ratio: 3}\n  - {metric: f1, min: 0.1}\n";
  const auto refused = govern_.decide(policy_of(rules), subject(), "ada");
  const auto allowed =
      govern_.decide(policy_of("  - {metric: roc_auc, min: 0.6}\n"), subject(), "ada");
  ASSERT_TRUE(refused && allowed);
  db_.reopen();

  Govern again(db_, events_, clock_, ids_);
  for (const auto& made : {*refused, *allowed}) {
    const auto replay = again.replay(made.id);
    ASSERT_TRUE(replay) << replay.error().message;
    EXPECT_TRUE(replay->same);
    EXPECT_EQ(replay->again.allowed, made.allowed);
    ASSERT_EQ(replay->again.rules.size(), made.rules.size());
    for (std::size_t i = 0; i < made.rules.size(); ++i) {
      EXPECT_EQ(replay->again.rules[i].passed, made.rules[i].passed);
      EXPECT_EQ(replay->again.rules[i].actual, made.rules[i].actual);
    }
  }
  EXPECT_EQ(again.replay("none").error().code, Code::not_found);

  // Somebody changed a number: the verdict that was stored does not follow from it.
  ASSERT_TRUE(db_->write([&](store::Connection& c) {
    return c.exec("UPDATE govern_decision SET rules = REPLACE(rules, '0.7', '0.5') WHERE id = ?",
                  {allowed->id});
  }));
  EXPECT_FALSE(again.replay(allowed->id)->same);
}

TEST_P(GovernTest, ListsNewestFirstInPages) {
  const auto policy = policy_of("  - {metric: roc_auc, min: 0.6}\n");
  auto about = subject();
  for (std::int64_t version : {1, 2, 2, 3}) {
    about.version = version;
    ASSERT_TRUE(govern_.decide(policy, about, "ada"));
  }

  const auto first = govern_.decisions("", 0, {.size = 3, .token = {}});
  const auto rest = govern_.decisions("", 0, {.size = 3, .token = first->next_token});

  EXPECT_EQ(first->items.size(), 3u);
  EXPECT_EQ(first->items[0].version, 3);
  ASSERT_EQ(rest->items.size(), 1u);
  EXPECT_EQ(rest->items[0].version, 1);
  EXPECT_TRUE(rest->next_token.empty());
  EXPECT_EQ(govern_.decisions("flights", 2, {})->items.size(), 2u);
  EXPECT_TRUE(govern_.decisions("boats", 0, {})->items.empty());
}

TEST_P(GovernTest, TellsTheOthers) {
  Event heard;
  const auto token = events_.subscribe([&](const Event& event) { heard = event; });

  ASSERT_TRUE(govern_.decide(policy_of("  - {metric: roc_auc, min: 0.6}\n"), subject(), "ada"));
  events_.drain();

  EXPECT_EQ(heard.type, "gate.decided");
  EXPECT_EQ(heard.subject, "flights");
}

INSTANTIATE_TEST_SUITE_P(Stores, GovernTest, ::testing::ValuesIn(store::TestDatabase::dialects()));

}  // namespace
}  // namespace slipway::govern
