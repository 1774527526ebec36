// SPDX-License-Identifier: Apache-2.0
#include "tracking/tracking.h"

#include <gtest/gtest.h>

#include "store/test_database.h"

namespace slipway::tracking {
namespace {

class Silent : public EventSink {
 public:
  void publish(Event event) override { events.push_back(std::move(event)); }
  std::vector<Event> events;
};

class TrackingTest : public ::testing::TestWithParam<store::Dialect> {
 protected:
  tracking::Run started() { return *tracking_.runs().start({.experiment = ExperimentId("0")}); }

  store::TestDatabase db_{GetParam()};
  Silent events_;
  FakeClock clock_{1'000};
  FakeIds ids_;
  Tracking tracking_{db_, events_, clock_, ids_};
};

TEST_P(TrackingTest, AParamKeepsItsFirstValue) {
  const auto run = started();
  ASSERT_TRUE(tracking_.runs().log(run.id, {.params = {{"lr", "0.1"}}}));

  const auto again =
      tracking_.runs().log(run.id, {.params = {{"lr", "0.2"}}, .tags = {{"late", "1"}}});

  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::invalid_argument);
  EXPECT_TRUE(tracking_.runs().log(run.id, {.params = {{"lr", "0.1"}}}));
  EXPECT_TRUE(tracking_.runs().get(run.id)->tags.empty());
}

INSTANTIATE_TEST_SUITE_P(Dialects, TrackingTest,
                         ::testing::ValuesIn(store::TestDatabase::dialects()),
                         [](const auto& info) {
                           return info.param == store::Dialect::sqlite ? "sqlite" : "postgres";
                         });

}  // namespace
}  // namespace slipway::tracking
