// SPDX-License-Identifier: Apache-2.0
#include "stats/quality.h"

#include <cmath>
#include <cstdint>

#include <gtest/gtest.h>

namespace slipway::stats {
namespace {

struct Rows {
  std::vector<int> truth;
  std::vector<double> score;
  std::vector<std::size_t> group;
  std::vector<int> predicted;
};

// The same rows as testdata/make_quality.py.
Rows rows(std::size_t n, std::uint64_t seed) {
  Rows out;
  std::uint64_t x = seed;
  const auto next = [&] {
    x = (x * 1103515245 + 12345) % (std::uint64_t{1} << 31);
    return x >> 8;
  };
  for (std::size_t i = 0; i < n; ++i) {
    out.truth.push_back(next() % 100 < 35 ? 1 : 0);
    out.score.push_back((static_cast<double>(next() % 64) + 20 * out.truth.back()) / 84);
    out.group.push_back(next() % 3);
    out.predicted.push_back(out.score.back() >= 0.5 ? 1 : 0);
  }
  return out;
}

struct Expected {
  std::uint64_t seed;
  double accuracy, auc, log_loss, parity_difference, parity_ratio, odds_difference, odds_ratio;
};
// Printed by testdata/make_quality.py with scikit-learn 1.9 and Fairlearn 0.15.
constexpr Expected kExpected[] = {
    {
        1,
        0.59599999999999997,
        0.72117926309543079,
        0.56935803372922966,
        0.028630651638813287,
        0.93807789296721777,
        0.070383275261324041,
        0.83351648351648355,
    },
    {
        7,
        0.68000000000000005,
        0.78524081517523447,
        0.53395674004652904,
        0.053333333333333288,
        0.88800000000000012,
        0.17028601694915257,
        0.76190476190476186,
    },
};

TEST(Quality, EqualsScikitLearnAndFairlearn) {
  for (const auto& want : kExpected) {
    const auto r = rows(500, want.seed);
    EXPECT_NEAR(accuracy(r.truth, r.predicted), want.accuracy, 1e-12);
    EXPECT_NEAR(roc_auc(r.truth, r.score), want.auc, 1e-12);
    EXPECT_NEAR(log_loss(r.truth, r.score), want.log_loss, 1e-12);
    const auto fair = fairness(r.truth, r.predicted, r.group, 3);
    EXPECT_NEAR(fair.demographic_parity_difference, want.parity_difference, 1e-12);
    EXPECT_NEAR(fair.demographic_parity_ratio, want.parity_ratio, 1e-12);
    EXPECT_NEAR(fair.equalized_odds_difference, want.odds_difference, 1e-12);
    EXPECT_NEAR(fair.equalized_odds_ratio, want.odds_ratio, 1e-12);
  }
}

TEST(Quality, AucCountsTiesHalf) {
  const std::vector<int> truth{0, 0, 1, 1};
  const std::vector<double> score{0.1, 0.4, 0.4, 0.8};

  EXPECT_DOUBLE_EQ(roc_auc(truth, score), 0.875);  // 3 of 4 pairs won, one tied: (3 + 0.5) / 4
}

TEST(Quality, DelongsErrorByHand) {
  const std::vector<int> truth{1, 1, 0, 0};
  const std::vector<double> score{0.9, 0.3, 0.5, 0.1};

  const auto auc = roc_auc_with_error(truth, score);

  // The ones win 2/2 and 1/2 of their pairs, the zeros lose 1/2 and 2/2: both variances are 1/8.
  EXPECT_DOUBLE_EQ(auc.value, 0.75);
  EXPECT_DOUBLE_EQ(auc.standard_error, std::sqrt(0.125 / 2 + 0.125 / 2));
}

TEST(Quality, WhatCannotBeComputedIsNaN) {
  const std::vector<int> ones{1, 1};
  const std::vector<double> score{0.2, 0.9};

  EXPECT_TRUE(std::isnan(roc_auc(ones, score)));
  EXPECT_TRUE(std::isnan(accuracy({}, {})));
  EXPECT_TRUE(std::isnan(log_loss({}, {})));
  EXPECT_TRUE(std::isnan(fairness({}, {}, {}, 2).demographic_parity_difference));
}

TEST(Quality, CertainlyWrongIsFinite) {
  const std::vector<int> truth{1};
  const std::vector<double> score{0.0};

  EXPECT_NEAR(log_loss(truth, score), 36.04365338911715, 1e-9);
}

TEST(Quality, GroupsWithoutRowsAreLeftOut) {
  const std::vector<int> truth{1, 0, 1, 0};
  const std::vector<int> predicted{1, 0, 0, 0};
  const std::vector<std::size_t> group{0, 0, 2, 2};

  const auto fair = fairness(truth, predicted, group, 3);

  EXPECT_EQ(fair.groups[1].count, 0u);
  EXPECT_DOUBLE_EQ(fair.demographic_parity_difference, 0.5);
  EXPECT_DOUBLE_EQ(fair.demographic_parity_ratio, 0);
  EXPECT_DOUBLE_EQ(fair.equalized_odds_difference, 1);
}

}  // namespace
}  // namespace slipway::stats
