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

  std::vector<std::string> wanting;
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

}  // namespace
}  // namespace slipway::monitor
