// SPDX-License-Identifier: Apache-2.0
// What a version and its shadow answer to the same requests, from what is stored.
#include "monitor/agreement.h"

#include "test_rig.h"

namespace slipway::monitor {
namespace {

class AgreementTest : public MonitorTest {
 protected:
  void SetUp() override { set(R"({"window_rows": 100000})"); }

  // Both answer request `id`, the shadow second.
  void both(const std::string& id, Value version, Value shadow) {
    answer(id, "1", false, std::move(version));
    answer(id, "2", true, std::move(shadow));
  }

  void answer(const std::string& id, const std::string& version, bool shadow, Value value) {
    const bool text = std::holds_alternative<std::string>(value);
    auto captured = row(1, "UA", version);
    captured.schema = std::make_shared<const Schema>(
        Schema{{{"temp", false}, {"carrier", true}}, {{"answer", text}}});
    captured.request_id = id;
    captured.shadow = shadow;
    captured.outputs = {std::move(value)};
    monitor_->capture({std::move(captured)});
  }

  PairedAnswers look(Timestamp since = {0}) {
    EXPECT_TRUE(monitor_->flush());
    const auto seen = monitor_->agreement({"delays", "flights", "1", "2", since});
    EXPECT_TRUE(seen);
    return seen.value_or({});
  }
};
INSTANTIATE_TEST_SUITE_P(Dialects, AgreementTest,
                         ::testing::ValuesIn(store::TestDatabase::dialects()), dialect_name);

TEST_P(AgreementTest, ClassesAreEqualOrNot) {
  both("a", std::string("cat"), std::string("cat"));
  both("b", std::string("cat"), std::string("dog"));
  both("c", 3.0, 3.0);
  both("d", 0.8, 0.6);  // probabilities: both say 1
  both("e", 0.8, 0.4);
  const auto seen = look();
  EXPECT_EQ(seen.pairs, 5);
  EXPECT_EQ(seen.classes, 5);
  EXPECT_EQ(seen.equal, 3);
  EXPECT_EQ(seen.numbers, 3);
  EXPECT_NEAR(seen.difference, 0.6, 1e-12);
}

TEST_P(AgreementTest, NumbersHaveDistances) {
  both("a", 10.5, 12.5);
  both("b", 7.25, 6.25);
  const auto seen = look();
  EXPECT_EQ(seen.classes, 0);
  EXPECT_EQ(seen.numbers, 2);
  EXPECT_NEAR(seen.difference, 3, 1e-12);
  EXPECT_NEAR(seen.difference_squares, 5, 1e-12);
  EXPECT_NEAR(seen.xy, 10.5 * 12.5 + 7.25 * 6.25, 1e-9);
}

TEST_P(AgreementTest, OnlyTheSameRequestsMakePairsInWhicheverOrderTheyCome) {
  answer("late", "2", true, 1.0);
  answer("alone", "1", false, 1.0);
  EXPECT_EQ(look().pairs, 0);
  answer("late", "1", false, 1.0);
  answer("not a copy", "1", false, 1.0);
  answer("not a copy", "2", false, 1.0);
  EXPECT_EQ(look().pairs, 1);
  EXPECT_EQ(look().pairs, 1);  // nothing is counted twice
}

TEST_P(AgreementTest, WhatWasBeforeDoesNotCountAndARestartCountsTheSame) {
  both("a", 1.0, 1.0);
  clock_.advance(1'000);
  const auto since = clock_.now();
  both("b", 1.0, 0.0);
  both("c", 1.0, 1.0);
  EXPECT_EQ(look(since).pairs, 2);
  reopen();
  EXPECT_EQ(look(since).pairs, 2);
  EXPECT_EQ(look(since).equal, 1);
  EXPECT_EQ(look().pairs, 3);
}

}  // namespace
}  // namespace slipway::monitor
