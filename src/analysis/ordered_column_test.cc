// SPDX-License-Identifier: Apache-2.0
#include "analysis/ordered_column.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

namespace slipway::analysis {
namespace {

std::vector<double> all_of(const OrderedColumn& column) {
  std::vector<double> out;
  for (std::size_t at = 0; at < column.size();) {
    const auto block = column.from(at);
    out.insert(out.end(), block.begin(), block.end());
    at += block.size();
  }
  return out;
}

TEST(OrderedColumn, IsTheSameInMemoryAndInAFile) {
  std::mt19937_64 random(5);
  for (const std::size_t n : {0, 1, 999, 1'000, 1'001, 300'000}) {
    std::vector<double> values;
    for (std::size_t i = 0; i < n; ++i) values.push_back(static_cast<double>(random() % 5'000) - 7);
    for (const std::size_t in_memory : {std::size_t{1'000}, OrderedColumn::kInMemory}) {
      OrderedColumn column(n, in_memory);
      std::vector<double> scratch;
      for (std::size_t at = 0; at < n; at += 700) {
        const auto size = std::min<std::size_t>(700, n - at);
        ASSERT_TRUE(column.add(std::span(values).subspan(at, size), scratch).ok());
      }
      ASSERT_TRUE(column.finish(scratch).ok());
      auto want = values;
      std::sort(want.begin(), want.end());
      EXPECT_EQ(column.in_memory(), n <= in_memory);
      ASSERT_EQ(column.size(), n);
      EXPECT_EQ(all_of(column), want);
      if (n > 2) {
        EXPECT_EQ(column.at(n / 2), want[n / 2]);
        EXPECT_EQ(column.at(0), want[0]);
        EXPECT_EQ(column.at(n - 1), want[n - 1]);
      }
      EXPECT_EQ(column.take(), want);
    }
  }
}

}  // namespace
}  // namespace slipway::analysis
