// SPDX-License-Identifier: Apache-2.0
// The rule alert -> pipeline: once, not too often, and not forgotten by a crash.
#include "monitor/retraining.h"

#include <map>
#include <set>

#include "test_rig.h"

namespace slipway::monitor {
namespace {

// Idempotent by key, as the real one.
class FakeLauncher : public Launcher {
 public:
  Result<std::string> start(const std::string& pipeline, const std::string& params,
                            const std::string& key, const std::string&) override {
    if (failing) return unavailable("no workers");
    const auto [at, fresh] = by_key.try_emplace(key, "e" + std::to_string(by_key.size() + 1));
    if (fresh) {
      started.push_back(pipeline + " " + params);
      active.insert(at->second);
    }
    return at->second;
  }
  Result<bool> running(const std::string& id) override { return active.contains(id); }

  Result<std::vector<std::string>> wanting_drift_of(const std::string&) override { return wanting; }

  Result<std::string> data_version(const std::string& path) override {
    if (data.empty()) return not_found("there is no data at '" + path + "'");
    return data;
  }

  std::vector<std::string> wanting;
  std::string data;
  bool failing = false;
  std::map<std::string, std::string> by_key;
  std::set<std::string> active;
  std::vector<std::string> started;
};

class RetrainingTest : public MonitorTest {
 protected:
  void SetUp() override {
    set(R"({"window_rows": 200, "min_rows": 50,
            "retrain": {"pipeline": "retrain", "params": {"month": 4}, "cooldown_s": 600}})");
    learn();
  }
  int act() {
    const auto done = retrain_due(*monitor_, clock_, launcher_);
    EXPECT_TRUE(done);
    return done.value_or(-1);
  }
  FakeLauncher launcher_;
};
INSTANTIATE_TEST_SUITE_P(Dialects, RetrainingTest,
                         ::testing::ValuesIn(store::TestDatabase::dialects()), dialect_name);

TEST_P(RetrainingTest, AnAlertStartsItsPipelineOnce) {
  window(40);
  EXPECT_EQ(act(), 1);
  EXPECT_EQ(act(), 0);

  EXPECT_EQ(launcher_.started, (std::vector<std::string>{"retrain {\"month\":4}"}));
  EXPECT_EQ(alerts().at(0).execution_id, "e1");
}

TEST_P(RetrainingTest, AnOpenAlertIsActedOnAfterARestart) {
  window(40);
  reopen();

  EXPECT_EQ(act(), 1);
  EXPECT_EQ(alerts().at(0).execution_id, "e1");
}

TEST_P(RetrainingTest, ACrashBetweenStartAndRecordStartsNothingTwice) {
  window(40);
  const auto id = alerts().at(0).id;
  ASSERT_TRUE(launcher_.start("retrain", "{\"month\":4}", id, ""));  // and then the lights went out
  reopen();

  EXPECT_EQ(act(), 1);
  EXPECT_EQ(launcher_.started.size(), 1u);
  EXPECT_EQ(alerts().at(0).execution_id, "e1");
}

TEST_P(RetrainingTest, OneRunsAtATimeAndThenTheCoolDownHolds) {
  window(40);
  ASSERT_EQ(act(), 1);
  window(0);
  window(40);
  EXPECT_EQ(act(), 0);
  EXPECT_EQ(alerts().at(0).retrain_note, "execution e1 is still running");

  launcher_.active.clear();
  EXPECT_EQ(act(), 0);
  EXPECT_TRUE(alerts().at(0).retrain_note.starts_with("cool-down until 2014-"));

  clock_.advance(600'000);
  EXPECT_EQ(act(), 1);
  EXPECT_EQ(alerts().at(0).execution_id, "e2");
  EXPECT_EQ(alerts().at(0).retrain_note, "");
}

TEST_P(RetrainingTest, AFailureIsNotedAndTriedAgain) {
  window(40);
  launcher_.failing = true;
  EXPECT_EQ(act(), 0);
  EXPECT_EQ(alerts().at(0).retrain_note, "not started: no workers");
  launcher_.failing = false;
  EXPECT_EQ(act(), 1);
}

TEST_P(RetrainingTest, WithoutARuleNothingStarts) {
  set(R"({"retrain": null})");
  window(40);

  EXPECT_EQ(act(), 0);
}

TEST_P(RetrainingTest, APipelineThatAsksForDriftIsStartedWithoutARule) {
  set(R"({"retrain": null})");
  launcher_.wanting = {"nightly"};
  window(40);

  EXPECT_EQ(act(), 1);
  EXPECT_EQ(launcher_.started, (std::vector<std::string>{"nightly {}"}));
}

TEST_P(RetrainingTest, TheBudgetOfADayIsNotPassed) {
  set(R"({"retrain": {"pipeline": "retrain", "cooldown_s": 0, "max_per_day": 2}})");
  for (int i = 0; i < 2; ++i) {
    window(40);
    EXPECT_EQ(act(), 1);
    launcher_.active.clear();
    window(0);
    clock_.advance(3'600'000);
  }
  window(40);
  EXPECT_EQ(act(), 0);
  EXPECT_TRUE(alerts().at(0).retrain_note.starts_with("the budget of 2 a day is spent until"))
      << alerts().at(0).retrain_note;
  clock_.advance(86'400'000);
  EXPECT_EQ(act(), 1);
}

TEST_P(RetrainingTest, AModelIsRetrainedOnceWhicheverEndpointAsks) {
  window(40);
  ASSERT_EQ(act(), 1);
  const Cause elsewhere{.endpoint = "other", .model = "flights", .version = "1", .message = "m"};
  ASSERT_TRUE(monitor_->set_settings("other", R"({"retrain": {"pipeline": "retrain"}})"));
  ASSERT_TRUE(monitor_->alerts().open(elsewhere, {}));
  EXPECT_EQ(act(), 0);
  const auto open = monitor_->alerts().list({.endpoint = "other", .unresolved = true})->items;
  EXPECT_EQ(open.at(0).retrain_note, "execution e1 is still running");
}

TEST_P(RetrainingTest, ABrokenFeedTrainsNothing) {
  std::vector<Captured> rows;
  for (int i = 0; i < 200; ++i) {
    rows.push_back(row(i % 2 == 0 ? std::numeric_limits<double>::quiet_NaN() : 140.5, "UA"));
  }
  monitor_->capture(std::move(rows));
  ASSERT_TRUE(monitor_->flush());
  ASSERT_FALSE(alerts().empty());
  EXPECT_EQ(act(), 0);
  EXPECT_EQ(alerts().at(0).retrain_note,
            "the data is broken, nothing is learnt from it: column 'temp': missing values went "
            "from 0 % to 50 % of the rows");
  set(R"({"retrain": {"pipeline": "retrain", "despite_bad_data": true}})");
  EXPECT_EQ(act(), 1);
}

TEST_P(RetrainingTest, BrokenExpectationsBlockUntilTheyAreWhole) {
  window(40);
  const Cause cause{.endpoint = "delays",
                    .model = "flights",
                    .version = "1",
                    .kind = AlertKind::data,
                    .message = "20 % of 100 rows broke the endpoint's expectations"};
  const auto bad = monitor_->alerts().open(cause, {});
  ASSERT_TRUE(bad && *bad);
  EXPECT_EQ(act(), 0);
  EXPECT_NE(alerts().back().retrain_note.find("broke the endpoint's expectations"),
            std::string::npos);
  ASSERT_TRUE(monitor_->alerts().close((*bad)->id, "ann", {}));
  EXPECT_EQ(act(), 1);
}

TEST_P(RetrainingTest, TheSameDataIsNotLearntTwice) {
  set(R"({"retrain": {"pipeline": "retrain", "cooldown_s": 0, "data": "/train.csv"}})");
  window(40);
  EXPECT_EQ(act(), 0);
  EXPECT_EQ(alerts().at(0).retrain_note, "not started: there is no data at '/train.csv'");
  launcher_.data = "md5:1";
  EXPECT_EQ(act(), 1);
  launcher_.active.clear();
  window(0);
  window(40);
  EXPECT_EQ(act(), 0);
  EXPECT_EQ(alerts().at(0).retrain_note,
            "the data at '/train.csv' is what execution e1 has learnt from");
  launcher_.data = "md5:2";
  EXPECT_EQ(act(), 1);
}

}  // namespace
}  // namespace slipway::monitor
