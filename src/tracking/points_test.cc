// SPDX-License-Identifier: Apache-2.0
#include "points.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "tracking/step.h"

namespace slipway::tracking {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kSmallest = std::numeric_limits<std::int64_t>::min();

std::vector<KeyedPoint> back(const std::string& block) {
  std::vector<KeyedPoint> out;
  EXPECT_TRUE(decode(block, out));
  return out;
}

void expect_survives(std::vector<KeyedPoint> points) {
  put_in_order(points);
  const auto read = back(encode(points.data(), points.size()));
  ASSERT_EQ(read.size(), points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    EXPECT_EQ(read[i].metric, points[i].metric) << i;
    EXPECT_TRUE(same(read[i].point, points[i].point)) << i;
  }
}

TEST(StepTest, IsReadAndWrittenExactly) {
  for (const auto* text : {"0", "12", "-3", "0.25", "-0.25", "-1.000000001", "7.999999999",
                           "9223372036854775807.5", "-9223372036854775808"}) {
    ASSERT_TRUE(Step::parse(text)) << text;
    EXPECT_EQ(Step::parse(text)->text(), text);
  }
  EXPECT_EQ(Step::parse("1.500")->text(), "1.5");
  EXPECT_EQ(Step::parse("-0.0"), Step(0));
  for (const auto* text : {"", ".5", "1.", "1e3", "0.1234567891", "1.-5", "--1", "-.5",
                           "9223372036854775808", "-9223372036854775808.5", "1.5 "}) {
    EXPECT_FALSE(Step::parse(text)) << text;
  }
  EXPECT_LT(*Step::parse("-0.25"), Step(0));
  EXPECT_LT(Step(-1), *Step::parse("-0.25"));
  EXPECT_LT(*Step::parse("0.1"), *Step::parse("0.11"));
  EXPECT_EQ(Step::parse("-0.25")->whole(), -1);
}

TEST(PointsTest, EveryKindOfPointSurvives) {
  std::vector<KeyedPoint> points;
  std::int64_t metric = 1;
  for (const double value : {0.0, 1.0, -1.5, 1e300, 5e-324, kInfinity, -kInfinity, std::nan("")}) {
    for (const auto at : {std::int64_t{0}, std::int64_t{1'700'000'000'000}, kLargest}) {
      for (const auto step : {Step(0), Step(-7, 5), Step(kLargest), Step(kSmallest)}) {
        points.push_back({metric, {value, {at}, step}});
      }
    }
    metric *= 1000;
  }
  expect_survives(points);
  expect_survives({{9, {0.5, {3}, 4}}});
}

TEST(PointsTest, RandomSeriesSurvive) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<KeyedPoint> points;
    const auto count = 1 + random() % 700;
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto bits = random();
      const double value = round % 3 == 0 ? static_cast<double>(bits) / 3.0
                           : round % 3 == 1
                               ? static_cast<double>(static_cast<float>(bits % 1000) / 7)
                               : std::bit_cast<double>(bits);
      const auto jitter = static_cast<std::int64_t>(random() % (round + 1));
      const auto step = static_cast<std::int64_t>(i) * (round % 5);
      points.push_back({static_cast<std::int64_t>(random() % 4),
                        {value, {1'000'000 + static_cast<std::int64_t>(i) * 10 + jitter}, step}});
    }
    expect_survives(points);
  }
}

TEST(PointsTest, WhatGrowsEvenlyTakesAlmostNothing) {
  std::vector<KeyedPoint> points;
  for (int i = 0; i < 4096; ++i) points.push_back({1, {0.5, {1'000'000 + i * 250}, i}});
  EXPECT_LT(encode(points.data(), points.size()).size(), 4096u / 8 + 64);
}

TEST(PointsTest, OneMetricOfABlockIsRead) {
  std::vector<KeyedPoint> points = {{1, {1, {1}, 1}}, {2, {2, {2}, 2}}, {2, {3, {3}, 3}}};
  std::vector<Point> out;
  ASSERT_TRUE(decode(encode(points.data(), 3), 2, out));
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[1].value, 3);
}

TEST(PointsTest, AnyReportIsPutInOrder) {
  std::mt19937_64 random(4);
  const auto roll = [&](std::uint64_t sides) {
    return static_cast<std::int64_t>(random() % sides);
  };
  for (int round = 0; round < 300; ++round) {
    // Metrics with numbers side by side, and far apart; points in turn, and in no order at all.
    const std::int64_t apart = round % 3 == 0 ? 1'000'000'007 : 1;
    const auto metrics = static_cast<std::uint64_t>(1 + roll(20));
    std::vector<KeyedPoint> points;
    for (std::int64_t i = 0, count = 1 + roll(200); i < count; ++i) {
      const auto at = round % 2 == 0 ? i : roll(6);
      points.push_back({roll(metrics) * apart, {static_cast<double>(roll(3)), {at}, roll(2)}});
    }
    auto wanted = points;
    std::sort(wanted.begin(), wanted.end(), [](const KeyedPoint& a, const KeyedPoint& b) {
      return a.metric != b.metric ? a.metric < b.metric : earlier(a.point, b.point);
    });
    wanted.erase(std::unique(wanted.begin(), wanted.end(),
                             [](const KeyedPoint& a, const KeyedPoint& b) {
                               return a.metric == b.metric && same(a.point, b.point);
                             }),
                 wanted.end());
    put_in_order(points);
    ASSERT_EQ(points.size(), wanted.size());
    for (std::size_t i = 0; i < points.size(); ++i) {
      ASSERT_EQ(points[i].metric, wanted[i].metric) << i;
      ASSERT_TRUE(same(points[i].point, wanted[i].point)) << i;
    }
  }
}

TEST(PointsTest, DamagedBlocksAreDataLossAndNothingElse) {
  std::vector<KeyedPoint> points;
  for (int i = 0; i < 50; ++i) points.push_back({i % 3, {i / 3.0, {i * i}, Step(i, i)}});
  put_in_order(points);
  const auto good = encode(points.data(), points.size());
  std::mt19937_64 random(11);
  std::vector<KeyedPoint> out;
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_FALSE(decode(std::string_view(good).substr(0, length), out)) << length;
  }
  for (int round = 0; round < 5'000; ++round) {
    auto bad = good;
    bad[random() % bad.size()] = static_cast<char>(random());
    out.clear();
    if (const auto result = decode(bad, out); !result) {
      EXPECT_EQ(result.error().code, Code::data_loss);
    }
  }
  EXPECT_FALSE(decode(std::string("\x01\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10), out));
}

TEST(PointsTest, TheOrdersAreThoseOfTheOriginal) {
  const Point nan{std::nan(""), {5}, 1};
  const Point zero{0, {5}, 1};
  const Point minus{-1, {5}, 1};
  EXPECT_TRUE(earlier(minus, nan) && earlier(zero, nan) && !earlier(nan, zero));
  EXPECT_TRUE(same(nan, nan) && same(zero, {-0.0, {5}, 1}) && !same(zero, nan));
  EXPECT_TRUE(outranks(minus, nan) && !outranks(nan, minus) && !outranks(nan, nan));
  EXPECT_TRUE(outranks({0, {1}, 2}, {9, {7}, 1}));
  EXPECT_TRUE(lower({0, {9}, 1}, {0, {1}, 2}) && earlier({0, {1}, 2}, {0, {9}, 1}));
}

}  // namespace
}  // namespace slipway::tracking
