// SPDX-License-Identifier: Apache-2.0
#include "arrow.h"

#include <cstring>
#include <random>

#include <gtest/gtest.h>

namespace slipway::wire::scoring {
namespace {

using serving::DType;
using serving::FrameLayout;
using serving::Signature;
using serving::Tensor;
using serving::Tensors;

template <class T>
Tensor column(const std::string& name, DType type, const std::vector<T>& values) {
  auto out = Tensor::make(name, type, {static_cast<std::int64_t>(values.size())});
  std::memcpy(out.mutable_data(), values.data(), values.size() * sizeof(T));
  return out;
}

Tensors table() {
  return {column<double>("a", DType::fp64, {1.5, -2, 1e300}),
          column<float>("b", DType::fp32, {0.1F, 2, 3}),
          column<std::int64_t>("c", DType::int64, {1, -(std::int64_t{1} << 60), 3}),
          column<std::uint8_t>("d", DType::uint8, {1, 2, 255}),
          column<std::uint8_t>("e", DType::boolean, {1, 0, 1}),
          Tensor::of_texts("f", {3}, {"x", "", "\xC3\xA9"})};
}

FrameLayout layout_of(const Tensors& columns) {
  Signature signature;
  for (const auto& each : columns) {
    signature.inputs.push_back({.name = each.name, .dtype = each.dtype(), .shape = {-1}});
  }
  return FrameLayout::of(signature, {});
}

TEST(Arrow, WhatIsWrittenIsRead) {
  const auto given = table();
  const auto stream = write_arrow(given);
  ASSERT_TRUE(stream);

  const auto read = parse_arrow(*stream, layout_of(given));

  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->inputs.size(), given.size());
  for (std::size_t i = 0; i < given.size(); ++i) {
    ASSERT_EQ(read->inputs[i].dtype(), given[i].dtype());
    if (given[i].dtype() != DType::bytes) {
      EXPECT_EQ(read->inputs[i].raw(), given[i].raw()) << i;
    }
  }
  EXPECT_EQ(read->inputs[5].texts()[2], "\xC3\xA9");
  EXPECT_EQ(stream->size() % 8, 0U);
}

TEST(Arrow, AStreamCutAnywhereIsRefused) {
  const auto given = table();
  const auto stream = write_arrow(given).value();
  const auto layout = layout_of(given);

  for (std::size_t size = 0; size + 8 < stream.size(); ++size) {
    const std::string cut = stream.substr(0, size);
    const auto read = parse_arrow(cut, layout);
    if (read) {
      EXPECT_EQ(read->inputs[0].count(), 0U) << size;  // the schema and no batch
    }
  }
}

TEST(Arrow, DamagedBytesAreRefusedOrReadNeverFollowed) {
  const auto given = table();
  const auto stream = write_arrow(given).value();
  const auto layout = layout_of(given);
  std::mt19937 random(7);
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string damaged = stream;
    for (int k = 0; k < 1 + i % 3; ++k) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    if (!parse_arrow(damaged, layout)) ++refused;
  }
  EXPECT_GT(refused, 1000);
}

TEST(Arrow, MoreRowsThanBytesAreRefused) {
  // A batch that says two thousand million rows has as many values in none of its buffers.
  const auto given = Tensors{column<double>("a", DType::fp64, {1, 2})};
  auto stream = write_arrow(given).value();
  const std::int64_t rows = 2;
  const std::int64_t lie = 2'000'000'000;
  int changed = 0;
  for (std::size_t at = 0; at + 8 <= stream.size(); at += 8) {
    if (std::memcmp(stream.data() + at, &rows, 8) != 0) continue;
    std::memcpy(stream.data() + at, &lie, 8);
    ++changed;
  }
  ASSERT_GE(changed, 2);

  const auto read = parse_arrow(stream, layout_of(given));

  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::invalid_argument);
}

TEST(Arrow, CsvHasAColumnAValueAndQuotesWhatItMust) {
  auto wide = Tensor::make("p", DType::fp32, {2, 2});
  const float numbers[] = {0.1F, 2, 3, 4.5F};
  std::memcpy(wide.mutable_data(), numbers, sizeof numbers);
  const auto csv = write_csv({Tensor::of_texts("say", {2}, {"a,b", "\"q\""}), wide});

  ASSERT_TRUE(csv);
  EXPECT_EQ(*csv, "say,p_0,p_1\n\"a,b\",0.1,2\n\"\"\"q\"\"\",3,4.5\n");
}

}  // namespace
}  // namespace slipway::wire::scoring
