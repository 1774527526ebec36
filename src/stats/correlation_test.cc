// SPDX-License-Identifier: Apache-2.0
#include "stats/correlation.h"

#include <cmath>

#include <gtest/gtest.h>

namespace slipway::stats {
namespace {

const double kMissing = std::nan("");
using Numbers = std::vector<double>;
using Codes = std::vector<std::int32_t>;

double rank_correlation(const Numbers& a, const Numbers& b) {
  return spearman(Ranked(a), Ranked(b));
}

TEST(Correlation, OfALineIsOneAndOfItsMirrorMinusOne) {
  EXPECT_DOUBLE_EQ(pearson(Numbers{1, 2, 3}, Numbers{2, 4, 6}), 1);
  EXPECT_DOUBLE_EQ(pearson(Numbers{1, 2, 3}, Numbers{6, 4, 2}), -1);
}

TEST(Correlation, KnownValue) {
  EXPECT_NEAR(pearson(Numbers{1, 2, 3, 4, 5}, Numbers{2, 1, 4, 3, 5}), 0.8, 1e-15);
  EXPECT_NEAR(rank_correlation(Numbers{1, 2, 3, 4, 50}, Numbers{2, 1, 4, 3, 5}), 0.8, 1e-15);
}

TEST(Correlation, ConstantAndTooFewAreNotANumber) {
  EXPECT_TRUE(std::isnan(pearson(Numbers{3, 3, 3}, Numbers{1, 2, 3})));
  EXPECT_TRUE(std::isnan(pearson(Numbers{0.1, 0.1, 0.1}, Numbers{1, 2, 3})));
  EXPECT_TRUE(std::isnan(pearson(Numbers{1}, Numbers{1})));
  EXPECT_TRUE(std::isnan(pearson(Numbers{}, Numbers{})));
  EXPECT_TRUE(std::isnan(rank_correlation(Numbers{1, kMissing}, Numbers{kMissing, 1})));
}

TEST(Correlation, OnlyCommonRowsCount) {
  const Numbers a{1, 2, kMissing, 3, 100};
  const Numbers b{3, 2, 7, 1, kMissing};
  EXPECT_DOUBLE_EQ(pearson(a, b), -1);
  EXPECT_DOUBLE_EQ(rank_correlation(a, b), -1);
}

TEST(Correlation, TiesShareTheirRankAmongTheCommonRows) {
  // Common rows: (1, 1) (1, 2) (2, 3); ranks 1.5 1.5 3 and 1 2 3.
  const Numbers a{1, 1, 1, 2};
  const Numbers b{1, 2, kMissing, 3};
  EXPECT_NEAR(rank_correlation(a, b), std::sqrt(3.0) / 2, 1e-15);
}

TEST(Correlation, CramerOfEqualColumnsIsOneAndOfIndependentOnesZero) {
  EXPECT_DOUBLE_EQ(cramer_v(Codes{0, 1, 2, 0, 1, 2}, Codes{5, 3, 1, 5, 3, 1}), 1);
  EXPECT_NEAR(cramer_v(Codes{0, 0, 1, 1}, Codes{0, 1, 0, 1}), 0, 1e-8);
  EXPECT_TRUE(std::isnan(cramer_v(Codes{0, 0, -1}, Codes{0, 1, 2})));
}

TEST(Correlation, CramerOfManyCategoriesUsesAMap) {
  Codes a;
  Codes b;
  for (int i = 0; i < 3000; ++i) {
    a.push_back(i);
    b.push_back(2999 - i);
  }
  EXPECT_NEAR(cramer_v(a, b), 1, 1e-12);
}

}  // namespace
}  // namespace slipway::stats
