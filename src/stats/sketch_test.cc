// SPDX-License-Identifier: Apache-2.0
// Error bounds of the sketches, before and after merging.
#include "stats/sketch.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace slipway::stats {
namespace {

std::vector<double> values(std::size_t n, std::uint64_t seed, int kind) {
  std::mt19937_64 random(seed);
  std::vector<double> out;
  for (std::size_t i = 0; i < n; ++i) {
    const double u = (static_cast<double>(random() >> 11) + 0.5) * 0x1p-53;
    if (kind == 0) out.push_back(u);
    if (kind == 1) out.push_back(-std::log(u) * 100);                // a long tail
    if (kind == 2) out.push_back(static_cast<double>(i));            // ascending
    if (kind == 3) out.push_back(std::floor(u * 20));                // ties
    if (kind == 4) out.push_back(static_cast<double>(n - i) * 1e9);  // descending
  }
  return out;
}

double worst_rank_error(const Quantiles& sketch, std::vector<double> all) {
  std::sort(all.begin(), all.end());
  double worst = 0;
  for (int q = 1; q < 100; ++q) {
    const double x = all[all.size() * static_cast<std::size_t>(q) / 100];
    const auto at_most = std::upper_bound(all.begin(), all.end(), x) - all.begin();
    const double truth = static_cast<double>(at_most) / static_cast<double>(all.size());
    worst = std::max(worst, std::abs(sketch.rank(x) - truth));
  }
  return worst;
}

TEST(Sketch, QuantilesAreWithinTheirBound) {
  for (int kind = 0; kind < 5; ++kind) {
    Quantiles sketch;
    const auto all = values(200'000, 3, kind);
    for (const double x : all) sketch.add(x);
    EXPECT_EQ(sketch.count(), 200'000);
    EXPECT_LE(sketch.stored(), 900u);
    EXPECT_LE(worst_rank_error(sketch, all), 0.015) << kind;
  }
}

TEST(Sketch, MergedQuantilesAreAsGoodAsThoseOfAllRows) {
  for (int kind = 0; kind < 5; ++kind) {
    Quantiles merged;
    std::vector<double> all;
    for (std::uint64_t part = 0; part < 300; ++part) {  // unequal windows
      Quantiles one;
      for (const double x : values(50 + 20 * (part % 40), part, kind)) {
        one.add(x);
        all.push_back(x);
      }
      merged.merge(one);
    }
    EXPECT_EQ(merged.count(), static_cast<std::int64_t>(all.size()));
    EXPECT_LE(merged.stored(), 900u);
    EXPECT_LE(worst_rank_error(merged, all), 0.015) << kind;
  }
}

TEST(Sketch, FewValuesAreExact) {
  Quantiles sketch;
  EXPECT_FALSE(sketch.at(0.5));
  for (const double x : {5.0, 1.0, 4.0, 2.0, 3.0}) sketch.add(x);
  EXPECT_EQ(sketch.at(0), 1);
  EXPECT_EQ(sketch.at(0.5), 3);
  EXPECT_EQ(sketch.at(1), 5);
  EXPECT_EQ(sketch.rank(2), 0.4);
}

TEST(Sketch, DistinctCountsAreWithinThreeStandardErrors) {
  for (const int n : {1, 10, 1'000, 20'000, 300'000}) {
    Distinct left;
    Distinct right;
    for (int i = 0; i < n; ++i) {
      // Every value twice, a third of them on both sides.
      if (i % 3 != 0) left.add(sketch_hash("v" + std::to_string(i)));
      if (i % 3 != 1) right.add(sketch_hash("v" + std::to_string(i)));
    }
    left.merge(right);
    EXPECT_NEAR(left.estimate(), n, 0.07 * n + 0.5) << n;
  }
  EXPECT_EQ(Distinct().estimate(), 0);
}

TEST(Sketch, FrequentValuesAreWithinTheirBoundAlsoMerged) {
  std::mt19937_64 random(4);
  std::map<std::string, std::int64_t> truth;
  Frequent merged;
  std::int64_t rows = 0;
  for (int part = 0; part < 50; ++part) {
    Frequent one;
    for (int i = 0; i < 4'000; ++i) {
      const double u = (static_cast<double>(random() >> 11) + 0.5) * 0x1p-53;
      const auto value = "v" + std::to_string(static_cast<int>(std::pow(u, -0.9)));  // a few rule
      one.add(value);
      ++truth[value];
      ++rows;
    }
    merged.merge(one);
  }
  EXPECT_GT(truth.size(), 5 * Frequent::kSize);
  EXPECT_LE(merged.counts().size(), Frequent::kSize);
  EXPECT_LE(merged.error(), rows / static_cast<std::int64_t>(Frequent::kSize + 1));
  for (const auto& [value, n] : truth) {
    const auto found = merged.counts().find(value);
    const auto counted = found == merged.counts().end() ? 0 : found->second;
    EXPECT_LE(counted, n);
    EXPECT_GE(counted, n - merged.error()) << value;
  }
  EXPECT_EQ(merged.most(1).at(0).first, "v1");
}

TEST(Sketch, MomentsMergeToThoseOfAllRows) {
  const auto all = values(1'000, 9, 1);
  Moments whole;
  Moments merged;
  Moments part;
  for (std::size_t i = 0; i < all.size(); ++i) {
    whole.add(all[i]);
    part.add(all[i]);
    if (i % 137 == 0) {
      merged.merge(part);
      part = {};
    }
  }
  merged.merge(part);
  merged.merge(Moments());
  EXPECT_EQ(merged.count, 1'000);
  EXPECT_NEAR(merged.mean, whole.mean, 1e-9);
  EXPECT_NEAR(merged.deviation(), whole.deviation(), 1e-9);
  EXPECT_EQ(merged.min, whole.min);
  EXPECT_EQ(merged.max, whole.max);
}

}  // namespace
}  // namespace slipway::stats
