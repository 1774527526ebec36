// SPDX-License-Identifier: Apache-2.0
#include "govern/policy.h"

#include <gtest/gtest.h>

#include "base/ids.h"

namespace slipway::govern {
namespace {

constexpr auto kGood = R"(name: production
description: what a version must show
rules:
  - {metric: roc_auc, min: 0.65}
  - {metric: roc_auc, compare: champion, min_delta: -0.01}
  - {fairness: demographic_parity_difference, group: carrier, max: 0.5}
  - {latency: p99_ms, max: 20}
  - {latency: p99_ms, compare: champion, max_ratio: 1.5}
)";

std::string refused(const std::string& yaml) {
  const auto policy = parse_policy(yaml, "p.yaml");
  EXPECT_FALSE(policy) << yaml;
  if (policy) return "";
  EXPECT_EQ(policy.error().code, Code::invalid_argument);
  return policy.error().message;
}

TEST(Policy, ReadsMetricFairnessAndLatencyRules) {
  const auto policy = parse_policy(kGood, "p.yaml");

  ASSERT_TRUE(policy) << policy.error().message;
  EXPECT_EQ(policy->name, "production");
  ASSERT_EQ(policy->rules.size(), 5u);
  EXPECT_EQ(policy->rules[0].min, 0.65);
  EXPECT_EQ(policy->rules[0].wanted(), ">= 0.65");
  EXPECT_TRUE(policy->rules[1].against_champion);
  EXPECT_EQ(policy->rules[1].wanted(), ">= champion - 0.01");
  EXPECT_EQ(policy->rules[2].group, "carrier");
  EXPECT_EQ(policy->rules[2].label(), "demographic_parity_difference of carrier");
  EXPECT_EQ(policy->rules[3].about, Rule::About::latency);
  EXPECT_EQ(policy->rules[4].line, 8);
}

TEST(Policy, ReadsWhichRowsAMetricIsOf) {
  const auto policy = parse_policy(R"(name: p
rules:
  - {metric: roc_auc, on: recent, compare: champion, min_delta: -0.02}
  - {metric: accuracy, slice: carrier, min: 0.5}
  - {metric: mae, on: recent, slice: origin, max: 3}
  - {size: mib, max: 50}
)",
                                   "p.yaml");
  ASSERT_TRUE(policy) << policy.error().message;
  EXPECT_EQ(policy->rules[0].key(), "recent:roc_auc");
  EXPECT_EQ(policy->rules[0].label(), "roc_auc on recent requests against the champion");
  EXPECT_EQ(policy->rules[1].key(), "accuracy by carrier");
  EXPECT_EQ(policy->rules[1].label(), "accuracy of the worst carrier");
  EXPECT_EQ(policy->rules[2].key(), "recent:mae by origin");
  EXPECT_EQ(policy->rules[3].key(), "size_mib");
  EXPECT_EQ(refused("name: p\nrules:\n  - {latency: p99_ms, on: recent, max: 3}\n"),
            "p.yaml:3: on and slice belong to metric rules only");
  EXPECT_EQ(refused("name: p\nrules:\n  - {metric: mae, on: tuesdays, max: 3}\n"),
            "p.yaml:3: on: 'tuesdays' is unknown");
  EXPECT_EQ(refused("name: p\nrules:\n  - {size: feet, max: 3}\n"),
            "p.yaml:3: size: 'feet' is unknown");
}

TEST(Policy, RefusesWhatItDoesNotKnowAndNamesTheLine) {
  EXPECT_EQ(refused("name: p\nrules:\n  - {metric: auc, minimum: 1}\n").substr(0, 9), "p.yaml:3:");
  EXPECT_EQ(refused("name: p\nrule: []\n").substr(0, 9), "p.yaml:2:");
  EXPECT_NE(refused("name: p\nrules:\n  - {metric: auc}\n").find("no limit"), std::string::npos);
  EXPECT_NE(refused("name: p\nrules:\n  - {metric: auc, min: high}\n").find("'high'"),
            std::string::npos);
  EXPECT_NE(refused("name: p\nrules:\n  - {metric: auc, min_delta: 0}\n").find("champion"),
            std::string::npos);
  EXPECT_NE(refused("name: p\nrules:\n  - {metric: auc, compare: champion, min: 0}\n").find("min"),
            std::string::npos);
  EXPECT_NE(refused("name: p\nrules:\n  - {latency: p77_ms, max: 1}\n").find("p77_ms"),
            std::string::npos);
  EXPECT_NE(refused("name: p\nrules:\n  - {fairness: x, group: g, max: 1}\n").find("'x'"),
            std::string::npos);
  for (const auto* bad : {"", "[]", "name: p", "name: p\nrules: []", "name: p\nrules: 3",
                          "rules: [{metric: a, min: 1}]", "name: p\nrules: [x]",
                          "name: p\nrules: [{metric: a, latency: p99_ms, max: 1}]",
                          "name: p\nrules: [{metric: a, group: g, max: 1}]",
                          "name: p\nrules: [{fairness: equalized_odds_ratio, min: 1}]",
                          "name: p\nrules: [{metric: a, compare: other, min_delta: 1}]",
                          "name: p\nrules: [{metric: a, max: .nan}]", "name: [p]\nrules: []"}) {
    refused(bad);
  }
}

TEST(Policy, DamagedTextIsRefusedNeverFatal) {
  const std::string good = kGood;
  for (int round = 0; round < 3'000; ++round) {
    auto bad = good;
    for (int edits = 0; edits < 3; ++edits) {
      const auto at = random_u64() % bad.size();
      if (random_u64() % 2 == 0) {
        bad[at] = static_cast<char>(random_u64());
      } else {
        bad.insert(at, std::string(1 + random_u64() % 3, "[]{}'\"&*:!|>-\n"[random_u64() % 14]));
      }
    }
    const auto policy = parse_policy(bad, "p.yaml");
    if (!policy) {
      EXPECT_EQ(policy.error().code, Code::invalid_argument);
    }
  }
}

}  // namespace
}  // namespace slipway::govern
