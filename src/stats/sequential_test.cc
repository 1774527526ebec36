// SPDX-License-Identifier: Apache-2.0
#include "stats/sequential.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace slipway::stats {
namespace {

TEST(ProbabilitySequence, KnowsNothingAtFirstAndClosesIn) {
  EXPECT_EQ(probability_sequence(0, 0, 0.05).low, 0);
  EXPECT_EQ(probability_sequence(0, 0, 0.05).high, 1);

  const auto some = probability_sequence(10, 100, 0.05);
  const auto many = probability_sequence(1'000, 10'000, 0.05);
  EXPECT_LT(some.low, 0.1);
  EXPECT_GT(some.high, 0.1);
  EXPECT_GT(many.low, some.low);
  EXPECT_LT(many.high, some.high);
  EXPECT_LT(many.high - many.low, 0.03);
}

TEST(ProbabilitySequence, AtTheEdgesTheFormulaCanBeSolvedByHand) {
  // k = 0: B(1/2, n + 1/2) / B(1/2, 1/2) = (1/2)_n / n!, so 1 - high = ((1/2)_n / n! *
  // alpha)^(1/n).
  const auto none = probability_sequence(0, 2, 0.05);
  EXPECT_EQ(none.low, 0);
  EXPECT_NEAR(none.high, 1 - std::sqrt(0.375 * 0.05), 1e-12);
  const auto all = probability_sequence(2, 2, 0.05);
  EXPECT_NEAR(all.low, std::sqrt(0.375 * 0.05), 1e-12);
  EXPECT_EQ(all.high, 1);
}

TEST(ProbabilitySequence, LookingAfterEachTrialRarelyMissesTheTruth) {
  std::mt19937_64 random(1);
  for (const double p : {0.01, 0.2, 0.5}) {
    std::bernoulli_distribution coin(p);
    int missed = 0;
    constexpr int kPaths = 400;
    for (int path = 0; path < kPaths; ++path) {
      std::uint64_t k = 0;
      for (std::uint64_t n = 1; n <= 1'000; ++n) {
        k += coin(random) ? 1 : 0;
        if (n % 5 != 0) continue;
        const auto interval = probability_sequence(k, n, 0.1);
        if (p < interval.low || p > interval.high) {
          ++missed;
          break;
        }
      }
    }
    EXPECT_LE(missed, kPaths / 10) << p;  // at most alpha of the paths, ever
  }
}

TEST(MeanSequence, LookingOftenRarelyMissesTheTruth) {
  std::mt19937_64 random(2);
  std::normal_distribution<double> noise(3, 2);
  int missed = 0;
  constexpr int kPaths = 400;
  for (int path = 0; path < kPaths; ++path) {
    double sum = 0;
    double squares = 0;
    for (std::uint64_t n = 1; n <= 3'000; ++n) {
      const double x = noise(random);
      sum += x;
      squares += x * x;
      if (n < 30 || n % 10 != 0) continue;
      const double mean = sum / static_cast<double>(n);
      const double variance = squares / static_cast<double>(n) - mean * mean;
      const auto interval =
          mean_sequence(mean, std::sqrt(variance / static_cast<double>(n)), n, 0.1);
      if (3 < interval.low || 3 > interval.high) {
        ++missed;
        break;
      }
    }
  }
  EXPECT_LE(missed, kPaths / 10);
}

TEST(MeanSequence, IsWiderThanTheIntervalForOneLook) {
  const auto interval = mean_sequence(0, 1, 500, 0.05);
  EXPECT_GT(interval.high, 1.96);
  EXPECT_LT(interval.high, 4);
  EXPECT_TRUE(std::isinf(mean_sequence(0, 1, 0, 0.05).high));
}

}  // namespace
}  // namespace slipway::stats
