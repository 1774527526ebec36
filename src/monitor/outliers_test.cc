// SPDX-License-Identifier: Apache-2.0
// How unusual rows are, by the names of their values, and the counting of outliers.
#include "monitor/outliers.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "monitor/settings.h"
#include "monitor/table.h"
#include "test_rig.h"

namespace slipway::monitor {
namespace {

// b is about twice a, c is a text.
Table reference() {
  std::string csv = "a,b,c,label\n";
  for (int i = 0; i < 200; ++i) {
    const double a = i % 20;
    csv += std::to_string(a) + "," + std::to_string(2 * a + (i % 3) * 0.1) + ",x," +
           std::to_string(i % 2) + "\n";
  }
  return *read_table(csv);
}

TEST(OutlierModelTest, RowsAreMeasuredByTheNamesOfTheirValues) {
  const auto profile = unpack_profile(pack_profile(profile_of(reference())));
  ASSERT_TRUE(profile);
  EXPECT_EQ(profile->row_columns, (std::vector<std::string>{"a", "b", "label"}));
  EXPECT_EQ(profile->row_values.size(), 600U);
  const auto model = OutlierModel::of(*profile, {{"c", true}, {"b", false}, {"a", false}});
  ASSERT_TRUE(model) << model.error().message;

  const auto usual = (*model)->score({std::string("x"), 20.1, 10.0});
  EXPECT_LT(usual.distance, 2);
  EXPECT_GT(usual.p_value, 0.2);
  // Each value is ordinary, both together are not.
  const auto odd = (*model)->score({std::string("x"), 2.0, 15.0});
  EXPECT_GT(odd.distance, 50);
  EXPECT_DOUBLE_EQ(odd.p_value, 1.0 / 201);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ((*model)->score({std::string("x"), nan, nan}).p_value, 1);
}

TEST(OutlierModelTest, WithoutCommonNumbersThereIsNothingToMeasure) {
  const auto profile = profile_of(reference());
  EXPECT_EQ(OutlierModel::of(profile, {{"z", false}}).error().code, Code::failed_precondition);
  EXPECT_FALSE(OutlierModel::of(profile, {{"a", true}}));
}

TEST(OutlierModelTest, LargeReferencesAreThinnedOut) {
  Table table{.columns = {{.name = "a"}}, .rows = 5000};
  for (int i = 0; i < 5000; ++i) {
    table.columns[0].numbers.push_back(i);
    table.columns[0].missing.push_back(i < 100);
  }
  const auto profile = profile_of(table);
  EXPECT_EQ(profile.row_values.size(), 2000U);
  for (const double x : profile.row_values) EXPECT_GE(x, 100);
}

class OutlierAlerts : public MonitorTest {
 protected:
  void SetUp() override {
    set(R"({"window_rows": 200, "min_rows": 100, "outlier_share": 0.02, "max_outlier_share": 0.1,
            "drift_threshold": 1})");
    learn();  // `temp` from 0.5 to 99.5
  }

  // `odd` of 200 rows are far from all that was learnt.
  void window_with(int odd, int failed = 0) {
    std::vector<Captured> batch;
    for (int i = 0; i < 200; ++i) {
      batch.push_back(row(i < odd ? 900 : 30 + i % 40, kCarriers[i % 3]));
      if (i >= 200 - failed) {
        batch.back().outputs.clear();
        batch.back().error = "it failed";
      }
    }
    clock_.advance(11'000);  // what was learnt is looked for again
    monitor_->capture(std::move(batch));
    const auto flushed = monitor_->flush();
    ASSERT_TRUE(flushed) << flushed.error().message;
  }

  std::vector<Alert> about_outliers() {
    auto out = alerts();
    std::erase_if(out, [](const Alert& alert) { return alert.kind != AlertKind::outliers; });
    return out;
  }
};
INSTANTIATE_TEST_SUITE_P(Dialects, OutlierAlerts,
                         ::testing::ValuesIn(store::TestDatabase::dialects()), dialect_name);

TEST_P(OutlierAlerts, OpenWhenTheShareOfAWindowLeavesTheBound) {
  window_with(20);
  EXPECT_TRUE(about_outliers().empty()) << "the bound itself is allowed";

  window_with(30);

  const auto open = about_outliers();
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(name_of(open[0].kind), "outliers");
  EXPECT_DOUBLE_EQ(open[0].value, 0.15);
  EXPECT_DOUBLE_EQ(open[0].threshold, 0.1);
  EXPECT_EQ(open[0].report_id, reports().at(0).id);
  EXPECT_EQ(open[0].message,
            "15 % of 200 rows are as unusual as 2 % of the reference, at most 10 % may be");

  window_with(0);
  EXPECT_TRUE(about_outliers().empty());
  EXPECT_EQ(alerts(false).at(0).closed_by, "a green window");
}

TEST_P(OutlierAlerts, WantEnoughRowsThatWereMeasured) {
  set(R"({"max_error_share": null})");
  window_with(90, 110);  // 90 answered rows
  EXPECT_TRUE(about_outliers().empty());
  window_with(100, 100);
  EXPECT_EQ(about_outliers().size(), 1U);
}

TEST_P(OutlierAlerts, AreNotOfVersionsWithoutAReference) {
  traffic(200, 900, "2");
  ASSERT_TRUE(monitor_->flush());
  EXPECT_TRUE(about_outliers().empty());
}

TEST_P(OutlierAlerts, CountWhatWasCapturedBeforeARestart) {
  std::vector<Captured> batch;
  for (int i = 0; i < 150; ++i) batch.push_back(row(900, "UA"));
  monitor_->capture(std::move(batch));
  ASSERT_TRUE(monitor_->flush());
  reopen();
  window_with(0);  // 150 and 200 rows, and no more than those
  ASSERT_EQ(about_outliers().size(), 1U);
  EXPECT_NEAR(about_outliers()[0].value, 150.0 / 350, 1e-9);
}

TEST(OutlierSettings, ABoundNeedsAMeasure) {
  const auto refused = settings_from_json(R"({"max_outlier_share": 0.1})");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("max_outlier_share"), std::string::npos);
  const auto taken = settings_from_json(R"({"outlier_share": 0.01, "max_outlier_share": 0.1})");
  ASSERT_TRUE(taken);
  EXPECT_EQ(settings_from_json(settings_to_json(*taken, false))->max_outlier_share, 0.1);
  EXPECT_FALSE(settings_from_json(R"({"outlier_share": null})", *taken));
}

TEST(OutlierSettings, TheShareIsBetweenNothingAndAll) {
  EXPECT_EQ(settings_from_json(R"({"outlier_share": 0.01})")->outlier_share, 0.01);
  EXPECT_FALSE(settings_from_json(R"({"outlier_share": 2})"));
  EXPECT_EQ(settings_from_json(R"({"outlier_share": null})")->outlier_share, 0);
}

}  // namespace
}  // namespace slipway::monitor
