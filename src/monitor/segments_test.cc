// SPDX-License-Identifier: Apache-2.0
// Live windows say where a change is, and what a fall of quality comes of.
#include "monitor/documents.h"
#include "test_rig.h"

namespace slipway::monitor {
namespace {

constexpr const char* kOrigins[] = {"EWR", "JFK"};

class SegmentsTest : public MonitorTest {
 protected:
  void SetUp() override {
    set(R"({"window_rows": 1200, "min_rows": 100, "webhooks": ["http://h"]})");
  }

  // Three carriers at two airports; `distance` spreads evenly.
  static double distance_of(int i) { return 100 + (i * 37) % 400; }

  void learn_flights(int rows) {
    std::string csv = "carrier,origin,distance\n";
    for (int i = 0; i < rows; ++i) {
      csv += std::string(kCarriers[i % 3]) + "," + kOrigins[(i / 3) % 2] + "," +
             number_text(distance_of(i)) + ".5\n";
    }
    const auto table = read_table(csv);
    ASSERT_TRUE(table) << table.error().message;
    ASSERT_TRUE(monitor_->set_reference("flights", "1", *table));
  }

  Captured flight(int i, double distance, double answer) {
    static const auto schema = std::make_shared<const Schema>(
        Schema{{{"carrier", true}, {"origin", true}, {"distance", false}}, {{"delay", false}}});
    auto out = row(0, "");
    out.schema = schema;
    out.features = {std::string(kCarriers[i % 3]), std::string(kOrigins[(i / 3) % 2]), distance};
    out.outputs = {answer};
    return out;
  }
};
INSTANTIATE_TEST_SUITE_P(Dialects, SegmentsTest,
                         ::testing::ValuesIn(store::TestDatabase::dialects()), dialect_name);

TEST_P(SegmentsTest, TheReportAndTheAlertSayWhereTheChangeIs) {
  learn_flights(3'000);
  reopen();  // the rows are in the store
  std::vector<Captured> rows;
  for (int i = 0; i < 1'200; ++i) {
    const bool changed = i % 3 == 0 && (i / 3) % 2 == 0;  // UA from EWR
    rows.push_back(flight(i, distance_of(i) + (changed ? 300.5 : 0.5), 1.5));
  }
  monitor_->capture(std::move(rows));
  ASSERT_TRUE(monitor_->flush());

  const auto report = reports().at(0);
  ASSERT_EQ(report.segments.size(), 1U);
  const auto& segment = report.segments[0];
  EXPECT_EQ(segment.column, "distance");
  EXPECT_EQ(segment.conditions, (std::vector<std::string>{"carrier = UA", "origin = EWR"}));
  EXPECT_GT(segment.effect, 0.5);
  EXPECT_LT(segment.effect_elsewhere, 0.1);
  const auto alert = alerts().at(0);
  EXPECT_TRUE(alert.message.ends_with("; distance: the change is in carrier = UA, origin = EWR"))
      << alert.message;
  EXPECT_NE(report_json(report).find(R"("conditions":["carrier = UA","origin = EWR"])"),
            std::string::npos);
}

TEST_P(SegmentsTest, AChangeThatIsEverywhereHasNone) {
  learn_flights(3'000);
  std::vector<Captured> rows;
  for (int i = 0; i < 1'200; ++i) rows.push_back(flight(i, distance_of(i) + 200.5, 1.5));
  monitor_->capture(std::move(rows));
  ASSERT_TRUE(monitor_->flush());
  EXPECT_TRUE(reports().at(0).dataset_drift);
  EXPECT_TRUE(reports().at(0).segments.empty());
}

TEST_P(SegmentsTest, AFallOfQualityNamesTheColumnThatItComesOf) {
  set(R"({"window_rows": 100000, "quality": {"metric": "mae", "max": 10, "window_rows": 300}})");
  // Long flights are predicted badly; there are few of them at first, and many later.
  const auto month = [&](int long_ones) {
    std::vector<Captured> rows;
    std::vector<Label> labels;
    for (int i = 0; i < 300; ++i) {
      const bool is_long = i % 10 < long_ones;
      rows.push_back(flight(i, is_long ? 2'000.5 : distance_of(i) + 0.5, 20.5));
      labels.push_back({rows.back().request_id, is_long ? "60.25" : "21.25"});
    }
    monitor_->capture(std::move(rows));
    ASSERT_TRUE(monitor_->flush());
    ASSERT_TRUE(monitor_->feedback("delays", labels));
    clock_.advance(1'000);
  };
  month(1);
  EXPECT_TRUE(alerts().empty());
  month(8);
  ASSERT_EQ(alerts().size(), 1U);
  EXPECT_NE(alerts()[0].message.find("of the fall comes of other values of 'distance'"),
            std::string::npos)
      << alerts()[0].message;
  const auto windows = monitor_->quality("delays", "1", {})->items;
  ASSERT_TRUE(windows.at(0).drop);
  EXPECT_EQ(windows.at(0).drop->columns.at(0).column, "distance");
  EXPECT_GT(windows.at(0).drop->current_loss, windows.at(0).drop->reference_loss + 10);
  EXPECT_FALSE(windows.at(1).drop);
}

TEST_P(SegmentsTest, OutcomesThatComeLateAreExplainedByTheirOwnTime) {
  set(R"({"window_rows": 100000, "quality": {"metric": "mae", "max": 10, "window_rows": 300}})");
  std::vector<Label> labels;
  for (int month = 0; month < 2; ++month) {
    std::vector<Captured> rows;
    for (int i = 0; i < 300; ++i) {
      rows.push_back(flight(i, distance_of(i) + 0.5, 20.5));
      const bool late = month == 1 && i % 3 == 0;  // the same flights of UA are late now
      labels.push_back({rows.back().request_id, late ? "90.25" : "21.25"});
    }
    monitor_->capture(std::move(rows));
    ASSERT_TRUE(monitor_->flush());
    clock_.advance(86'400'000);
  }
  reopen();
  ASSERT_TRUE(monitor_->feedback("delays", labels));
  ASSERT_EQ(alerts().size(), 1U);
  EXPECT_NE(alerts()[0].message.find("like values have other outcomes, most where carrier = UA"),
            std::string::npos)
      << alerts()[0].message;
}

}  // namespace
}  // namespace slipway::monitor
