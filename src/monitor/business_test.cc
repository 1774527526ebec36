// SPDX-License-Identifier: Apache-2.0
// Events of the business: attributed to the version that answered, counted once, alarmed on.
#include "monitor/business.h"

#include "test_rig.h"

namespace slipway::monitor {
namespace {

class BusinessTest : public MonitorTest {
 protected:
  BusinessAnswer tell(const std::vector<BusinessEvent>& events) {
    const auto answer = monitor_->take_events("delays", events);
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().message);
    return answer.value_or(BusinessAnswer{});
  }
  std::vector<BusinessOfVersion> read(std::int64_t since = 0) {
    EXPECT_TRUE(monitor_->flush());
    const auto found = monitor_->business("delays", {since});
    EXPECT_TRUE(found) << (found ? "" : found.error().message);
    return found.value_or(std::vector<BusinessOfVersion>{});
  }
};
INSTANTIATE_TEST_SUITE_P(Dialects, BusinessTest,
                         ::testing::ValuesIn(store::TestDatabase::dialects()), dialect_name);

TEST_P(BusinessTest, each_event_goes_to_the_version_that_answered) {
  traffic(100, 0, "1");  // r0 .. r99
  traffic(50, 0, "2");   // r100 .. r149
  ASSERT_TRUE(monitor_->flush());
  const auto answer = tell({{"r3", "conversion"},
                            {"r4", "conversion"},
                            {"r120", "conversion"},
                            {"r3", "revenue", "bill 1", 10},
                            {"r3", "revenue", "bill 2", 5}});
  EXPECT_EQ(answer.accepted, 5);
  const auto found = read();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].version, "1");
  EXPECT_EQ(found[0].predictions, 100);
  ASSERT_EQ(found[0].events.size(), 2u);
  EXPECT_EQ(found[0].events[0].event, "conversion");
  EXPECT_EQ(found[0].events[0].requests, 2);
  EXPECT_EQ(found[0].events[1].events, 2);
  EXPECT_EQ(found[0].events[1].requests, 1);
  EXPECT_DOUBLE_EQ(found[0].events[1].value, 15);
  EXPECT_DOUBLE_EQ(found[0].events[1].squares, 225);
  EXPECT_EQ(found[1].version, "2");
  EXPECT_EQ(found[1].predictions, 50);
}

TEST_P(BusinessTest, repeating_a_call_changes_nothing) {
  traffic(10);
  EXPECT_EQ(tell({{"r1", "conversion"}, {"r1", "revenue", "a", 3}}).accepted, 2);
  const auto again = tell({{"r1", "conversion"}, {"r1", "revenue", "a", 7}, {"r1", "revenue"}});
  EXPECT_EQ(again.repeated, 2);
  EXPECT_EQ(again.accepted, 1);
  EXPECT_DOUBLE_EQ(read().at(0).events.at(1).value, 4);
}

TEST_P(BusinessTest, an_event_waits_for_its_prediction_also_over_a_restart) {
  EXPECT_EQ(tell({{"r2", "conversion"}, {"gone", "conversion"}}).waiting, 2);
  reopen();
  traffic(5);
  const auto found = read();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].events.at(0).requests, 1);
  EXPECT_EQ(tell({{"r2", "conversion"}}).repeated, 1);
  EXPECT_NE(meters_->prometheus_text().find("slipway_business_total{endpoint=\"delays\","
                                            "event=\"conversion\""),
            std::string::npos);
}

TEST_P(BusinessTest, a_batch_is_named_by_its_request) {
  auto first = row(20, "UA");
  first.request_id = "batch/0";
  auto second = row(20, "UA");
  second.request_id = "batch/1";
  monitor_->capture({first, second});
  EXPECT_EQ(tell({{"batch", "conversion"}, {"batch/1", "conversion"}}).accepted, 2);
  EXPECT_EQ(read().at(0).events.at(0).requests, 2);
}

TEST_P(BusinessTest, shadows_earn_nothing) {
  auto shadow = row(20, "UA", "2");
  shadow.shadow = true;
  auto answered = row(20, "UA", "1");
  shadow.request_id = answered.request_id = "both";
  monitor_->capture({answered, shadow});
  EXPECT_EQ(tell({{"both", "conversion"}}).accepted, 1);
  for (const auto& one : read()) EXPECT_EQ(one.events.size(), one.version == "1" ? 1u : 0u);
}

TEST_P(BusinessTest, only_predictions_since_a_moment_count) {
  traffic(10);
  ASSERT_TRUE(monitor_->flush());
  clock_.advance(60'000);
  const auto since = clock_.now().ms;
  traffic(7);
  tell({{"r1", "conversion"}, {"r12", "conversion"}});
  const auto found = read(since);
  EXPECT_EQ(found.at(0).predictions, 7);
  EXPECT_EQ(found.at(0).events.at(0).requests, 1);
}

TEST_P(BusinessTest, a_fall_below_the_minimum_opens_an_alert) {
  set(R"({"stakes": "business", "business": {"event": "conversion", "min": 0.1,
                                             "window_rows": 50}})");
  ASSERT_TRUE(monitor_->flush());  // the first look begins the window
  const auto sell = [&](int rows, int every) {
    const int first = next_;
    clock_.advance(1'000);
    traffic(rows);
    std::vector<BusinessEvent> events;
    for (int i = first; i < first + rows; i += every) {
      events.push_back({"r" + std::to_string(i), "conversion"});
    }
    tell(events);
    clock_.advance(2'000);
    ASSERT_TRUE(monitor_->flush());
  };
  sell(60, 5);
  EXPECT_TRUE(alerts().empty());
  sell(60, 30);
  ASSERT_EQ(alerts().size(), 1u);
  EXPECT_EQ(alerts()[0].kind, AlertKind::business);
  EXPECT_EQ(alerts()[0].severity, "critical");
  EXPECT_NE(alerts()[0].message.find("the rate of 'conversion' of version 1"), std::string::npos);
  sell(60, 5);
  EXPECT_TRUE(alerts().empty());
}

TEST_P(BusinessTest, the_window_goes_on_after_a_restart) {
  set(R"({"business": {"event": "conversion", "min": 0.1, "window_rows": 50}})");
  ASSERT_TRUE(monitor_->flush());  // the first look begins the window
  clock_.advance(1'000);
  traffic(30);
  ASSERT_TRUE(monitor_->flush());
  reopen();
  ASSERT_TRUE(monitor_->settings("delays"));
  clock_.advance(1'000);
  traffic(30);
  clock_.advance(2'000);
  ASSERT_TRUE(monitor_->flush());
  ASSERT_EQ(alerts().size(), 1u);
  EXPECT_NE(alerts()[0].message.find("over 60 predictions"), std::string::npos)
      << alerts()[0].message;
}

}  // namespace
}  // namespace slipway::monitor
