// SPDX-License-Identifier: Apache-2.0
#include "stats/segments.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace slipway::stats {
namespace {

using Names = std::vector<std::string>;

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}
  double even() { return (static_cast<double>(random_() >> 11) + 0.5) * 0x1p-53; }

 private:
  std::mt19937_64 random_;
};

// Flights: carrier, origin, distance, delay. `late` is what the delay of UA from EWR is longer.
std::vector<Feature> flights(std::size_t n, std::uint64_t seed, double late, double late_all = 0) {
  Draw draw(seed);
  std::vector<Feature> out{{.name = "carrier", .categorical = true},
                           {.name = "origin", .categorical = true},
                           {.name = "distance"},
                           {.name = "delay"}};
  const char* carriers[] = {"UA", "B6", "DL", "AA"};
  const char* origins[] = {"EWR", "JFK", "LGA"};
  for (std::size_t i = 0; i < n; ++i) {
    const auto* carrier = carriers[static_cast<std::size_t>(4 * draw.even())];
    const auto* origin = origins[static_cast<std::size_t>(3 * draw.even())];
    out[0].texts.emplace_back(carrier);
    out[1].texts.emplace_back(origin);
    out[2].numbers.push_back(std::floor(2'000 * draw.even()));
    const bool hit = std::string(carrier) == "UA" && std::string(origin) == "EWR";
    out[3].numbers.push_back(100 * draw.even() + late_all + (hit ? late : 0));
  }
  return out;
}

TEST(Segments, TheChangeIsFoundWhereItIs) {
  const auto found = find_segments(flights(8'000, 1, 0), flights(6'000, 2, 60),
                                   std::vector<std::size_t>{0, 1, 2, 3});
  ASSERT_EQ(found.size(), 1u);  // not the carriers of long delays, which is the same change
  EXPECT_EQ(found[0].column, "delay");
  EXPECT_EQ(found[0].conditions, (Names{"carrier = UA", "origin = EWR"}));
  EXPECT_NEAR(found[0].effect, 0.6, 0.06);
  EXPECT_LT(found[0].effect_elsewhere, 0.05);
  EXPECT_LT(found[0].p_value, 1e-6);
  EXPECT_NEAR(static_cast<double>(found[0].reference_rows), 8'000.0 / 12, 80);
}

TEST(Segments, AChangeEverywhereHasNone) {
  const std::vector<std::size_t> delay{3};
  EXPECT_TRUE(find_segments(flights(8'000, 1, 0), flights(6'000, 2, 0, 30), delay).empty());
}

TEST(Segments, WithoutAChangeHardlyOneIsFoundInAHundredDraws) {
  const std::vector<std::size_t> delay{3};
  std::size_t wrong = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const auto found =
        find_segments(flights(1'500, 10 + seed, 0), flights(1'000, 5'000 + seed, 0), delay);
    wrong += found.size();
  }
  EXPECT_LE(wrong, 3u);  // one is expected at 1 %
}

TEST(Segments, NumbersAreCutIntoQuarters) {
  auto current = flights(6'000, 2, 0);
  for (std::size_t i = 0; i < 6'000; ++i) {
    if (current[2].numbers[i] > 1'500) current[3].numbers[i] += 50;
  }
  const auto found = find_segments(flights(8'000, 1, 0), current, std::vector<std::size_t>{3});
  ASSERT_EQ(found.size(), 1u);
  ASSERT_EQ(found[0].conditions.size(), 1u);
  EXPECT_TRUE(found[0].conditions[0].starts_with("distance > 1")) << found[0].conditions[0];
}

TEST(Segments, AFallOfQualityIsPartedIntoWhatMovedAndWhatChanged) {
  // The loss is 0.1, and 0.5 for long flights. In `moved` there are more long flights; in `changed`
  // UA is worse.
  const auto losses = [](const std::vector<Feature>& rows, double of_ua) {
    std::vector<double> out;
    for (std::size_t i = 0; i < rows[0].rows(); ++i) {
      double loss = rows[2].numbers[i] > 1'500 ? 0.5 : 0.1;
      if (rows[0].texts[i] == "UA") loss += of_ua;
      out.push_back(loss);
    }
    return out;
  };
  const auto before = flights(8'000, 1, 0);
  auto moved = flights(6'000, 2, 0);
  for (double& x : moved[2].numbers) x = 1'000 + x / 2;
  const auto was = losses(before, 0);
  const auto by_move = explain_drop(before, was, moved, losses(moved, 0));
  EXPECT_EQ(by_move.columns[0].column, "distance");
  EXPECT_NEAR(by_move.columns[0].moved, 0.1, 0.02);
  EXPECT_NEAR(by_move.columns[0].changed, 0, 0.02);
  for (const auto& column : by_move.columns) {
    EXPECT_NEAR(column.moved + column.changed, by_move.current_loss - by_move.reference_loss, 1e-9);
  }
  const auto same = flights(6'000, 3, 0);
  const auto by_change = explain_drop(before, was, same, losses(same, 0.3));
  for (const auto& column : by_change.columns) {
    EXPECT_NEAR(column.moved, 0, 0.02);
    if (column.column != "carrier") continue;
    EXPECT_EQ(column.worst, "carrier = UA");
  }
}

}  // namespace
}  // namespace slipway::stats
