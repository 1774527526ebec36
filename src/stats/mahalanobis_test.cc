// SPDX-License-Identifier: Apache-2.0
// Distances against scipy.spatial.distance.mahalanobis, with numpy.cov inverted (scipy 1.16), and
// with scipy.linalg.pinvh where columns depend on each other.
#include "stats/mahalanobis.h"

#include <cmath>
#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

namespace slipway::stats {
namespace {

constexpr std::size_t kRows = 60;

std::vector<double> uniform() {
  std::uint64_t state = 12345;
  std::vector<double> out;
  for (std::size_t i = 0; i < kRows * 4; ++i) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    out.push_back(static_cast<double>(state >> 11) * 0x1.0p-53);
  }
  return out;
}

// Of very different sizes, and related.
std::vector<double> sample() {
  const auto u = uniform();
  std::vector<double> out;
  for (std::size_t i = 0; i < kRows; ++i) {
    const double* r = &u[i * 4];
    for (const double x :
         {r[0] * 10, r[1] + 0.5 * r[0], 1e6 * r[2] - 3 * r[0], std::pow(r[3], 3)}) {
      out.push_back(x);
    }
  }
  return out;
}

TEST(MahalanobisTest, EqualsScipy) {
  const auto model = Mahalanobis::of(sample(), 4);
  ASSERT_TRUE(model);
  const std::vector<std::vector<double>> points{
      {5, 1, 5e5, 0.2}, {50, 1, 5e5, 0.2}, {0, 2, 0, 1}, {9.9, 0.1, 9e5, 0.9}};
  const std::vector<double> wanted{0.9491000863101905, 17.570526038107577, 7.742396862298738,
                                   4.565195640429475};
  const std::vector<double> shares{0.9508196721311475, 0.01639344262295082, 0.01639344262295082,
                                   0.01639344262295082};
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double distance = model->distance(points[i]);
    EXPECT_NEAR(distance, wanted[i], 1e-9 * wanted[i]);
    EXPECT_DOUBLE_EQ(model->p_value(distance), shares[i]);
  }
}

TEST(MahalanobisTest, DependentAndConstantColumnsAreNoTrouble) {
  const auto u = uniform();
  std::vector<double> rows;
  for (std::size_t i = 0; i < kRows; ++i) {
    for (const double x : {u[i * 4], u[i * 4 + 1], u[i * 4] + u[i * 4 + 1], 7.0}) {
      rows.push_back(x);
    }
  }
  const auto model = Mahalanobis::of(rows, 4);
  ASSERT_TRUE(model);
  EXPECT_NEAR(model->distance(std::vector<double>{0.1, 0.9, 1.0, 7.0}), 2.057343315524027, 1e-9);
}

TEST(MahalanobisTest, WhatIsMissingMakesNoRowFarther) {
  const auto model = Mahalanobis::of(sample(), 4);
  ASSERT_TRUE(model);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(model->distance(std::vector<double>{nan, nan, nan, nan}), 0);
  EXPECT_EQ(model->p_value(0), 1);
  const double infinite = std::numeric_limits<double>::infinity();
  EXPECT_TRUE(std::isfinite(model->distance(std::vector<double>{infinite, 1, 5e5, 0.2})));
}

TEST(MahalanobisTest, TooLittleIsNothing) {
  EXPECT_FALSE(Mahalanobis::of({}, 0));
  EXPECT_FALSE(Mahalanobis::of(std::vector<double>{1, 2}, 1));
  EXPECT_FALSE(Mahalanobis::of(std::vector<double>{3, 3, 3, 3}, 1));
  EXPECT_TRUE(Mahalanobis::of(std::vector<double>{1, 2, 3}, 1));
}

}  // namespace
}  // namespace slipway::stats
