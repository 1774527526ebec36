// SPDX-License-Identifier: Apache-2.0
// Numbers against scipy's, read from testdata/oracle.txt, and verdicts on awkward columns.
#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "oracle.h"
#include "stats/categorical.h"
#include "stats/distance.h"
#include "stats/drift.h"
#include "stats/kolmogorov.h"
#include "stats/ks.h"
#include "stats/special.h"

namespace slipway::stats {
namespace {

Sample numerical(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {.type = ColumnType::numerical, .values = std::move(values)};
}

Sample categorical(Counts counts) {
  return {.type = ColumnType::categorical, .counts = std::move(counts)};
}

TEST(Oracle, TwoSampleMethodsEqualScipy) {
  for (const auto& text : oracle("pair")) {
    std::istringstream line(text);
    const auto a = numerical(sample(line));
    const auto b = numerical(sample(line));
    const auto ks = ks_2samp(a.values, b.values);
    expect_equal(ks.statistic, number(line), "ks statistic of " + text);
    expect_probability(ks.p_value, number(line), "ks p-value of " + text);
    const double chi_statistic = number(line);
    const double chi_p = number(line);
    if (!std::isnan(chi_statistic)) {
      const auto chi = chisquare(as_counts(a), as_counts(b));
      expect_equal(chi.statistic, chi_statistic, "chi-squared of " + text);
      if (!std::isnan(chi_p)) expect_probability(chi.p_value, chi_p, "chi-squared p of " + text);
    }
    const Shares shares = binned(a.values, b.values);
    EXPECT_NEAR(psi(shares), number(line), 1e-12) << text;
    EXPECT_NEAR(kl_divergence(shares), number(line), 1e-12) << text;
    EXPECT_NEAR(jensen_shannon(shares), number(line), 1e-7) << text;  // square root near zero
    EXPECT_NEAR(*compare(a, b, Method::hellinger).score, number(line), 1e-7) << text;
    expect_equal(*compare(a, b, Method::wasserstein).score, number(line), "wasserstein " + text);
  }
}

TEST(Oracle, KolmogorovsLawEqualsScipy) {
  for (const auto& text : oracle("kstwo")) {
    std::istringstream line(text);
    std::int64_t n = 0;
    line >> n;
    const double d = number(line);
    expect_probability(kstwo_sf(n, d), number(line), "kstwo " + text);
  }
}

TEST(Oracle, ChiSquaredAndNormalTailsEqualScipy) {
  for (const auto& text : oracle("chi2")) {
    std::istringstream line(text);
    const double df = number(line);
    const double x = number(line);
    expect_probability(chi2_sf(x, df), number(line), "chi2 " + text);
  }
  for (const auto& text : oracle("normal")) {
    std::istringstream line(text);
    const double z = number(line);
    expect_equal(normal_sf(z), number(line), "normal " + text);
  }
}

TEST(Gamma, TheTwoTailsAddUpToOne) {
  for (const double a : {0.5, 3.0, 40.0, 1e4}) {
    for (const double x : {0.1, 1.0, 39.0, 1.01e4}) {
      EXPECT_NEAR(gamma_p(a, x) + gamma_q(a, x), 1, 1e-12) << a << " " << x;
    }
  }
  EXPECT_TRUE(std::isnan(gamma_q(-1, 1)));
}

TEST(Choice, FollowsTypeSizeAndDistinctValues) {
  std::vector<double> many;
  for (int i = 0; i < 1001; ++i) many.push_back(i);
  const auto large = numerical(many);
  many.pop_back();
  const auto small = numerical(many);
  const auto few = numerical({1, 1, 2, 3});
  const auto two = categorical({{"a", 3}, {"b", 2}});

  EXPECT_EQ(choose(small, small), Method::ks);
  EXPECT_EQ(choose(large, small), Method::wasserstein);
  EXPECT_EQ(choose(few, few), Method::chisquare);
  EXPECT_EQ(choose(two, two), Method::z);
  EXPECT_EQ(choose(two, categorical({{"c", 1}})), Method::chisquare);
  EXPECT_EQ(choose(categorical({{"a", 2000}}), two), Method::jensenshannon);
}

TEST(Compare, AnUnseenCategoryIsDriftWithPZero) {
  const auto got = compare(categorical({{"a", 90}, {"b", 10}, {"c", 9}}),
                           categorical({{"a", 90}, {"d", 1}}), Method::chisquare);

  EXPECT_EQ(got.score, 0);
  EXPECT_TRUE(got.drifted);
  EXPECT_FALSE(got.statistic.has_value());  // infinite
}

TEST(Compare, EqualConstantsDoNotDriftDifferentOnesDo) {
  for (const auto method : methods()) {
    if (!supports(method, ColumnType::numerical) || method == Method::wasserstein) continue;
    const auto same = compare(numerical({5, 5, 5}), numerical({5, 5}), method);
    EXPECT_FALSE(same.drifted) << name_of(method);
  }
  const std::vector<double> fives(50, 5.0);
  const std::vector<double> sixes(50, 6.0);
  EXPECT_TRUE(compare(numerical(fives), numerical(sixes), Method::ks).drifted);
  EXPECT_TRUE(compare(numerical(fives), numerical(sixes), Method::psi).drifted);
  EXPECT_FALSE(compare(categorical({{"a", 5}}), categorical({{"a", 9}})).drifted);
  EXPECT_TRUE(compare(categorical({{"a", 50}}), categorical({{"b", 50}})).drifted);
}

TEST(Compare, AColumnThatCannotBeTestedSaysWhy) {
  const auto values = numerical({1, 2, 3});
  Sample empty{.type = ColumnType::numerical, .nulls = 7};

  EXPECT_EQ(compare(values, empty).error, "the current data has no values");
  EXPECT_EQ(compare(empty, values).error, "the reference has no values");
  EXPECT_EQ(compare(values, categorical({{"a", 1}})).error,
            "the reference is numerical and the current data is categorical");
  EXPECT_EQ(compare(values, values, Method::chisquare).error,
            "method chisquare does not apply to a numerical column");
  EXPECT_FALSE(compare(values, empty).drifted);
  EXPECT_FALSE(compare(values, empty).score.has_value());
}

TEST(Compare, AThresholdOfOnesOwnDecides) {
  const auto a = numerical({1, 2, 3, 4, 5, 6, 7, 8});
  const auto b = numerical({4, 5, 6, 7, 8, 9, 10, 11});

  EXPECT_FALSE(compare(a, b, Method::ks).drifted);
  EXPECT_TRUE(compare(a, b, Method::ks, 0.9).drifted);
}

TEST(Methods, AreFoundByTheirNames) {
  for (const auto method : methods()) EXPECT_EQ(method_named(name_of(method)), method);
  EXPECT_EQ(method_named("auto"), Method::automatic);
  EXPECT_FALSE(method_named("KS"));
}

}  // namespace
}  // namespace slipway::stats
