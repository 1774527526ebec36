// SPDX-License-Identifier: Apache-2.0
#include "rollout/allocation.h"

#include <numeric>
#include <random>

#include <gtest/gtest.h>

namespace slipway::rollout {
namespace {

TEST(Allocation, nothing_known_is_shared_evenly) {
  for (const double share : thompson_shares({{}, {}, {}, {}}, 5, 1)) EXPECT_NEAR(share, 25, 2);
}

TEST(Allocation, the_better_gets_more_and_nobody_is_given_up) {
  const auto shares = thompson_shares({{1'000, 100}, {1'000, 200}, {1'000, 90}}, 4, 1);
  EXPECT_NEAR(shares[1], 92, 1);
  EXPECT_NEAR(shares[0], 4, 0.5);
  EXPECT_DOUBLE_EQ(std::accumulate(shares.begin(), shares.end(), 0.0), 100);
}

TEST(Allocation, two_arms_as_the_closed_form_says) {
  // P(Beta(2, 1) > Beta(1, 2)) = 5/6.
  const auto shares = thompson_shares({{1, 1}, {1, 0}}, 0, 7);
  EXPECT_NEAR(shares[0], 100 * 5.0 / 6, 1.0);
}

TEST(Allocation, odd_counts_do_no_harm) {
  EXPECT_TRUE(thompson_shares({}, 5, 1).empty());
  EXPECT_DOUBLE_EQ(thompson_shares({{10, 3}}, 5, 1).at(0), 100);
  const auto shares = thompson_shares({{5, 9}, {0, 0}}, 90, 1);  // least is at most an even share
  EXPECT_DOUBLE_EQ(shares[0], 50);
}

TEST(Allocation, most_requests_go_to_the_best_in_the_end) {
  std::mt19937_64 random(3);
  const double rates[] = {0.05, 0.1, 0.06};
  std::vector<Arm> arms(3);
  std::vector<double> shares(3, 100.0 / 3);
  for (std::uint64_t round = 0; round < 60; ++round) {
    for (std::size_t i = 0; i < arms.size(); ++i) {
      const auto asked = static_cast<std::int64_t>(shares[i] * 5);
      arms[i].trials += asked;
      arms[i].successes += std::binomial_distribution<std::int64_t>(asked, rates[i])(random);
    }
    shares = thompson_shares(arms, 5, round);
  }
  EXPECT_GT(shares[1], 80);
  EXPECT_GT(arms[1].trials, arms[0].trials + arms[2].trials);
}

}  // namespace
}  // namespace slipway::rollout
