// SPDX-License-Identifier: Apache-2.0
// How much of what is recorded is in memory at the same time.
#include "serving/prediction.h"

#include <gtest/gtest.h>

#include "meter/meter.h"

namespace slipway::serving {
namespace {

Exchange exchange_of(std::int64_t rows, std::int64_t width = 1) {
  Exchange out;
  out.endpoint = "e";
  out.model = "m";
  out.version = "1";
  out.request_id = "r";
  out.rows = rows;
  out.inputs = {Tensor::make("x", DType::fp32, {rows, width})};
  out.outputs = {Tensor::make("y", DType::fp32, {rows, 1})};
  return out;
}

TEST(PredictionLogTest, RowsComeInPortionsHoweverManyARequestHas) {
  meter::Registry meters;
  PredictionLog log(1'000, meters);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(log.offer(exchange_of(1'000)));

  std::size_t all = 0;
  std::size_t portions = 0;
  while (true) {
    std::vector<Prediction> rows;
    const auto taken = log.drain(rows);
    if (taken == 0) break;
    EXPECT_EQ(rows.size(), taken * 1'000);
    EXPECT_LE(rows.size(), 9'000U);
    all += rows.size();
    ++portions;
  }
  EXPECT_EQ(all, 50'000U);
  EXPECT_EQ(portions, 6U);
}

TEST(PredictionLogTest, TheNewestThatAreKeptAreBoundedInBytes) {
  meter::Registry meters;
  PredictionLog log(1'000, meters);
  for (int i = 0; i < 20; ++i) log.offer(exchange_of(1, 25'000));  // about a MiB as it counts
  EXPECT_LE(log.recent("e", 100).size(), 4U);
  EXPECT_GE(log.recent("e", 100).size(), 3U);
  for (int i = 0; i < 200; ++i) log.offer(exchange_of(1));
  EXPECT_EQ(log.recent("e", 100).size(), 64U);
}

}  // namespace
}  // namespace slipway::serving
