// SPDX-License-Identifier: Apache-2.0
#include "stats/ordered.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace slipway::stats {
namespace {

// Shows a few values at a time, as a file does.
class Pieces : public Ordered {
 public:
  Pieces(std::span<const double> values, std::size_t size) : values_(values), size_(size) {}
  std::size_t size() const override { return values_.size(); }
  std::span<const double> from(std::size_t position) const override {
    const auto end = std::min(values_.size(), (position / size_ + 1) * size_);
    return values_.subspan(position, end - position);
  }

 private:
  std::span<const double> values_;
  std::size_t size_;
};

std::vector<double> draw(std::size_t n, double shift, double grain, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal(shift, 1);
  std::vector<double> out;
  for (std::size_t i = 0; i < n; ++i) {
    const double x = normal(random);
    out.push_back(grain > 0 ? std::round(x / grain) * grain : x);
  }
  std::sort(out.begin(), out.end());
  return out;
}

TEST(Ordered, SortsWhateverTheSizeAndTheSigns) {
  std::mt19937_64 random(3);
  for (const std::size_t n : {0, 1, 2, 100, 2'048, 2'049, 50'000}) {
    std::vector<double> values;
    for (std::size_t i = 0; i < n; ++i) {
      const auto size = std::ldexp(1.0, static_cast<int>(random() % 2'000) - 1'000);
      values.push_back((random() % 2 == 0 ? size : -size) * static_cast<double>(random() % 1'000));
    }
    auto want = values;
    std::sort(want.begin(), want.end());
    std::vector<double> scratch;
    sort_numbers(values, scratch);
    EXPECT_EQ(values, want) << n;
  }
  std::vector<double> same(5'000, 7.5);
  std::vector<double> scratch;
  sort_numbers(same, scratch);
  EXPECT_EQ(same, std::vector<double>(5'000, 7.5));
}

TEST(Ordered, AnswersAreThoseOfSamplesInMemory) {
  const std::pair<std::vector<double>, std::vector<double>> pairs[] = {
      {draw(3'000, 0, 0, 1), draw(2'000, 0.2, 0, 2)},
      {draw(3'000, 0, 0.5, 3), draw(1'500, 0.1, 0.5, 4)},
      {draw(900, 0, 0, 5), draw(5'000, 0.2, 0, 6)},
      {draw(900, 0, 2, 7), draw(5'000, 0.2, 2, 8)},
      {draw(15'000, 0, 0, 9), draw(12'000, 0, 0.01, 10)},
      {std::vector<double>(1'200, 2.0), std::vector<double>(900, 2.0)},
      {std::vector<double>(1'200, 2.0), draw(900, 2, 0, 11)},
  };
  for (const auto& [a, b] : pairs) {
    const Sample was{.type = ColumnType::numerical, .values = a};
    const Sample is{.type = ColumnType::numerical, .values = b};
    for (const auto method :
         {Method::automatic, Method::ks, Method::ed, Method::wasserstein, Method::psi,
          Method::kl_div, Method::jensenshannon, Method::hellinger}) {
      const auto want = compare(was, is, method);
      for (const std::size_t piece : {1, 7, 1'024, 1'000'000}) {
        const auto got = compare(Pieces(a, piece), Pieces(b, piece), method);
        EXPECT_EQ(got.method, want.method) << name_of(want.method);
        ASSERT_EQ(got.score.has_value(), want.score.has_value()) << name_of(want.method);
        if (!got.score) continue;
        EXPECT_DOUBLE_EQ(*got.score, *want.score) << name_of(want.method) << " " << a.size();
        EXPECT_EQ(got.drifted, want.drifted);
        EXPECT_EQ(got.threshold, want.threshold);
        EXPECT_EQ(got.statistic, want.statistic);
      }
    }
  }
}

TEST(Ordered, DistinctValuesAreCountedOnlyAsFarAsAsked) {
  const std::vector<double> values{1, 1, 1, 2, 3, 3, 4};
  EXPECT_EQ(distinct_values(InMemory(values), 3), (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(distinct_values(InMemory(values), 9), (std::vector<double>{1, 2, 3, 4}));
  const std::vector<double> others{0.5, 4};
  EXPECT_EQ(joined_values(InMemory(values), InMemory(others), 9), 5u);
  EXPECT_EQ(joined_values(InMemory(values), InMemory(others), 2), 2u);
}

}  // namespace
}  // namespace slipway::stats
