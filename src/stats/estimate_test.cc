// SPDX-License-Identifier: Apache-2.0
// Against scikit-learn, numpy, scipy and AIF360 (testdata/make_estimates.py), and against
// simulations whose truth is known.
#include "stats/estimate.h"

#include <cmath>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "stats/loss_estimate.h"
#include "stats/multiple.h"
#include "stats/quality.h"

namespace slipway::stats {
namespace {

std::vector<double> draws(std::size_t n, std::uint64_t seed) {
  std::vector<double> out;
  std::uint64_t x = seed;
  for (std::size_t i = 0; i < n; ++i) {
    x = (x * 1103515245 + 12345) % (std::uint64_t{1} << 31);
    out.push_back(static_cast<double>((x >> 8) % 1009) / 1009);
  }
  return out;
}

// The numbers behind the seed, of each line of a kind.
std::vector<std::pair<std::uint64_t, std::vector<double>>> recorded(const std::string& kind) {
  std::ifstream file(STATS_TESTDATA "/estimates.txt");
  std::vector<std::pair<std::uint64_t, std::vector<double>>> out;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string word;
    double seed = 0;
    words >> word >> seed;
    if (word != kind) continue;
    auto& entry = out.emplace_back(static_cast<std::uint64_t>(seed), std::vector<double>());
    while (words >> word) entry.second.push_back(std::strtod(word.c_str(), nullptr));
  }
  EXPECT_EQ(out.size(), 2u) << kind;
  return out;
}

struct Rows {
  std::vector<double> score;
  std::vector<int> label;
  std::vector<int> said;
  std::vector<double> other;
};

Rows rows(std::uint64_t seed) {
  const auto u = draws(4000, seed);
  Rows out{.score = {u.begin(), u.begin() + 2000}, .other = {u.begin() + 2000, u.end()}};
  for (std::size_t i = 0; i < 2000; ++i) {
    auto& s = out.score[i];
    if (seed == 5) s = std::nearbyint(s * 100) / 100;
    out.label.push_back(out.other[i] < s * s ? 1 : 0);
    out.said.push_back(s >= 0.6 ? 1 : 0);
  }
  return out;
}

TEST(Estimate, CalibrationIsIsotonicRegression) {
  for (const auto& [seed, want] : recorded("isotonic")) {
    const auto r = rows(seed);
    const auto calibration = Calibration::of(r.score, r.label);
    for (int i = 0; i < 25; ++i) {
      EXPECT_NEAR(calibration(-0.1 + 1.2 * i / 24), want[static_cast<std::size_t>(i)], 1e-9)
          << seed << " " << i;
    }
  }
}

TEST(Estimate, TheExpectedConfusionMatrixGivesTheMetrics) {
  for (const auto& [seed, want] : recorded("expected")) {
    const auto r = rows(seed);
    const auto calibration = Calibration::of(r.score, r.label);
    std::vector<double> p;
    for (const double s : r.score) p.push_back(calibration(s));
    const auto got = estimate_quality(p, r.said, r.score);
    EXPECT_NEAR(got.accuracy, want[0], 1e-9);
    EXPECT_NEAR(got.precision, want[1], 1e-9);
    EXPECT_NEAR(got.recall, want[2], 1e-9);
    EXPECT_NEAR(got.f1, want[3], 1e-9);
    EXPECT_NEAR(got.roc_auc, want[4], 1e-9);
  }
}

TEST(Estimate, AdjustedPValuesAreThoseOfScipy) {
  for (const auto& [seed, want] : recorded("fdr")) {
    auto p = draws(4000, seed);
    p.resize(40);
    for (double& x : p) x = x * x * x;
    const auto got = benjamini_hochberg(p);
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-12);
  }
  EXPECT_TRUE(benjamini_hochberg({}).empty());
}

TEST(Estimate, GapsToAPrivilegedGroupAreThoseOfAif360) {
  for (const auto& [seed, want] : recorded("aif")) {
    const auto u = draws(4000, seed);
    const auto a = draws(2000, seed + 20);
    const auto b = draws(2000, seed + 40);
    std::vector<int> truth;
    std::vector<int> chosen;
    std::vector<std::size_t> group;
    for (std::size_t i = 0; i < 2000; ++i) {
      group.push_back(static_cast<std::size_t>(seed == 1 ? u[i] * 3 : u[i + 2000] * 4));
      truth.push_back(a[i] < 0.4 ? 1 : 0);
      chosen.push_back(b[i] < 0.3 + 0.1 * static_cast<double>(group[i]) ? 1 : 0);
    }
    const auto got = privilege_gaps(truth, chosen, group, 1);
    EXPECT_NEAR(got.statistical_parity_difference, want[0], 1e-9);
    EXPECT_NEAR(got.disparate_impact, want[1], 1e-9);
    EXPECT_NEAR(got.average_odds_difference, want[2], 1e-9);
    EXPECT_NEAR(got.average_abs_odds_difference, want[3], 1e-9);
    EXPECT_NEAR(got.true_positive_rate_difference, want[4], 1e-9);
    EXPECT_NEAR(got.error_rate_difference, want[5], 1e-9);
    EXPECT_NEAR(got.theil_index, want[6], 1e-9);
  }
}

// Inputs move to where the model is unsure; what label follows from an input stays.
TEST(Estimate, AFallOfAccuracyIsForeseenWithoutLabels) {
  const auto u = draws(60'000, 3);
  const auto side = [&](std::size_t from, double low, double high) {
    Rows out;
    for (std::size_t i = from; i < from + 20'000; ++i) {
      out.score.push_back(low + (high - low) * u[i]);
      const double p = out.score.back() * out.score.back();  // not what the score says
      out.label.push_back(u[(i * 7919 + 13) % 60'000] < p ? 1 : 0);
      out.said.push_back(out.score.back() >= 0.7 ? 1 : 0);
    }
    return out;
  };
  const auto known = side(0, 0, 1);
  const auto later = side(20'000, 0.5, 0.9);
  const auto calibration = Calibration::of(known.score, known.label);
  std::vector<double> p;
  for (const double s : later.score) p.push_back(calibration(s));
  const auto got = estimate_quality(p, later.said, later.score);
  const double truth = accuracy(later.label, later.said);
  EXPECT_LT(truth, accuracy(known.label, known.said) - 0.08);
  EXPECT_NEAR(got.accuracy, truth, 0.015);
  EXPECT_NEAR(got.roc_auc, roc_auc(later.label, later.score), 0.02);
}

TEST(Estimate, ALargerErrorIsForeseenWithoutLabels) {
  const auto u = draws(40'000, 11);
  const auto side = [&](std::size_t from, double high) {
    std::vector<Feature> features{{.name = "x"}, {.name = "kind", .categorical = true}};
    std::vector<double> truth;
    for (std::size_t i = from; i < from + 8'000; ++i) {
      const double x = high * u[i];
      const bool wild = u[(i * 31 + 7) % 40'000] < 0.3;
      features[0].numbers.push_back(x);
      features[1].texts.push_back(wild ? "wild" : "calm");
      // Predicted is 0: the error grows with x, three times as fast when wild.
      truth.push_back((wild ? 3 : 1) * x * (u[(i * 17 + 3) % 40'000] < 0.5 ? -1 : 1));
    }
    return std::pair(std::move(features), std::move(truth));
  };
  const auto [known, truth] = side(0, 10);
  const std::vector<double> predicted(truth.size());
  const auto model = LossModel::fit(known, truth, predicted);
  auto [later, later_truth] = side(20'000, 10);
  double mae = 0;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < later_truth.size(); ++i) {
    if (later[0].numbers[i] < 5) continue;  // the later rows are all on the far side
    later[0].numbers[kept] = later[0].numbers[i];
    later[1].texts[kept] = later[1].texts[i];
    mae += std::abs(later_truth[i]);
    ++kept;
  }
  later[0].numbers.resize(kept);
  later[1].texts.resize(kept);
  mae /= static_cast<double>(kept);
  EXPECT_NEAR(model.estimate(later).mean_absolute_error, mae, 0.05 * mae);
  EXPECT_TRUE(std::isnan(model.estimate({}).mean_absolute_error));
}

TEST(Estimate, NothingIsKnownOfNoRows) {
  EXPECT_TRUE(std::isnan(estimate_quality({}, {}, {}).accuracy));
  EXPECT_EQ(Calibration()(0.3), 0.3);
}

}  // namespace
}  // namespace slipway::stats
