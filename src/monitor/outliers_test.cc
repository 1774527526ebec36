// SPDX-License-Identifier: Apache-2.0
// How unusual rows are, by the names of their values, and the counting of outliers.
#include "monitor/outliers.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "monitor/settings.h"
#include "monitor/table.h"

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

TEST(OutlierSettings, TheShareIsBetweenNothingAndAll) {
  EXPECT_EQ(settings_from_json(R"({"outlier_share": 0.01})")->outlier_share, 0.01);
  EXPECT_FALSE(settings_from_json(R"({"outlier_share": 2})"));
  EXPECT_EQ(settings_from_json(R"({"outlier_share": null})")->outlier_share, 0);
}

}  // namespace
}  // namespace slipway::monitor
