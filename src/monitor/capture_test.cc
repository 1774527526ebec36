// SPDX-License-Identifier: Apache-2.0
// Captured predictions are kept, bounded and found again by their labels.
#include "meter/meter.h"
#include "test_rig.h"

namespace slipway::monitor {
namespace {

class CaptureTest : public MonitorTest {
 protected:
  void SetUp() override {
    set(R"({"window_rows": 200, "min_rows": 50,
            "quality": {"metric": "accuracy", "min": 0.9, "window_rows": 100}})");
    learn();
  }

  // Scores go 0.05, 0.15 .. 0.95; the label agrees with them unless `wrong`.
  static Label label(int n, bool wrong = false) {
    const bool positive = n % 10 >= 5;
    return {"r" + std::to_string(n), positive != wrong ? "1" : "0"};
  }
  FeedbackAnswer labels(int from, int to, bool wrong = false) {
    std::vector<Label> items;
    for (int n = from; n < to; ++n) items.push_back(label(n, wrong));
    const auto got = monitor_->feedback("delays", items);
    EXPECT_TRUE(got) << (got ? "" : got.error().message);
    return got.value_or({});
  }
  std::vector<QualityWindow> quality() { return monitor_->quality("delays", "", {})->items; }
  LabelledQuality labelled() { return *monitor_->labelled_quality("delays", "flights", "1", {0}); }
};
INSTANTIATE_TEST_SUITE_P(Dialects, CaptureTest,
                         ::testing::ValuesIn(store::TestDatabase::dialects()), dialect_name);

TEST_P(CaptureTest, TheNewestPredictionsCanBeRead) {
  traffic(5'000);
  ASSERT_TRUE(monitor_->flush());

  const auto rows = monitor_->predictions("delays", 2);
  ASSERT_TRUE(rows) << rows.error().message;
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ(rows->at(0).request_id, "r4999");
  EXPECT_EQ(std::get<std::string>(rows->at(0).features.at(1)), kCarriers[4999 % 3]);
  EXPECT_NE(meters_->prometheus_text().find(
                "slipway_monitor_predictions_total{endpoint=\"delays\"} 5000"),
            std::string::npos);
}

TEST_P(CaptureTest, WhatDoesNotFitInMemoryIsDroppedAndCounted) {
  std::vector<Captured> rows(200'010, row(1, "UA"));
  monitor_->capture(std::move(rows));

  EXPECT_NE(meters_->prometheus_text().find(
                "slipway_monitor_predictions_dropped_total{endpoint=\"delays\"} 10"),
            std::string::npos);
}

TEST_P(CaptureTest, TheOldestGoWhenThereAreTooMany) {
  set(R"({"keep_rows": 10000})");
  for (int i = 0; i < 5; ++i) {
    traffic(4'096);
    ASSERT_TRUE(monitor_->flush());
  }

  EXPECT_EQ(labels(0, 10).unknown, 10);
  EXPECT_EQ(labels(20'000, 20'010).accepted, 10);
}

TEST_P(CaptureTest, LabelsJoinStoredAndFreshPredictions) {
  traffic(50);
  ASSERT_TRUE(monitor_->flush());
  traffic(30);  // not stored yet

  const auto answer = labels(0, 90);

  EXPECT_EQ(answer.accepted, 80);
  EXPECT_EQ(answer.unknown, 10);
  EXPECT_EQ(answer.waiting, 10);
  EXPECT_EQ(labelled().labelled, 80);
  EXPECT_EQ(labelled().correct, 80);
  EXPECT_EQ(labelled().scores.size(), 80u);
}

TEST_P(CaptureTest, ALabelMayComeBeforeItsPredictionEvenOverARestart) {
  EXPECT_EQ(labels(0, 60).waiting, 60);
  reopen();
  traffic(60);
  ASSERT_TRUE(monitor_->flush());

  EXPECT_EQ(labelled().labelled, 60);
  EXPECT_EQ(labels(0, 60).accepted, 60);  // known now, and not counted twice
  EXPECT_EQ(labelled().labelled, 60);
}

TEST_P(CaptureTest, RepeatingLabelsIsHarmlessAndTheLastOneCounts) {
  traffic(10);
  labels(0, 10);
  labels(0, 10);
  EXPECT_EQ(labelled().labelled, 10);
  EXPECT_EQ(quality().at(0).labelled, 10);

  labels(0, 1, true);
  EXPECT_EQ(labelled().labelled, 10);
  EXPECT_EQ(labelled().correct, 9);
}

TEST_P(CaptureTest, QualityWindowsCloseAndAlert) {
  traffic(250);
  labels(0, 100);
  EXPECT_TRUE(alerts().empty());
  labels(100, 200, true);

  const auto windows = quality();
  ASSERT_EQ(windows.size(), 2u);
  EXPECT_FALSE(windows[0].open);
  EXPECT_EQ(windows[0].labelled, 100);
  EXPECT_EQ(windows[0].metrics.at(0), (std::pair<std::string, double>("accuracy", 0)));
  EXPECT_EQ(windows[0].metrics.at(1), (std::pair<std::string, double>("roc_auc", 0)));
  EXPECT_EQ(windows[1].metrics.at(0).second, 1);
  ASSERT_EQ(alerts().size(), 1u);
  EXPECT_EQ(alerts()[0].kind, AlertKind::quality);
  EXPECT_EQ(alerts()[0].message,
            "accuracy of version 1 is 0 on 100 labelled predictions, at least 0.9 is wanted");
}

TEST_P(CaptureTest, AHalfFilledQualityWindowIsContinuedAfterARestart) {
  traffic(150);
  labels(0, 60);
  ASSERT_TRUE(monitor_->flush());
  reopen();
  labels(60, 110);

  const auto windows = quality();
  ASSERT_EQ(windows.size(), 2u);
  EXPECT_TRUE(windows[0].open);
  EXPECT_EQ(windows[0].labelled, 10);
  EXPECT_EQ(windows[1].labelled, 100);
}

TEST_P(CaptureTest, ATrafficWindowIsContinuedAfterARestartWithoutLossOrRepeat) {
  traffic(250);
  ASSERT_TRUE(monitor_->flush());  // one window of 250: what is there is compared
  traffic(120);
  ASSERT_TRUE(monitor_->flush());
  reopen();
  traffic(80);
  ASSERT_TRUE(monitor_->flush());

  ASSERT_EQ(reports().size(), 2u);
  EXPECT_EQ(reports()[1].rows, 250);
  EXPECT_EQ(reports()[0].rows, 200);
}

TEST_P(CaptureTest, EvidenceIsOfOneVersionAndSinceATime) {
  traffic(20);
  clock_.advance(1'000);
  const auto since = clock_.now();
  traffic(20, 0, "2");
  traffic(10);
  labels(0, 50);

  EXPECT_EQ(monitor_->labelled_quality("delays", "flights", "2", {0})->labelled, 20);
  EXPECT_EQ(monitor_->labelled_quality("delays", "flights", "1", since)->labelled, 10);
  EXPECT_EQ(labelled().labelled, 30);
}

TEST_P(CaptureTest, TheSampleRateIsHandedToServing) {
  set(R"({"sample_rate": 0.25})");
  EXPECT_EQ(rate_, 0.25);
  set(R"({"enabled": false})");
  EXPECT_EQ(rate_, 0);
}

TEST_P(CaptureTest, AForgottenEndpointLeavesNothing) {
  traffic(300, 40);
  ASSERT_TRUE(monitor_->flush());
  ASSERT_EQ(alerts().size(), 1u);
  ASSERT_TRUE(monitor_->forget("delays"));

  EXPECT_TRUE(alerts().empty());
  EXPECT_TRUE(reports().empty());
  EXPECT_EQ(labels(0, 1).unknown, 1);
  EXPECT_EQ(monitor_->settings("delays")->window_rows, 1'000);
}

}  // namespace
}  // namespace slipway::monitor
