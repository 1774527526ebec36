// SPDX-License-Identifier: Apache-2.0
// What windows expect of quality before outcomes come, and what they say of rows as a whole.
#include <cmath>

#include "monitor/documents.h"
#include "test_rig.h"

namespace slipway::monitor {
namespace {

class EstimatesTest : public MonitorTest {
 protected:
  void SetUp() override { set(R"({"window_rows": 1000})"); }

  double even() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<double>(state_ >> 40) / (1 << 24);
  }

  // What is true with chance p * p when the score is p.
  void learn_scores() {
    std::string csv = "temp,prediction,label\n";
    for (int i = 0; i < 4'000; ++i) {
      const double p = even();
      csv += "1.5," + number_text(p) + "," + (even() < p * p ? "1" : "0") + "\n";
    }
    ASSERT_TRUE(monitor_->set_reference("flights", "1", *read_table(csv)));
  }

  // A window of scores between low and high; its outcomes.
  std::vector<Label> score(double low, double high) {
    std::vector<Captured> batch;
    std::vector<Label> out;
    for (int i = 0; i < 1'000; ++i) {
      auto captured = row(1.5, "UA");
      const double p = low + (high - low) * even();
      captured.outputs = {p};
      out.push_back({captured.request_id, even() < p * p ? "1" : "0"});
      batch.push_back(std::move(captured));
      clock_.advance(1);
    }
    monitor_->capture(std::move(batch));
    EXPECT_TRUE(monitor_->flush());
    return out;
  }

  static double value(const std::vector<std::pair<std::string, double>>& from,
                      const std::string& name) {
    for (const auto& [key, x] : from) {
      if (key == name) return x;
    }
    return std::nan("");
  }

  std::uint64_t state_ = 3;
};
INSTANTIATE_TEST_SUITE_P(Dialects, EstimatesTest,
                         ::testing::ValuesIn(store::TestDatabase::dialects()), dialect_name);

TEST_P(EstimatesTest, AWindowExpectsTheQualityThatItsOutcomesShowLater) {
  learn_scores();
  reopen();  // the calibration is stored with the reference
  score(0, 1);
  const auto labels = score(0.45, 0.85);
  const auto before = reports().at(0);
  EXPECT_TRUE(before.calibrated);
  EXPECT_TRUE(before.realised.empty());
  ASSERT_TRUE(monitor_->feedback("delays", labels));
  const auto after = reports().at(0);
  for (const std::string metric : {"accuracy", "roc_auc"}) {
    EXPECT_NEAR(value(after.estimated, metric), value(after.realised, metric), 0.05) << metric;
  }
  EXPECT_LT(value(after.estimated, "accuracy"),
            value(reports().at(1).estimated, "accuracy") - 0.05);
  EXPECT_EQ(value(after.realised, "labelled"), 1'000);
  EXPECT_EQ(value(after.estimated, "f1"), value(before.estimated, "f1"));
  EXPECT_NE(report_json(after).find("\"realised\":{\"accuracy\":"), std::string::npos);
  EXPECT_NE(meters_->prometheus_text().find("slipway_estimated_quality{"), std::string::npos);
}

TEST_P(EstimatesTest, WithoutOutcomesInTheReferenceTheScoresCountAsTheyAre) {
  learn();
  score(0.8, 0.8);
  const auto report = reports().at(0);
  EXPECT_FALSE(report.calibrated);
  EXPECT_NEAR(value(report.estimated, "accuracy"), 0.8, 1e-6);
}

TEST_P(EstimatesTest, TheErrorOfNumbersIsExpectedFromTheFeatures) {
  std::string csv = "temp,carrier,prediction,target\n";
  for (int i = 0; i < 5'000; ++i) {
    const double temp = 10 * even();
    csv += number_text(temp) + "," + kCarriers[i % 3] + ",50," +
           number_text(50 + (i % 2 == 0 ? temp : -temp)) + "\n";
  }
  ASSERT_TRUE(monitor_->set_reference("flights", "1", *read_table(csv)));
  reopen();
  std::vector<Captured> batch;
  for (int i = 0; i < 1'000; ++i) {
    auto captured = row(8 + 2 * even(), kCarriers[i % 3]);
    captured.outputs = {50.0};
    batch.push_back(std::move(captured));
  }
  monitor_->capture(std::move(batch));
  ASSERT_TRUE(monitor_->flush());
  const auto report = reports().at(0);
  EXPECT_NEAR(value(report.estimated, "mae"), 9, 0.4);
  EXPECT_NEAR(value(report.estimated, "rmse"), std::sqrt(81 + 1.0 / 3), 0.5);
}

TEST_P(EstimatesTest, RowsAsAWholeShowWhatNoColumnDoes) {
  set(R"({"multivariate": true})");
  std::string csv = "temp,wind\n";
  for (int i = 0; i < 2'000; ++i) {
    const double x = even();
    csv += number_text(x) + "," + number_text(x + 0.1 * even()) + "\n";
  }
  ASSERT_TRUE(monitor_->set_reference("flights", "1", *read_table(csv)));
  static const auto schema =
      std::make_shared<const Schema>(Schema{{{"temp", false}, {"wind", false}}, {}});
  for (const bool turned : {false, true}) {
    std::vector<Captured> batch;
    for (int i = 0; i < 1'000; ++i) {
      const double x = even();
      const double y = x + 0.1 * even();
      auto captured = row(1, "UA");
      captured.schema = schema;
      captured.features = {x, turned ? 1.1 - y : y};
      captured.outputs = {};
      batch.push_back(std::move(captured));
    }
    monitor_->capture(std::move(batch));
    ASSERT_TRUE(monitor_->flush());
  }
  const auto turned = reports().at(0);
  const auto same = reports().at(1);
  EXPECT_EQ(same.drift_share, 0);
  EXPECT_FALSE(same.dataset_drift);
  EXPECT_EQ(turned.drift_share, 0);
  EXPECT_TRUE(turned.dataset_drift);
  EXPECT_GT(value(turned.multivariate, "roc_auc"), 0.9);
  EXPECT_LT(value(turned.multivariate, "mmd_p_value"), 0.01);
  EXPECT_TRUE(turned.findings.at(0).starts_with("rows as a whole differ from the reference"));
}

}  // namespace
}  // namespace slipway::monitor
