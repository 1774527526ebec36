// SPDX-License-Identifier: Apache-2.0
// Runs and reports of callers that do not wait: each is told of its own, whatever the others sent.
#include <atomic>
#include <cmath>
#include <thread>

#include <gtest/gtest.h>

#include "store/test_database.h"
#include "tracking/tracking.h"

namespace slipway::tracking {
namespace {

class NoEvents : public EventSink {
 public:
  void publish(Event) override {}
};

class LaterTest : public ::testing::TestWithParam<store::Dialect> {
 protected:
  template <class T>
  struct Told {
    std::atomic<bool> is = false;
    std::optional<Result<T>> result;

    std::function<void(Result<T>)> call() {
      return [this](Result<T> got) {
        result = std::move(got);
        is = true;
      };
    }
    const Result<T>& wait() const {
      while (!is) std::this_thread::yield();
      return *result;
    }
  };

  Runs& runs() { return tracking_.runs(); }
  static Metric metric(std::string key, double value, std::int64_t step) {
    return {.key = std::move(key), .value = value, .at = {step}, .step = step};
  }

  store::TestDatabase db_{GetParam()};
  NoEvents events_;
  Tracking tracking_{db_, events_, system_clock(), system_ids()};
};

TEST_P(LaterTest, RunsBeginTogetherAndEachKeepsItsOwn) {
  const auto deleted = tracking_.experiments().create("gone", "", {})->id;
  ASSERT_TRUE(tracking_.experiments().remove(deleted));
  constexpr int kRuns = 60;
  Told<tracking::Run> told[kRuns];
  Told<tracking::Run> nowhere;
  Told<tracking::Run> in_deleted;
  Told<tracking::Run> no_number;
  const std::string odd = "\"{,}\\ ü'";

  for (int i = 0; i < kRuns; ++i) {
    runs().start_later({.experiment = ExperimentId("0"),
                        .name = odd + std::to_string(i),
                        .user = i == 0 ? "" : odd,
                        .started = Timestamp{i},
                        .tags = {{"n", "first"}, {odd, odd}, {"n", std::to_string(i)}, {"e", ""}}},
                       told[i].call());
  }
  runs().start_later({.experiment = ExperimentId("99")}, nowhere.call());
  runs().start_later({.experiment = deleted}, in_deleted.call());
  runs().start_later({.experiment = ExperimentId("x")}, no_number.call());

  EXPECT_EQ(nowhere.wait().error().code, Code::not_found);
  EXPECT_EQ(in_deleted.wait().error().code, Code::failed_precondition);
  EXPECT_EQ(no_number.wait().error().code, Code::invalid_argument);
  for (int i = 0; i < kRuns; ++i) {
    const auto& made = told[i].wait();
    ASSERT_TRUE(made) << made.error().message;
    const auto found = *runs().get(made->id);
    EXPECT_EQ(found.name, odd + std::to_string(i));
    EXPECT_EQ(found.artifact_root, made->artifact_root);
    EXPECT_EQ(found.artifact_root, "0/" + made->id.str() + "/artifacts");
    EXPECT_EQ(found.started.ms, i);
    EXPECT_EQ(found.user, i == 0 ? "" : odd);
    ASSERT_EQ(found.tags.size(), 3u);
    for (const auto& tag : found.tags) {
      EXPECT_EQ(tag.value, tag.key == "n" ? std::to_string(i) : tag.key == "e" ? "" : odd);
    }
  }
}

TEST_P(LaterTest, ReportsOfManyAreKeptWhole) {
  constexpr int kWriters = 8;
  constexpr int kReports = 60;
  std::vector<RunId> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(runs().start({.experiment = ExperimentId("0")})->id);
  std::atomic<int> told = 0;
  std::atomic<int> failed = 0;
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; i < kReports; ++i) {
        const auto step = w * kReports + i;
        Batch batch{.metrics = {metric("m", step, step), metric("w" + std::to_string(w), -i, i),
                                metric("m", step + 0.5, step)}};
        if (i == 7) batch.tags = {{"by" + std::to_string(w), "seven"}};  // takes the other way
        runs().log_later(ids[static_cast<std::size_t>(i) % ids.size()], batch,
                         [&](Result<void> kept) {
                           if (!kept) ++failed;
                           ++told;
                         });
      }
    });
  }
  for (auto& writer : writers) writer.join();
  while (told < kWriters * kReports) std::this_thread::yield();

  EXPECT_EQ(failed, 0);
  std::size_t points = 0;
  for (const auto& id : ids) {
    points += runs().history(id, "m", {0, ""})->items.size();
    const auto run = *runs().get(id);
    EXPECT_EQ(run.metrics.size(), 1u + kWriters);
    for (const auto& latest : run.metrics) {
      if (latest.key != "m") continue;
      EXPECT_GE(latest.value, (kWriters - 1) * kReports + kReports - 3 + 0.5);
    }
  }
  EXPECT_EQ(points, 2u * kWriters * kReports);
  EXPECT_EQ(runs().get(ids[7 % 3])->tags.size(), static_cast<std::size_t>(kWriters));
}

TEST_P(LaterTest, WhatIsRefusedHarmsNobodyElse) {
  const auto good = runs().start({.experiment = ExperimentId("0")})->id;
  const auto deleted = runs().start({.experiment = ExperimentId("0")})->id;
  ASSERT_TRUE(runs().remove(deleted));
  constexpr int kTimes = 20;
  Told<void> kept[kTimes];
  Told<void> unknown[kTimes];
  Told<void> of_deleted[kTimes];
  Told<void> broken[kTimes];

  for (int i = 0; i < kTimes; ++i) {
    runs().log_later(RunId("nobody"), {.metrics = {metric("m", 1, i)}}, unknown[i].call());
    runs().log_later(deleted, {.metrics = {metric("m", 1, i)}}, of_deleted[i].call());
    // PostgreSQL takes valid UTF-8 only: its error is the whole transaction's.
    runs().log_later(good, {.metrics = {metric("\xff", 1, i)}}, broken[i].call());
    runs().log_later(good, {.metrics = {metric("m", std::nan(""), i)}}, kept[i].call());
  }

  for (int i = 0; i < kTimes; ++i) {
    EXPECT_EQ(unknown[i].wait().error().message, "no run with id 'nobody'");
    EXPECT_EQ(of_deleted[i].wait().error().code, Code::failed_precondition);
    EXPECT_EQ(broken[i].wait().ok(), GetParam() == store::Dialect::sqlite);
    EXPECT_TRUE(kept[i].wait()) << kept[i].result->error().message;
  }
  EXPECT_EQ(runs().history(good, "m", {0, ""})->items.size(), static_cast<std::size_t>(kTimes));
  EXPECT_TRUE(runs().history(deleted, "m", {0, ""})->items.empty());
}

TEST_P(LaterTest, LongTailsAreCompactedOnTheWay) {
  const auto run = runs().start({.experiment = ExperimentId("0")})->id;
  constexpr int kReports = 40;
  std::atomic<int> told = 0;
  for (int i = 0; i < kReports; ++i) {
    Batch batch;
    for (int n = 0; n < 1'000; ++n) batch.metrics.push_back(metric("m", n, 1'000 * i + n));
    runs().log_later(run, batch, [&](Result<void> kept) {
      EXPECT_TRUE(kept);
      ++told;
    });
  }
  while (told < kReports) std::this_thread::yield();
  const auto history = *runs().history(run, "m", {0, ""});
  ASSERT_EQ(history.items.size(), 1'000u * kReports);
  EXPECT_EQ(history.items.back().step, Step(1'000 * kReports - 1));
}

INSTANTIATE_TEST_SUITE_P(Dialects, LaterTest, ::testing::ValuesIn(store::TestDatabase::dialects()),
                         [](const auto& info) {
                           return info.param == store::Dialect::sqlite ? "sqlite" : "postgres";
                         });

}  // namespace
}  // namespace slipway::tracking
