// SPDX-License-Identifier: Apache-2.0
// The tests beyond the automatic choice, against scipy's answers, and what they refuse.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "oracle.h"
#include "stats/categorical.h"
#include "stats/distance.h"
#include "stats/drift.h"
#include "stats/moment_tests.h"
#include "stats/permutation.h"
#include "stats/rank_tests.h"
#include "stats/special.h"

namespace slipway::stats {
namespace {

// The limit law's series ends at 1e-7, there and here; what is left of it is noise.
void expect_limit(double got, double want, const std::string& what) {
  EXPECT_NEAR(got, want, 1e-12) << what;
}

TEST(Oracle, RankAndMomentTestsEqualScipy) {
  for (const auto& text : oracle("more")) {
    std::istringstream line(text);
    const auto a = sample(line);
    const auto b = sample(line);
    const auto expect = [&](const TestResult& got, const std::string& name) {
      expect_equal(got.statistic, number(line), name + " of " + text);
      expect_probability(got.p_value, number(line), name + " p of " + text);
    };
    expect(anderson_darling(a, b), "anderson");
    const auto cramer = cramer_von_mises(a, b);
    EXPECT_NEAR(cramer.statistic, number(line), 1e-9) << text;
    expect_limit(cramer.p_value, number(line), "cramer_von_mises p of " + text);
    expect(mann_whitney_less(a, b), "mannw");
    expect(t_test(a, b), "t_test");
    const auto epps = epps_singleton(a, b);
    const double w = number(line);
    const double p = number(line);
    if (!std::isnan(w)) {
      EXPECT_NEAR(epps.statistic, w, 1e-7 * std::max(1.0, w)) << "es of " << text;
      EXPECT_NEAR(epps.p_value, p, 1e-8) << "es p of " << text;
    }
    expect_equal(energy_distance(a, b), number(line), "ed of " + text);
  }
}

TEST(Oracle, StudentsTailEqualsScipy) {
  for (const auto& text : oracle("student")) {
    std::istringstream line(text);
    const double df = number(line);
    const double t = number(line);
    expect_probability(student_sf(t, df), number(line), "student " + text);
  }
}

TEST(Oracle, TablesEqualScipy) {
  for (const auto& text : oracle("table")) {
    std::istringstream line(text);
    std::int64_t a = 0, b = 0, c = 0, d = 0;
    line >> a >> b >> c >> d;
    expect_probability(fisher_exact(a, a + b, c, c + d).p_value, number(line), "fisher " + text);
    const double statistic = number(line);
    if (std::isnan(statistic)) continue;
    const auto g = g_test({{"x", c}, {"y", d}}, {{"x", a}, {"y", b}});
    EXPECT_NEAR(g.statistic, statistic, 1e-9) << text;
    EXPECT_NEAR(g.p_value, number(line), 1e-12) << text;
  }
}

Sample numerical(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {.type = ColumnType::numerical, .values = std::move(values)};
}

Sample categorical(Counts counts) {
  return {.type = ColumnType::categorical, .counts = std::move(counts)};
}

TEST(Permutation, EqualCountsNeverDriftAndOppositeOnesAlwaysDo) {
  const Counts same{{"a", 50}, {"b", 50}};
  EXPECT_EQ(total_variation(same, same).p_value, 1);
  const auto far = total_variation({{"a", 50}}, {{"b", 50}});
  EXPECT_EQ(far.statistic, 1);
  EXPECT_LT(far.p_value, 0.001);
}

TEST(Permutation, TheDistanceIsFoundAndThePValueNearItsExactOne) {
  // Drawing 10 of 20 rows, 10 of them "a": the distance is at least 0.2 unless exactly 5 are drawn.
  const auto got = total_variation({{"a", 6}, {"b", 4}}, {{"a", 4}, {"b", 6}});
  const double exact = 1 - 252.0 * 252.0 / 184756.0;
  EXPECT_NEAR(got.statistic, 0.2, 1e-12);
  EXPECT_NEAR(got.p_value, exact, 0.05);
}

TEST(Permutation, TheKernelSeesAShiftAndNotItsAbsence) {
  std::vector<double> a;
  std::vector<double> b;
  std::vector<double> shifted;
  for (int i = 0; i < 200; ++i) {
    a.push_back(i);
    b.push_back(i + 0.5);
    shifted.push_back(i + 80);
  }
  EXPECT_GT(mean_discrepancy(a, b).p_value, 0.2);
  EXPECT_LT(mean_discrepancy(a, shifted).p_value, 0.05);
  EXPECT_EQ(mean_discrepancy(a, shifted).p_value, mean_discrepancy(a, shifted).p_value);
}

TEST(Compare, AMethodThatCannotAnswerSaysWhatItNeeds) {
  const auto few = numerical({1, 2, 3});
  EXPECT_NE(compare(few, few, Method::es).error.find("five values"), std::string::npos);
  EXPECT_NE(compare(numerical({1}), few, Method::t_test).error.find("two values"),
            std::string::npos);
  const auto ab = categorical({{"a", 3}, {"b", 3}});
  const auto more = categorical({{"a", 3}, {"b", 4}});
  EXPECT_NE(compare(ab, more, Method::g_test).error.find("(7)"), std::string::npos);
  EXPECT_NE(compare(ab, categorical({{"a", 3}, {"c", 3}}), Method::fisher_exact).error.find("two"),
            std::string::npos);
  const auto flat = numerical(std::vector<double>(30, 4.0));
  EXPECT_FALSE(compare(flat, flat, Method::es).error.empty());
  EXPECT_FALSE(compare(flat, flat, Method::anderson).error.empty());
}

TEST(Compare, EveryMethodHasAVerdictOnBothSidesOfItsThreshold) {
  std::vector<double> low;
  std::vector<double> high;
  for (int i = 0; i < 40; ++i) {
    low.push_back(i);
    high.push_back(i + 30);
  }
  for (const auto method : methods()) {
    if (supports(method, ColumnType::text)) continue;  // text_drift_test.cc
    const bool numbers = supports(method, ColumnType::numerical);
    const auto a = numbers ? numerical(low) : categorical({{"x", 30}, {"y", 10}});
    const auto b = numbers ? numerical(high) : categorical({{"x", 10}, {"y", 30}});
    EXPECT_TRUE(compare(a, b, method).drifted) << name_of(method);
    EXPECT_FALSE(compare(a, a, method).drifted) << name_of(method);
    EXPECT_EQ(method_named(name_of(method)), method);
  }
}

}  // namespace
}  // namespace slipway::stats
