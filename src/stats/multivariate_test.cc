// SPDX-License-Identifier: Apache-2.0
#include "stats/multivariate.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "stats/eigen.h"

namespace slipway::stats {
namespace {

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}
  double even() { return (static_cast<double>(random_() >> 11) + 0.5) * 0x1p-53; }
  double normal() {
    return std::sqrt(-2 * std::log(even())) * std::cos(2 * 3.14159265358979 * even());
  }

 private:
  std::mt19937_64 random_;
};

// x and y are normal, correlated by `r`; z is alone.
Matrix rows(std::size_t n, double r, std::uint64_t seed, double shift = 0) {
  Draw draw(seed);
  Matrix out{.columns = 3};
  for (std::size_t i = 0; i < n; ++i) {
    const double x = draw.normal();
    const double y = r * x + std::sqrt(1 - r * r) * draw.normal();
    for (const double value : {10 + 2 * x + shift, 5 * y, draw.normal()}) {
      out.values.push_back(value);  // insert() of a list warns wrongly when it is optimised
    }
  }
  return out;
}

std::vector<Feature> features(const Matrix& m) {
  std::vector<Feature> out{{.name = "x"}, {.name = "y"}, {.name = "z"}};
  for (std::size_t i = 0; i < m.values.size(); ++i) out[i % 3].numbers.push_back(m.values[i]);
  return out;
}

TEST(Multivariate, TheClassifierFindsAChangedRelationThatNoColumnShows) {
  const auto before = features(rows(3'000, 0.9, 1));
  const auto found = domain_classifier(before, features(rows(3'000, -0.9, 2)));
  EXPECT_GT(found.roc_auc, 0.8);
  EXPECT_LT(found.p_value, 1e-6);
  EXPECT_EQ(found.importance.size(), 3u);
  EXPECT_NE(found.importance[0].first, "z");
  EXPECT_EQ(found.reference_rows, 1'500u);
}

TEST(Multivariate, TheClassifierKeepsItsLevelWithoutAChange) {
  int alarms = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const auto found = domain_classifier(features(rows(300, 0.5, 2 * seed + 100)),
                                         features(rows(200, 0.5, 2 * seed + 101)));
    alarms += found.p_value <= 0.05 ? 1 : 0;
  }
  EXPECT_LE(alarms, 12);  // 5 are expected; more than 12 come in 1 of 500 such hundreds
}

TEST(Multivariate, TheClassifierReadsCategoriesAndMissingValues) {
  Draw draw(5);
  const auto side = [&](double share) {
    std::vector<Feature> out{{.name = "carrier", .categorical = true}, {.name = "x"}};
    for (int i = 0; i < 800; ++i) {
      const char* rest = draw.even() < 0.5 ? "B6" : "";
      out[0].texts.push_back(draw.even() < share ? "UA" : rest);
      out[1].numbers.push_back(draw.even() < 0.2 ? std::nan("") : draw.normal());
    }
    return out;
  };
  const auto same = domain_classifier(side(0.3), side(0.3));
  EXPECT_GT(same.p_value, 0.001);
  const auto other = domain_classifier(side(0.3), side(0.6));
  EXPECT_LT(other.p_value, 1e-6);
  EXPECT_EQ(other.importance[0].first, "carrier");
}

TEST(Multivariate, ReconstructionGrowsWhenColumnsPart) {
  const auto before = rows(2'000, 0.95, 1);
  const auto same = pca_reconstruction(before, rows(1'000, 0.95, 2));
  EXPECT_EQ(same.components, 2u);  // x with y, and z: 65 % of the variance
  EXPECT_NEAR(same.current_error, same.reference_error, 3 * same.reference_deviation / 30);
  EXPECT_GT(same.p_value, 0.001);
  const auto parted = pca_reconstruction(before, rows(1'000, 0, 3));
  EXPECT_GT(parted.current_error, 2 * parted.reference_error);
  EXPECT_LT(parted.p_value, 1e-6);
}

TEST(Multivariate, DiscrepancyFindsRelationsAndShifts) {
  const auto before = rows(500, 0.9, 1);
  EXPECT_GT(mmd(before, rows(400, 0.9, 2)).p_value, 0.02);
  EXPECT_LT(mmd(before, rows(400, -0.9, 3)).p_value, 0.01);
  EXPECT_LT(mmd(before, rows(400, 0.9, 4, 2)).p_value, 0.01);
  EXPECT_GT(mmd(before, rows(400, 0.9, 4, 2)).statistic, 0.02);
  EXPECT_EQ(mmd(before, rows(1, 0, 4)).p_value, 1);
}

TEST(Multivariate, DiscrepancyIsTheUnbiasedEstimate) {
  const Matrix a{.columns = 1, .values = {0, 1, 2}};
  const Matrix b{.columns = 1, .values = {5, 7}};
  // By hand: standardised by 1 and sqrt(2/3); squared distances of the ten pairs are 1.5 times
  // 1 4 25 49 1 16 36 9 25 4; the upper median is 16.
  const double w = 1.5 * 16;
  const auto k = [&](double gap) { return std::exp(-1.5 * gap * gap / (2 * w)); };
  const double within_a = (2 * (k(1) + k(2) + k(1))) / 6;
  const double within_b = k(2);
  const double across = (k(5) + k(7) + k(4) + k(6) + k(3) + k(5)) / 6;
  EXPECT_NEAR(mmd(a, b).statistic, within_a + within_b - 2 * across, 1e-12);
}

TEST(Multivariate, EigenvectorsDiagonalise) {
  const std::vector<double> a{4, 1, 0, 1, 3, 1, 0, 1, 2};
  const auto found = symmetric_eigen(a, 3);
  EXPECT_NEAR(found.values[0], 3 + std::sqrt(3.0), 1e-12);
  EXPECT_NEAR(found.values[1], 3, 1e-12);
  EXPECT_NEAR(found.values[2], 3 - std::sqrt(3.0), 1e-12);
  for (std::size_t k = 0; k < 3; ++k) {
    for (std::size_t i = 0; i < 3; ++i) {
      double product = 0;
      for (std::size_t j = 0; j < 3; ++j) product += a[i * 3 + j] * found.vectors[k * 3 + j];
      EXPECT_NEAR(product, found.values[k] * found.vectors[k * 3 + i], 1e-12);
    }
  }
}

TEST(Multivariate, AnAucWithoutADifferenceHasMannWhitneysLaw) {
  const std::vector<int> truth{0, 0, 0, 1, 1, 1};
  const std::vector<double> score{1, 2, 3, 4, 5, 6};
  // U = 9 of 9: z = 4.5 / sqrt(9 * 7 / 12).
  EXPECT_NEAR(auc_p_value(1, truth, score), 0.5 * std::erfc(4.5 / std::sqrt(5.25) / std::sqrt(2)),
              1e-12);
  EXPECT_EQ(auc_p_value(0.5, truth, std::vector<double>(6, 1)), 1);
}

}  // namespace
}  // namespace slipway::stats
