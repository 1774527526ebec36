// SPDX-License-Identifier: Apache-2.0
// Tensors, their JSON, tables as tensors, statistics.
#include <cmath>

#include <gtest/gtest.h>

#include "serving/frame.h"
#include "serving/stats.h"
#include "serving/tensor_json.h"

namespace slipway::serving {
namespace {

Result<Tensor> read(std::string_view text, DType type, std::optional<Shape> wanted = {}) {
  json::Reader in(text);
  return read_tensor(in, "x", type, wanted ? &*wanted : nullptr);
}

std::string why(std::string_view text, DType type, std::optional<Shape> wanted = {}) {
  const auto read_back = read(text, type, std::move(wanted));
  return read_back ? "read" : read_back.error().message;
}

TEST(Tensor, CountsElementsWithoutOverflow) {
  EXPECT_EQ(element_count({}), 1U);
  EXPECT_EQ(element_count({3, 4}), 12U);
  EXPECT_EQ(element_count({3, -1}), std::nullopt);
  EXPECT_EQ(element_count({1LL << 62, 1LL << 62}), std::nullopt);
  EXPECT_EQ(element_count({0, 1LL << 62, 1LL << 62}), 0U);
  EXPECT_EQ(element_count({5}, 4), std::nullopt);
}

TEST(Tensor, ConcatenatesAndSlices) {
  const auto a = Tensor::of_texts("t", {2, 1}, {"a", "b"});
  const auto b = Tensor::of_texts("t", {1, 1}, {"c"});
  const Tensor* parts[] = {&a, &b};

  const auto all = concatenate(parts);

  EXPECT_EQ(all.shape(), (Shape{3, 1}));
  EXPECT_EQ(all.slice(1, 2).texts()[1], "c");
}

TEST(Tensor, HalvesReadAsFloats) {
  EXPECT_EQ(half_to_float(0x3C00), 1.0F);
  EXPECT_EQ(half_to_float(0xC000), -2.0F);
  EXPECT_EQ(half_to_float(0x0001), std::ldexp(1.0F, -24));
  EXPECT_TRUE(std::isinf(half_to_float(0x7C00)));
  EXPECT_TRUE(std::isnan(half_to_float(0x7E00)));
  EXPECT_EQ(bfloat_to_float(0x3F80), 1.0F);
}

TEST(TensorJson, ReadsNestedAndFlat) {
  EXPECT_EQ(read("[[1,2],[3,4],[5,6]]", DType::fp32)->shape(), (Shape{3, 2}));
  EXPECT_EQ(read("[1,2,3,4]", DType::int64, Shape{2, 2})->values<std::int64_t>()[3], 4);
  EXPECT_EQ(read("[[1,2],[3,4]]", DType::int8, Shape{2, 2})->values<std::int8_t>()[3], 4);
  EXPECT_EQ(read("[true,false,1]", DType::boolean)->values<std::uint8_t>()[2], 1);
  EXPECT_EQ(read(R"(["a","\u00e9"])", DType::bytes)->texts()[1], "\xC3\xA9");
  EXPECT_EQ(read("[18446744073709551615]", DType::uint64)->values<std::uint64_t>()[0], UINT64_MAX);
  EXPECT_EQ(read("5", DType::fp64, Shape{})->values<double>()[0], 5);
}

TEST(TensorJson, RefusesWhatDoesNotFit) {
  EXPECT_EQ(why("[[1,2],[3]]", DType::fp32), "input 'x': the arrays differ in length");
  EXPECT_EQ(why("[1,[2]]", DType::fp32), "input 'x': the arrays differ in length");
  EXPECT_EQ(why("[[1],2]", DType::fp32), "input 'x': the arrays differ in length");
  EXPECT_EQ(why("[[],1]", DType::bytes), "input 'x': element 0 is a number, expected a text");
  EXPECT_EQ(why("[[],\"a\"]", DType::bytes), "input 'x': the arrays differ in length");
  EXPECT_EQ(why("[1,2,3]", DType::fp32, Shape{2, 2}),
            "input 'x': shape [2,2] takes 4 elements, got 3");
  EXPECT_EQ(why("[300]", DType::uint8), "input 'x': element 0 is 300, which UINT8 cannot hold");
  EXPECT_EQ(why("[-1]", DType::uint64), "input 'x': element 0 is -1, which UINT64 cannot hold");
  EXPECT_EQ(why("[1.5]", DType::int32), "input 'x': element 0 is 1.5, which INT32 cannot hold");
  EXPECT_EQ(why("[1e39]", DType::fp32), "input 'x': element 0 is 1e+39, which FP32 cannot hold");
  EXPECT_EQ(why("[1]", DType::fp16), "input 'x': FP16 has no JSON form");
  EXPECT_EQ(why("[null]", DType::fp32), "input 'x': element 0 is null, expected a number");
}

TEST(TensorJson, WritesWhatReadsBack) {
  auto tensor = Tensor::make("x", DType::fp32, {2, 2});
  auto* values = static_cast<float*>(tensor.mutable_data());
  values[0] = 0.1F;
  values[1] = NAN;
  values[2] = -1e-20F;
  values[3] = 3;
  std::string flat;
  std::string wide;
  append_flat(flat, tensor);
  append_nested(wide, tensor, 0, 0, {.widen = true});

  EXPECT_EQ(flat, "[0.1,null,-1e-20,3]");
  EXPECT_EQ(wide, "[[0.10000000149011612,null],[-9.999999682655225e-21,3]]");
}

FrameLayout wide_layout() {
  return FrameLayout::of({.inputs = {{.name = "X", .dtype = DType::fp32, .shape = {-1, 2}}}},
                         {{"a", "float"}, {"b", "double"}});
}

FrameLayout column_layout() {
  return FrameLayout::of({.inputs = {{.name = "who", .dtype = DType::bytes, .shape = {-1, 1}},
                                     {.name = "n", .dtype = DType::int64, .shape = {-1}}}},
                         {});
}

TEST(Frame, PutsNamedColumnsIntoOneTensorInTheModelsOrder) {
  const auto layout = wide_layout();
  FrameBuilder frame(layout);
  ASSERT_TRUE(frame.set_columns({"b", "a"}));
  for (double row = 0; row < 3; ++row) {
    frame.begin_row();
    ASSERT_TRUE(frame.put(0, row + 10));
    ASSERT_TRUE(frame.put_null(1));
    ASSERT_TRUE(frame.end_row());
  }

  const auto tensors = *frame.finish();

  EXPECT_EQ(tensors[0].shape(), (Shape{3, 2}));
  EXPECT_TRUE(std::isnan(tensors[0].values<float>()[4]));
  EXPECT_EQ(tensors[0].values<float>()[5], 12);
}

TEST(Frame, MakesOneTensorAColumn) {
  const auto layout = column_layout();
  FrameBuilder frame(layout);
  ASSERT_TRUE(frame.set_columns({"n", "who"}));
  frame.begin_row();
  ASSERT_TRUE(frame.put_cell(0, " 7 "));
  ASSERT_TRUE(frame.put_cell(1, "12"));
  ASSERT_TRUE(frame.end_row());

  const auto tensors = *frame.finish();

  EXPECT_EQ(tensors[0].texts()[0], "12");
  EXPECT_EQ(tensors[0].shape(), (Shape{1, 1}));
  EXPECT_EQ(tensors[1].values<std::int64_t>()[0], 7);
  EXPECT_EQ(tensors[1].shape(), (Shape{1}));
}

TEST(Frame, NamesTheColumnThatIsWrong) {
  const auto layout = column_layout();
  FrameBuilder frame(layout);
  EXPECT_EQ(frame.set_columns({"n"}).error().message, "column 'who' is missing");
  EXPECT_EQ(frame.set_columns({"n", "who", "x"}).error().message, "unknown column 'x'");
  EXPECT_EQ(frame.set_columns({"n", "n"}).error().message, "column 'n' is given twice");
  ASSERT_TRUE(frame.set_columns({"n", "who"}));
  frame.begin_row();
  EXPECT_EQ(frame.put(0, 1.5).error().message, "column 'n' takes INT64, got 1.5 in row 0");
  EXPECT_EQ(frame.put(0, std::int64_t{1}).error().message, "column 'n' is given twice");
  EXPECT_EQ(frame.end_row().error().message, "column 'who' is missing in row 0");
}

TEST(Latency, QuantilesAreWithinASixteenth) {
  LatencyHistogram histogram;
  for (int us = 1; us <= 10'000; ++us) histogram.record(us);

  const auto all = histogram.snapshot();

  EXPECT_EQ(all.count(), 10'000U);
  EXPECT_NEAR(all.quantile_ms(0.5), 5.0, 5.0 / 16);
  EXPECT_NEAR(all.quantile_ms(0.99), 9.9, 9.9 / 16);
  histogram.record(1'000'000'000);
  EXPECT_EQ(histogram.snapshot().since(all).count(), 1U);
}

}  // namespace
}  // namespace slipway::serving
