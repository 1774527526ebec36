// SPDX-License-Identifier: Apache-2.0
// Alerts of other systems start a pipeline once each, and no storm of them.
#include "pipeline/hooks.h"

#include <gtest/gtest.h>

#include "pipeline/pipeline.h"
#include "store/test_database.h"

namespace slipway::pipeline {
namespace {

class HooksTest : public ::testing::TestWithParam<store::Dialect> {
 protected:
  HooksTest() {
    EXPECT_TRUE(executions_.put("retrain", "params: {month: 1}\nsteps: [{name: s, run: 'true'}]\n",
                                "/tmp", "p.yaml"));
    reopen();
  }
  void reopen() {
    hooks_ = std::make_unique<Hooks>(*db_, executions_, clock_,
                                     Seal::from_hex(std::string(64, 'a')).value());
  }
  void put(std::int64_t cooldown_s, std::map<std::string, std::string> labels = {}) {
    const auto made = hooks_->put({.name = "page",
                                   .pipeline = "retrain",
                                   .params = R"({"month": 4})",
                                   .labels = std::move(labels),
                                   .cooldown_s = cooldown_s},
                                  "");
    ASSERT_TRUE(made) << made.error().message;
  }
  HookOutcome fire(const std::string& key, std::map<std::string, std::string> labels = {}) {
    const auto out = hooks_->fire("page", "alertmanager", {{key, std::move(labels)}});
    EXPECT_TRUE(out) << (out ? "" : out.error().message);
    return out ? out->at(0) : HookOutcome{};
  }
  std::size_t executions() {
    return executions_.list("", {.size = 100, .token = {}})->items.size();
  }

  store::TestDatabase db_{GetParam()};
  EventBus events_;
  FakeClock clock_{1'400'000'000'000};
  FakeIds ids_;
  Executions executions_{*db_, nullptr, events_, clock_, ids_, nullptr, {.logs = "/tmp"}};
  std::unique_ptr<Hooks> hooks_;
};
INSTANTIATE_TEST_SUITE_P(Stores, HooksTest, ::testing::ValuesIn(store::TestDatabase::dialects()));

TEST_P(HooksTest, AnAlertStartsOneExecutionHoweverOftenItIsTold) {
  put(0);
  const auto first = fire("a@1", {{"alertname", "Slow"}});
  EXPECT_TRUE(first.started);
  reopen();
  const auto again = fire("a@1");
  EXPECT_FALSE(again.started);
  EXPECT_EQ(again.execution_id, first.execution_id);
  EXPECT_EQ(executions(), 1u);
  const auto execution = executions_.get(first.execution_id);
  EXPECT_EQ(execution->params, "{\"month\":4}");
  EXPECT_EQ(execution->trigger.detail, "Slow");
}

TEST_P(HooksTest, ACrashBetweenStartAndRecordStartsNothingTwice) {
  put(0);
  const auto lost = executions_.start("retrain", {}, {"alertmanager", "page/a@1", ""});
  ASSERT_TRUE(lost);
  EXPECT_EQ(fire("a@1").execution_id, lost->id);
  EXPECT_EQ(executions(), 1u);
}

TEST_P(HooksTest, AStormStartsOneAndTheRestIsHeld) {
  put(600);
  const auto first = fire("a@1");
  EXPECT_EQ(fire("b@1").note, "execution " + first.execution_id + " is still running");
  ASSERT_TRUE(executions_.cancel(first.execution_id));
  EXPECT_TRUE(fire("b@1").note.starts_with("cool-down until 2014-"));
  clock_.advance(600'000);
  EXPECT_TRUE(fire("b@1").started);
  EXPECT_EQ(executions(), 2u);
}

TEST_P(HooksTest, OnlyAlertsWithTheLabelsCount) {
  put(0, {{"severity", "page"}});
  EXPECT_EQ(fire("a@1", {{"severity", "info"}}).note, "the hook wants other labels");
  EXPECT_EQ(executions(), 0u);
  EXPECT_TRUE(fire("a@1", {{"severity", "page"}, {"team", "x"}}).started);
}

TEST_P(HooksTest, SecretsAreMadeSealedAndKept) {
  const auto made = hooks_->put({.name = "page", .pipeline = "retrain"}, "");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->size(), 64u);
  reopen();
  EXPECT_EQ(*hooks_->secret("page"), *made);
  const auto stored = db_->read([](store::Connection& c) {
    return c.first("SELECT secret FROM pipeline_hook", {},
                   [](const store::Row& row) { return std::string(row.text(0)); });
  });
  EXPECT_TRUE(Seal::is_sealed(**stored));
  EXPECT_EQ(hooks_->put({.name = "page", .pipeline = "retrain"}, "short").error().message,
            "secret: shorter than 16 bytes");
  EXPECT_EQ(hooks_->put({.name = "a/b", .pipeline = "retrain"}, "").error().message,
            "name: 'a/b' is not a name");
}

TEST_P(HooksTest, ARemovedHookStartsNothing) {
  put(0);
  fire("a@1");
  ASSERT_TRUE(hooks_->remove("page"));
  EXPECT_EQ(hooks_->fire("page", "alertmanager", {{"b@1", {}}}).error().code, Code::not_found);
  put(0);
  EXPECT_EQ(fire("a@1").execution_id.empty(), false);  // the execution of the same trigger
  EXPECT_EQ(executions(), 1u);
}

}  // namespace
}  // namespace slipway::pipeline
