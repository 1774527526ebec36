// SPDX-License-Identifier: Apache-2.0
// What a goal says, and which measurement is the one to use.
#include "app/capacity.h"

#include <gtest/gtest.h>

namespace slipway::app {
namespace {

TEST(CapacityGoal, NamesAPercentileAndATime) {
  const auto goal = parse_goal("p99=50ms");
  ASSERT_TRUE(goal);
  EXPECT_EQ(goal->name, "p99");
  EXPECT_EQ(goal->ms, 50);
  EXPECT_EQ(parse_goal("p50 = 250us")->ms, 0.25);
  EXPECT_EQ(parse_goal("max=1.5s")->ms, 1500);
  EXPECT_EQ(value_of({.p99_ms = 3, .p999_ms = 7}, *parse_goal("p99.9=1ms")), 7);
  for (const char* wrong : {"", "p99", "p98=5ms", "p99=5", "p99=ms", "p99=-1ms", "p99=0ms",
                            "p99=nanms", "=5ms", "p99=2h"}) {
    const auto parsed = parse_goal(wrong);
    ASSERT_FALSE(parsed) << wrong;
    EXPECT_EQ(parsed.error().code, Code::invalid_argument);
  }
}

CapacityPoint point(std::int64_t threads, std::int64_t instances, double per_second, bool within) {
  return {.threads = threads,
          .instances = instances,
          .seen = {.per_second = per_second},
          .within = within};
}

TEST(CapacityBest, KeepsTheGoalAndTakesNoMoreThanItNeeds) {
  EXPECT_FALSE(best_of({}));
  EXPECT_FALSE(best_of({point(1, 1, 900, false)}));
  EXPECT_EQ(best_of({point(1, 1, 900, true), point(2, 1, 5000, false)})->threads, 1);
  EXPECT_EQ(best_of({point(1, 1, 900, true), point(2, 1, 1500, true)})->threads, 2);
  EXPECT_EQ(best_of({point(2, 2, 1000, true), point(1, 1, 980, true)})->threads, 1);
}

}  // namespace
}  // namespace slipway::app
