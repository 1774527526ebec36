// SPDX-License-Identifier: Apache-2.0
// What is said beside a test: findings, effects, verdicts of many columns together.
#include "stats/findings.h"

#include <gtest/gtest.h>

#include "stats/drift.h"

namespace slipway::stats {
namespace {

Sample numbers(std::vector<double> ascending) {
  return {.type = ColumnType::numerical, .values = std::move(ascending)};
}

TEST(Findings, TellNewValuesAndRanges) {
  EXPECT_EQ(new_values({{"a", 3}}, {{"a", 8}, {"b", 1}, {"c", 1}}),
            "2 values never seen in the reference (20 % of the rows): b, c");
  EXPECT_FALSE(new_values({{"a", 3}, {"b", 1}}, {{"a", 8}}));
  EXPECT_EQ(out_of_range(0, 7, {-1, 2, 3, 8}), "50 % of the rows outside the reference's 0 .. 7");
  EXPECT_FALSE(out_of_range(0, 7, {0, 7}));
  EXPECT_FALSE(out_of_range(0, 7, {}));
  // A name is not cut within a character.
  const std::string longish(39, 'x');
  const auto said = new_values({}, {{longish + "äää", 1}});
  ASSERT_TRUE(said);
  EXPECT_TRUE(said->ends_with(longish)) << *said;
}

TEST(Findings, TellMissingValuesOnlyWhenTheyAreManyAndSure) {
  EXPECT_EQ(null_change(0, 1000, 90, 1000), "missing values went from 0 % to 9 % of the rows");
  EXPECT_FALSE(null_change(0, 1000, 40, 1000));  // 4 points
  EXPECT_FALSE(null_change(0, 10, 1, 10));       // chance
  EXPECT_FALSE(null_change(0, 0, 1, 10));
}

TEST(Findings, AnEffectDoesNotGrowWithTheRows) {
  std::vector<double> a;
  std::vector<double> b;
  for (int i = 0; i < 400'000; ++i) {
    a.push_back(i / 4e5);
    b.push_back(0.1 + i / 4e5);
  }
  EXPECT_NEAR(effect_of(numbers(a), numbers(b)), 0.1, 5e-5);
  EXPECT_EQ(effect_of(numbers({1, 2}), numbers({3, 4})), 1);
  EXPECT_EQ(effect_of(numbers({}), numbers({3, 4})), 0);
  const Sample c{.type = ColumnType::categorical, .counts = {{"x", 50}, {"y", 50}}};
  const Sample d{.type = ColumnType::categorical, .counts = {{"x", 3}, {"z", 1}}};
  EXPECT_DOUBLE_EQ(effect_of(c, d), 0.5);
}

TEST(Homogeneity, KnowsThatAReferenceIsASample) {
  // scipy.stats.chi2_contingency([[50, 30, 20], [20, 25, 5]], correction=False)
  const auto got = homogeneity({{"a", 50}, {"b", 30}, {"c", 20}}, {{"a", 20}, {"b", 25}, {"c", 5}});
  EXPECT_NEAR(got.statistic, 6.350649350649351, 1e-9);
  EXPECT_NEAR(got.p_value, 0.041780536773211474, 1e-9);
  EXPECT_EQ(homogeneity({{"a", 5}}, {{"a", 7}}).p_value, 1);
  // A value that is new on one side is weighed, not taken for impossible.
  EXPECT_GT(homogeneity({{"a", 500}}, {{"a", 99}, {"b", 1}}).p_value, 0.01);
}

TEST(Correction, JudgesTestsByAdjustedPValues) {
  const auto column = [](double p) {
    ColumnDrift out{.method = Method::ks, .threshold = 0.05};
    out.score = out.p_value = p;
    out.drifted = p <= 0.05;
    return out;
  };
  for (const auto correction : {Correction::bonferroni, Correction::fdr}) {
    std::vector<ColumnDrift> columns{column(0.02), column(0.001), column(0.03), column(0.8)};
    columns.push_back({.method = Method::psi, .score = 0.2, .threshold = 0.1, .drifted = true});
    std::vector<ColumnDrift*> places;
    for (auto& each : columns) places.push_back(&each);
    correct(places, correction);
    const bool fdr = correction == Correction::fdr;
    EXPECT_DOUBLE_EQ(*columns[1].adjusted_p_value, 0.004);
    EXPECT_DOUBLE_EQ(*columns[0].adjusted_p_value, fdr ? 0.04 : 0.08);
    EXPECT_DOUBLE_EQ(*columns[2].adjusted_p_value, fdr ? 0.04 : 0.12);
    EXPECT_TRUE(columns[1].drifted);
    EXPECT_EQ(columns[0].drifted, fdr);
    EXPECT_FALSE(columns[3].drifted);
    EXPECT_FALSE(columns[4].adjusted_p_value);  // a distance is not corrected
    EXPECT_TRUE(columns[4].drifted);
  }
  EXPECT_EQ(correction_named("fdr"), Correction::fdr);
  EXPECT_FALSE(correction_named("holm"));
}

}  // namespace
}  // namespace slipway::stats
