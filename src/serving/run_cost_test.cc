// SPDX-License-Identifier: Apache-2.0
#include "serving/run_cost.h"

#include <gtest/gtest.h>

namespace slipway::serving {
namespace {

constexpr std::int64_t kUs = 1'000;
constexpr std::int64_t kMs = 1'000'000;

TEST(RunCost, NothingKnownRefusesNobody) {
  const RunCost cost;
  EXPECT_EQ(cost.rows_within(kMs, 512), 512U);
  EXPECT_EQ(cost.wait_ns(10, 10, 512), 0);
}

TEST(RunCost, TellsTheFixedPartFromThatOfARow) {
  RunCost cost;
  for (int i = 0; i < 100; ++i) {
    const std::int64_t rows = 1 + i % 32;
    cost.observe(rows, 50 * kUs + rows * 2 * kUs);
  }
  EXPECT_NEAR(static_cast<double>(cost.rows_within(kMs, 10'000)), 475, 2);
  // 1,000 rows in two batches of 500.
  EXPECT_NEAR(static_cast<double>(cost.wait_ns(1'000, 1'000, 500)), 2'100 * kUs, 20 * kUs);
}

TEST(RunCost, AFixedPartBeyondTheTargetIsSharedAmongRows) {
  RunCost cost;
  for (int i = 0; i < 100; ++i) cost.observe(1 + i % 4, 20 * kMs + (1 + i % 4) * 100 * kUs);
  EXPECT_NEAR(static_cast<double>(cost.rows_within(10 * kMs, 10'000)), 200, 5);
}

TEST(RunCost, ASlowRunOfOneRowLeavesRoomToLearnWhatTwoCost) {
  RunCost cost;
  for (int i = 0; i < 50; ++i) cost.observe(1, 30'000'000);
  EXPECT_EQ(cost.rows_within(10'000'000, 1024), 2U);
  EXPECT_EQ(cost.rows_within(10'000'000, 1), 1U);
}

TEST(RunCost, AThousandRowsAreNotAThousandRunsOfOne) {
  RunCost cost;
  for (int i = 0; i < 100; ++i) cost.observe(1, 50 * kUs);
  cost.observe(1, 100 * kMs);  // the system gave the processor to somebody else
  // Three requests of 1,024 rows: by the time a row that would be 19 seconds.
  EXPECT_LT(cost.wait_ns(3, 3 * 1024, 512), 30 * kMs);
}

TEST(RunCost, ManySmallRequestsGoTogether) {
  RunCost cost;
  for (int i = 0; i < 100; ++i) cost.observe(32, 320 * kUs);
  // 320 requests of a row are ten such batches, not 320.
  EXPECT_NEAR(static_cast<double>(cost.wait_ns(320, 320, 32)), 3'200 * kUs, kUs);
}

TEST(RunCost, ASlowModelIsSeenSoon) {
  RunCost cost;
  for (int i = 0; i < 1'000; ++i) cost.observe(1 + i % 8, kUs);
  for (int i = 0; i < 40; ++i) cost.observe(1 + i % 8, (1 + i % 8) * 10 * kMs);
  EXPECT_GT(cost.wait_ns(10, 40, 8), 300 * kMs);
}

TEST(RunCost, OddTimesGiveNoNegativeParts) {
  RunCost cost;
  for (int i = 0; i < 50; ++i) cost.observe(1 + i % 4, (5 - i % 4) * kMs);  // more rows, less time
  EXPECT_GE(cost.wait_ns(4, 4, 4), 0);
  EXPECT_EQ(cost.rows_within(10 * kMs, 64), 64U);
}

}  // namespace
}  // namespace slipway::serving
