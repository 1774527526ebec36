// SPDX-License-Identifier: Apache-2.0
// What windows leave behind for years: merged over windows, days and versions.
#include <limits>

#include "json/value.h"
#include "test_rig.h"

namespace slipway::monitor {
namespace {

class ProfilesTest : public MonitorTest {
 protected:
  void SetUp() override { set(R"({"window_rows": 200, "min_rows": 50})"); }

  json::value profiles(Timestamp from = {0},
                       Timestamp to = {std::numeric_limits<std::int64_t>::max()},
                       const std::string& version = "") {
    const auto document = monitor_->profiles({"delays", version, from, to});
    EXPECT_TRUE(document);
    return *json::parse_value(document.value_or("{}"));
  }
  static json::value column(const json::value& document, std::size_t place) {
    return json::find(document, "columns")->get_array().at(place);
  }
};
INSTANTIATE_TEST_SUITE_P(Dialects, ProfilesTest,
                         ::testing::ValuesIn(store::TestDatabase::dialects()), dialect_name);

TEST_P(ProfilesTest, WindowsAreMergedAsIfTheyWereOne) {
  learn();
  for (const double shift : {0.0, 10.0, 0.0}) window(shift);
  const auto all = profiles();
  EXPECT_EQ(json::int_at(all, "windows"), 3);
  EXPECT_EQ(json::int_at(all, "rows"), 600);
  const auto temp = column(all, 0);
  EXPECT_EQ(json::text_at(temp, "name"), "temp");
  EXPECT_EQ(json::int_at(temp, "present"), 600);
  EXPECT_DOUBLE_EQ(*json::number_at(temp, "min"), 0.5);
  EXPECT_DOUBLE_EQ(*json::number_at(temp, "max"), 109.5);
  EXPECT_NEAR(*json::number_at(temp, "mean"), 50 + 10.0 / 3, 1e-9);
  EXPECT_NEAR(*json::number_at(temp, "distinct"), 110, 3);
  EXPECT_NEAR(*json::number_at(*json::find(temp, "quantiles"), "0.5"), 53.5, 3);
  const auto carrier = column(all, 1);
  const auto& most = json::find(carrier, "most_common")->get_array();
  ASSERT_EQ(most.size(), 3u);
  EXPECT_EQ(most.at(0).at(1).to_number<int>() + most.at(1).at(1).to_number<int>() +
                most.at(2).at(1).to_number<int>(),
            600);
}

TEST_P(ProfilesTest, ATimeAndAVersionChooseTheWindows) {
  learn();
  learn("2");
  window(0);
  const auto middle = clock_.now();
  clock_.advance(1);
  window(20, "2");
  EXPECT_EQ(json::int_at(profiles({0}, middle), "rows"), 200);
  EXPECT_DOUBLE_EQ(*json::number_at(column(profiles(middle), 0), "max"), 119.5);
  EXPECT_EQ(json::int_at(profiles({0}, {1LL << 60}, "1"), "rows"), 200);
  const auto none = profiles({0}, {1});
  EXPECT_EQ(json::int_at(none, "windows"), 0);
  EXPECT_TRUE(json::find(none, "from")->is_null());
  EXPECT_EQ(json::find(profiles(), "versions")->get_array().size(), 2u);
}

TEST_P(ProfilesTest, OldDaysBecomeOneRowAndSayTheSame) {
  learn();
  for (int i = 0; i < 4; ++i) window(i);
  const auto before = profiles();
  clock_.advance(9 * 86'400'000LL);
  ASSERT_TRUE(monitor_->flush());  // maintains
  reopen();
  const auto after = profiles();
  EXPECT_EQ(json::dump_value(*json::find(before, "columns")),
            json::dump_value(*json::find(after, "columns")));
  EXPECT_EQ(json::int_at(after, "windows"), 4);
  const auto rows = db_->read([](store::Connection& c) {
    return c.all("SELECT windows, LENGTH(profile) FROM monitor_profile", {},
                 [](const store::Row& row) { return std::pair(row.int64(0), row.int64(1)); });
  });
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ(rows->at(0).first, 4);
  EXPECT_LT(rows->at(0).second, 12'000);  // three columns, compressed
}

TEST_P(ProfilesTest, TheyGoWithTheEndpoint) {
  learn();
  window();
  ASSERT_TRUE(monitor_->forget("delays"));
  EXPECT_EQ(json::int_at(profiles(), "windows"), 0);
}

TEST(Profiles, DamagedOnesAreSaidToBe) {
  WindowProfile profile{.rows = 3};
  SketchedColumn column{.field = {"x", false}};
  column.moments.add(1.5);
  column.quantiles.add(1.5);
  profile.columns.push_back(column);
  const auto bytes = pack_window(profile);
  WindowProfile back;
  ASSERT_TRUE(unpack_window(bytes, back));
  EXPECT_EQ(back.columns.at(0).moments.mean, 1.5);
  EXPECT_EQ(back.columns.at(0).quantiles.at(0.5), 1.5);
  for (std::size_t cut = 0; cut < bytes.size(); cut += 7) {
    WindowProfile part;
    EXPECT_FALSE(unpack_window(bytes.substr(0, cut), part)) << cut;
  }
}

}  // namespace
}  // namespace slipway::monitor
