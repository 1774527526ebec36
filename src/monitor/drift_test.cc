// SPDX-License-Identifier: Apache-2.0
// Windows of traffic against a reference: verdicts, findings, shares.
#include <cmath>
#include <limits>

#include "meter/meter.h"
#include "test_rig.h"

namespace slipway::monitor {
namespace {

class DriftTest : public MonitorTest {
 protected:
  void SetUp() override { set(R"({"window_rows": 200, "min_rows": 50})"); }
};
INSTANTIATE_TEST_SUITE_P(Dialects, DriftTest, ::testing::ValuesIn(store::TestDatabase::dialects()),
                         dialect_name);

ReportColumn column(const DriftReport& report, const std::string& name) {
  for (const auto& c : report.columns) {
    if (c.name == name) return c;
  }
  ADD_FAILURE() << "no column " << name;
  return {};
}

TEST_P(DriftTest, TrafficLikeTheReferenceIsGreen) {
  learn();
  window();

  ASSERT_EQ(reports().size(), 1u);
  const auto report = reports()[0];
  EXPECT_EQ(report.rows, 200);
  EXPECT_EQ(report.drift_share, 0);
  EXPECT_FALSE(report.dataset_drift);
  EXPECT_EQ(column(report, "temp").drift.method, stats::Method::ks);
  EXPECT_GT(*column(report, "temp").drift.p_value, 0.5);
  EXPECT_EQ(column(report, "carrier").drift.method, stats::Method::chisquare);
  EXPECT_TRUE(alerts().empty());
}

TEST_P(DriftTest, AShiftedColumnIsFoundAndShared) {
  learn();
  window(40);

  const auto report = reports().at(0);
  EXPECT_TRUE(column(report, "temp").drift.drifted);
  EXPECT_FALSE(column(report, "carrier").drift.drifted);
  EXPECT_DOUBLE_EQ(report.drift_share, 0.5);
  EXPECT_TRUE(report.dataset_drift);
  EXPECT_EQ(column(report, "temp").findings.at(0),
            "40 % of the rows outside the reference's 0.5 .. 99.5");
  const auto text = meters_->prometheus_text();
  EXPECT_NE(
      text.find("slipway_drift_share{endpoint=\"delays\",model=\"flights\",version=\"1\"} 0.5"),
      std::string::npos)
      << text;
}

TEST_P(DriftTest, AWindowClosesByTimeOnceItHasEnoughRows) {
  set(R"({"window_rows": 10000, "window_seconds": 60})");
  learn();
  traffic(49);
  clock_.advance(61'000);
  ASSERT_TRUE(monitor_->flush());
  EXPECT_TRUE(reports().empty());  // 49 are too few, and their minute begins when they are stored

  traffic(1);
  clock_.advance(61'000);
  ASSERT_TRUE(monitor_->flush());
  EXPECT_EQ(reports().at(0).rows, 50);
}

TEST_P(DriftTest, AMissingColumnAndANewOneAreFindingsNotFailures) {
  const auto table = read_table("temp,gone\n1.5,2.5\n2.5,3.5\n");
  ASSERT_TRUE(monitor_->set_reference("flights", "1", *table));
  window();

  const auto report = reports().at(0);
  EXPECT_EQ(column(report, "gone").drift.error, "the column is not in the traffic");
  EXPECT_FALSE(column(report, "gone").drift.score);
  EXPECT_TRUE(column(report, "temp").drift.score);
  EXPECT_EQ(report.findings,
            (std::vector<std::string>{"column 'gone' is gone",
                                      "column 'carrier' is not in the reference"}));
}

TEST_P(DriftTest, ColumnsWithoutValuesDoNotEndTheReport) {
  learn();
  std::vector<Captured> rows;
  for (int i = 0; i < 200; ++i) {
    rows.push_back(row(std::numeric_limits<double>::quiet_NaN(), kCarriers[i % 3]));
  }
  monitor_->capture(std::move(rows));
  ASSERT_TRUE(monitor_->flush());

  const auto report = reports().at(0);
  EXPECT_EQ(column(report, "temp").drift.error, "the current data has no values");
  EXPECT_TRUE(column(report, "temp").drift.drifted);  // all missing is a change by itself
  EXPECT_EQ(column(report, "temp").findings.at(0),
            "missing values went from 0 % to 100 % of the rows");
  EXPECT_FALSE(column(report, "carrier").drift.drifted);
}

TEST_P(DriftTest, ACategoryNeverSeenIsNamed) {
  learn();
  std::vector<Captured> rows;
  for (int i = 0; i < 200; ++i) rows.push_back(row(i % 100 + 0.5, i % 4 == 0 ? "ZZ" : "UA"));
  monitor_->capture(std::move(rows));
  ASSERT_TRUE(monitor_->flush());

  const auto carrier = column(reports().at(0), "carrier");
  EXPECT_EQ(carrier.drift.p_value, 0);
  EXPECT_TRUE(carrier.drift.drifted);
  EXPECT_EQ(carrier.findings.at(0), "1 values never seen in the reference (25 % of the rows): ZZ");
}

TEST_P(DriftTest, ColumnRulesDecide) {
  learn();
  set(R"({"columns": {"temp": {"method": "psi", "threshold": 100}, "carrier": {"ignore": true}}})");
  window(40);

  const auto report = reports().at(0);
  ASSERT_EQ(report.columns.size(), 1u);
  EXPECT_EQ(report.columns[0].drift.method, stats::Method::psi);
  EXPECT_GT(*report.columns[0].drift.score, 0.1);
  EXPECT_FALSE(report.columns[0].drift.drifted);
}

TEST_P(DriftTest, AVersionWithoutReferenceReportsWhy) {
  window();

  const auto report = reports().at(0);
  EXPECT_EQ(report.error, "version 1 of model 'flights' has no reference profile");
  EXPECT_TRUE(report.columns.empty());
  EXPECT_TRUE(alerts().empty());
}

TEST_P(DriftTest, TheReferenceThatCameWithAVersionIsReadWhenItIsWanted) {
  int reads = 0;
  monitor_->connect({.reference = [&](const std::string&, const std::string& version) {
    ++reads;
    return Result<std::string>(version == "1" ? "temp\n1.5\n2.5\n" : "");
  }});

  EXPECT_FALSE(monitor_->has_reference("flights", "2"));
  EXPECT_TRUE(monitor_->has_reference("flights", "1"));
  EXPECT_EQ(monitor_->reference("flights", "1")->rows, 2);
  EXPECT_EQ(reads, 2);
  reopen();
  EXPECT_EQ(monitor_->reference("flights", "1")->rows, 2);  // kept
}

TEST_P(DriftTest, FloatsOfAModelTieWithTheDoublesOfTheReference) {
  std::string csv = "x\n";
  for (int i = 0; i < 300; ++i) csv += number_text(0.1 * (i % 6) + 0.1) + "\n";
  ASSERT_TRUE(monitor_->set_reference("flights", "1", *read_table(csv)));
  const auto schema = std::make_shared<const Schema>(Schema{{{"x", false}}, {}});
  std::vector<Captured> rows;
  for (int i = 0; i < 300; ++i) {
    auto r = row(0, "");
    r.schema = schema;
    r.features = {static_cast<double>(static_cast<float>(0.1 * (i % 6) + 0.1))};
    rows.push_back(std::move(r));
  }
  monitor_->capture(std::move(rows));
  ASSERT_TRUE(monitor_->flush());

  EXPECT_EQ(column(reports().at(0), "x").drift.statistic, 0);
}

TEST(Reference, SurvivesStorageWholeAndBounded) {
  std::string csv = "x,name,when\n";
  for (int i = 0; i < 30'000; ++i) {
    csv += number_text(i * 0.25) + ",n" + std::to_string(i % 1'500) + ",2013-01-01T00:00:00Z\n";
  }
  const auto profile = profile_of(*read_table(csv));
  const auto back = unpack_profile(pack_profile(profile));

  ASSERT_TRUE(back);
  ASSERT_EQ(back->columns.size(), 3u);
  EXPECT_EQ(back->rows, 30'000);
  EXPECT_EQ(back->columns[0].sample.values.size(), 10'000u);
  EXPECT_EQ(back->columns[0].sample.values, profile.columns[0].sample.values);
  EXPECT_EQ(back->columns[0].max, 29'999 * 0.25);
  EXPECT_EQ(back->columns[1].sample.counts.size(), 1'000u);
  EXPECT_EQ(back->columns[1].other, 500 * 20);
  EXPECT_EQ(back->columns[2].sample.type, stats::ColumnType::datetime);
  EXPECT_EQ(unpack_profile("rubbish").error().code, Code::data_loss);
  EXPECT_EQ(unpack_profile(pack_profile(profile).substr(0, 500)).error().code, Code::data_loss);
}

TEST(Table, TypesFollowWhatIsWritten) {
  const auto table = read_table(
      "few,many,share,flag,text,code,empty\n"
      "1,1,0.5,True,abc,x,\n2,200,1.0,False,def,x,\n1,3,,True,ghi,y,\n2,4,2,False,jkl,y,NA\n");

  ASSERT_TRUE(table) << table.error().message;
  using stats::ColumnType;
  EXPECT_EQ(type_of(*table->find("few")), ColumnType::categorical);
  EXPECT_EQ(type_of(*table->find("share")), ColumnType::numerical);
  EXPECT_EQ(type_of(*table->find("flag")), ColumnType::categorical);
  EXPECT_EQ(type_of(*table->find("text")), ColumnType::text);
  EXPECT_EQ(type_of(*table->find("code")), ColumnType::categorical);
  EXPECT_EQ(type_of(*table->find("empty")), ColumnType::unknown);
}

TEST(Table, JsonLinesMayLackColumns) {
  const auto table = read_table("{\"a\": 1.5}\n\n{\"b\": \"x\", \"a\": null}\n{\"a\": 2}\n");

  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(table->rows, 3u);
  EXPECT_EQ(table->find("a")->missing, (std::vector<bool>{false, true, false}));
  EXPECT_EQ(table->find("b")->missing, (std::vector<bool>{true, false, true}));
  EXPECT_EQ(read_table("{\"a\": 1}\nnonsense\n").error().code, Code::invalid_argument);
  EXPECT_EQ(read_table("a,a\n1,2\n").error().message, "column 'a' is there twice");
}

TEST_P(DriftTest, CorrectionsOfManyTestsAreAsTheSettingsSay) {
  learn();
  set(R"({"correction": "fdr", "min_effect": 0})");
  window();
  const auto fdr = reports().at(0);
  for (const auto& column : fdr.columns) {
    ASSERT_TRUE(column.drift.adjusted_p_value) << column.name;
    EXPECT_GE(*column.drift.adjusted_p_value, *column.drift.p_value);
    EXPECT_EQ(column.drift.threshold, 0.05);
    EXPECT_LT(*column.drift.effect, 0.05);
  }
  set(R"({"correction": null})");
  window();
  EXPECT_EQ(column(reports().at(0), "temp").drift.threshold, 0.025);
  EXPECT_FALSE(column(reports().at(0), "temp").drift.adjusted_p_value);
  EXPECT_FALSE(monitor_->set_settings("delays", R"({"correction": "holm"})"));
}

TEST_P(DriftTest, TextsWhereTheReferenceHasNumbersAreDrift) {
  learn();
  static const auto schema = std::make_shared<const Schema>(Schema{{{"temp", true}}, {}});
  std::vector<Captured> rows;
  for (int i = 0; i < 200; ++i) {
    auto captured = row(1, "UA");
    captured.schema = schema;
    captured.features = {i % 2 == 0 ? std::string("cold") : std::string("7.5")};
    captured.outputs = {};
    rows.push_back(std::move(captured));
  }
  monitor_->capture(std::move(rows));
  ASSERT_TRUE(monitor_->flush());
  const auto found = column(reports().at(0), "temp");
  EXPECT_TRUE(found.drift.drifted);
  EXPECT_EQ(found.findings.at(0), "texts where the reference has numbers, in 100 rows: 'cold'");
}

TEST_P(DriftTest, EachColumnHasABandOfTheReference) {
  learn();
  set(R"({"window_rows": 300, "min_rows": 50})");
  traffic(300);
  ASSERT_TRUE(monitor_->flush());
  traffic(300, 20);
  ASSERT_TRUE(monitor_->flush());
  const auto both = reports();
  ASSERT_EQ(both.size(), 2u);
  const auto band = [](const DriftReport& report, std::size_t column) {
    return report.columns.at(column).band.value_or(Band{});
  };
  const auto calm = band(both[1], 0);
  EXPECT_EQ(calm.measure, "mean");
  EXPECT_NEAR(calm.value, 50, 1e-9);
  EXPECT_NEAR((calm.low + calm.high) / 2, 50, 1e-9);
  // 28.9 is the standard deviation of 0.5 .. 99.5.
  EXPECT_NEAR(calm.high - calm.low, 6 * 28.9 * std::sqrt(1 / 300.0 + 1 / 600.0), 0.1);
  EXPECT_GT(band(both[0], 0).value, band(both[0], 0).high);
  const auto carrier = band(both[0], 1);
  EXPECT_EQ(carrier.measure, "share of AA");
  EXPECT_GT(carrier.value, carrier.low);
  EXPECT_LT(carrier.value, carrier.high);
}

}  // namespace
}  // namespace slipway::monitor
