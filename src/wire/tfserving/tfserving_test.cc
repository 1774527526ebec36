// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <random>

#include <gtest/gtest.h>

#include "base/protobuf_write.h"
#include "examples.h"
#include "predict_json.h"
#include "tensor_proto.h"

namespace slipway::wire::tfserving {
namespace {

using serving::DType;
using serving::FrameLayout;
using serving::Shape;
using serving::Signature;
using serving::Tensor;

Signature wide() {
  return {.inputs = {{.name = "X", .dtype = DType::fp32, .shape = {-1, 2}}}};
}

Signature two() {
  return {.inputs = {{.name = "n", .dtype = DType::fp32, .shape = {-1, 1}},
                     {.name = "who", .dtype = DType::bytes, .shape = {-1}}}};
}

std::string why(std::string_view body, const Signature& signature) {
  const auto parsed = parse_predict(body, signature);
  return parsed ? "" : parsed.error().message;
}

TEST(PredictJson, RowsAreBareForOneInputAndNamedForSeveral) {
  const auto bare = parse_predict(R"({"instances": [[1, 2], [3, 4]]})", wide());
  const auto named =
      parse_predict(R"({"signature_name": "serving_default", "instances": [
      {"n": 1.5, "who": "a"}, {"who": {"b64": "/w=="}, "n": [2]}]})",
                    {.inputs = {{.name = "n", .dtype = DType::fp32, .shape = {-1}},
                                {.name = "who", .dtype = DType::bytes, .shape = {-1}}}});
  const auto column =
      parse_predict(R"({"instances": [{"n": 1.5, "who": "a"}, {"who": "b", "n": 2}]})", two());

  ASSERT_TRUE(bare) << bare.error().message;
  EXPECT_EQ(bare->inputs[0].shape(), (Shape{2, 2}));
  EXPECT_EQ(bare->inputs[0].values<float>()[3], 4);
  EXPECT_FALSE(named);  // 1.5 and [2] differ in shape
  ASSERT_TRUE(column) << column.error().message;
  EXPECT_EQ(column->inputs[0].shape(), (Shape{2, 1}));
  EXPECT_EQ(column->inputs[1].texts()[1], "b");
}

TEST(PredictJson, BytesComeInBase64) {
  const Signature texts{.inputs = {{.name = "b", .dtype = DType::bytes, .shape = {-1}}}};
  const auto bare = parse_predict(R"({"instances": [{"b64": "/wA="}, {"b64": ""}]})", texts);

  ASSERT_TRUE(bare) << bare.error().message;
  EXPECT_EQ(bare->inputs[0].texts()[0], std::string("\xff\0", 2));
  EXPECT_EQ(why(R"({"instances": [{"b64": "%"}]})", texts), "input 'b': element 0 is not base64");
}

TEST(PredictJson, ColumnsAreOneTensorOrSeveral) {
  const auto one = parse_predict(R"({"inputs": [[1, 2]]})", wide());
  const auto both = parse_predict(R"({"inputs": {"who": ["a"], "n": [[1]]}})", two());

  ASSERT_TRUE(one) << one.error().message;
  EXPECT_FALSE(one->by_row);
  ASSERT_TRUE(both) << both.error().message;
  EXPECT_EQ(both->inputs[0].name, "who");
}

TEST(PredictJson, WhatIsWrongIsNamed) {
  EXPECT_EQ(why("[]", wide()), "the body is not a JSON object");
  EXPECT_EQ(why("{}", wide()), "the body has neither 'instances' nor 'inputs'");
  EXPECT_EQ(why(R"({"instances": [[1,2]], "inputs": [[1,2]]})", wide()),
            "the body has both 'instances' and 'inputs'");
  EXPECT_EQ(why(R"({"instances": []})", wide()), "'instances' is empty");
  EXPECT_EQ(why(R"({"instances": [[1, 2], [3]]})", wide()),
            "input 'X': the arrays differ in length");
  EXPECT_EQ(why(R"({"instances": [1]})", two()),
            "the model has 2 inputs, values without names are for models with one");
  EXPECT_EQ(why(R"({"instances": [{"n": 1, "who": "a"}, {"n": 2}]})", two()),
            "input 'who' is missing in an instance");
  EXPECT_EQ(why(R"({"instances": [{"n": 1, "n": 2}]})", two()),
            "input 'n' is given twice or was missing before instance 0");
  EXPECT_EQ(why(R"({"inputs": {"other": [1]}})", two()), "unknown input 'other'");
  EXPECT_NE(why(std::string(200'000, '['), wide()), "");
}

TEST(PredictJson, AnswersAreBareOrNamedAndBytesInBase64) {
  auto scores = Tensor::make("p", DType::fp32, {2, 2});
  static_cast<float*>(scores.mutable_data())[3] = 0.5F;
  const auto label = Tensor::of_texts("l", {2}, {"no", "yes"});
  const auto image = Tensor::of_texts("image_bytes", {1}, {std::string("\xff", 1)});

  EXPECT_EQ(*write_predictions({scores}, true), R"({"predictions":[[0,0],[0,0.5]]})");
  EXPECT_EQ(*write_predictions({scores, label}, true),
            R"({"predictions":[{"p":[0,0],"l":"no"},{"p":[0,0.5],"l":"yes"}]})");
  EXPECT_EQ(*write_predictions({label}, false), R"({"outputs":["no","yes"]})");
  EXPECT_EQ(*write_predictions({image}, true), R"({"predictions":[{"b64":"/w=="}]})");
  EXPECT_FALSE(write_predictions({Tensor::make("s", DType::fp32, {})}, true));
}

TEST(Examples, NamedFeaturesMakeATable) {
  const auto layout = FrameLayout::of(two(), {});
  const auto parsed =
      parse_examples(R"({"context": {"who": "x"}, "examples": [{"n": [1]}, {"n": 2.5}]})", layout);

  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->inputs[0].values<float>()[1], 2.5F);
  EXPECT_EQ(parsed->inputs[1].texts()[1], "x");
  EXPECT_FALSE(parse_examples(R"({"examples": [{"n": [1, 2], "who": "x"}]})", layout));
  EXPECT_FALSE(parse_examples(R"({"examples": [{"n": 1}]})", layout));
  EXPECT_FALSE(parse_examples(R"({"examples": 3})", layout));
}

TEST(Examples, ScoresAndLabelsMakeClasses) {
  auto scores = Tensor::make("p", DType::fp32, {1, 2});
  static_cast<float*>(scores.mutable_data())[1] = 1;
  scores.labels =
      std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"a", "b"});

  const auto rows = classes_of({Tensor::of_texts("l", {1}, {"b"}), scores});

  ASSERT_TRUE(rows);
  EXPECT_EQ((*rows)[0][1].label, "b");
  EXPECT_EQ((*rows)[0][1].score, 1);
  EXPECT_FALSE(values_of({scores}));
  EXPECT_FALSE(classes_of({Tensor::of_texts("l", {1}, {"b"})}));
}

std::string proto(std::uint64_t dtype, const Shape& shape, const std::string& rest) {
  std::string out;
  put_number(out, 1, dtype);
  put_bytes(out, 2, write_shape(shape));
  return out + rest;
}

Result<Tensor> read(const std::string& bytes) {
  auto owner = std::make_shared<const std::string>(bytes);
  return read_tensor_proto("x", *owner, owner);
}

TEST(TensorProto, TensorsOfEveryTypeComeBack) {
  for (const auto type : {DType::boolean, DType::int8, DType::int16, DType::int32, DType::int64,
                          DType::uint8, DType::uint16, DType::uint32, DType::uint64, DType::fp16,
                          DType::bf16, DType::fp32, DType::fp64}) {
    auto tensor = Tensor::make("x", type, {2, 1});
    static_cast<char*>(tensor.mutable_data())[0] = 1;
    const auto back = read(write_tensor_proto(tensor));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->dtype(), type);
    EXPECT_EQ(back->shape(), tensor.shape());
    EXPECT_EQ(back->raw(), tensor.raw());
  }
  const auto texts = read(write_tensor_proto(Tensor::of_texts("x", {2}, {"a", ""})));
  ASSERT_TRUE(texts);
  EXPECT_EQ(texts->texts()[0], "a");
}

TEST(TensorProto, SingleValuesAreReadAndTheLastIsRepeated) {
  std::string floats;
  put_bytes(floats, 5, std::string("\0\0\x80\x3f\0\0\0\x40", 8));
  const auto three = read(proto(1, {3}, floats));
  std::string numbers;
  put_number(numbers, 7, static_cast<std::uint64_t>(-3));
  const auto small = read(proto(6, {1}, numbers));
  const auto none = read(proto(9, {2}, ""));

  ASSERT_TRUE(three) << three.error().message;
  EXPECT_EQ(three->values<float>()[2], 2);
  ASSERT_TRUE(small);
  EXPECT_EQ(small->values<std::int8_t>()[0], -3);
  ASSERT_TRUE(none);
  EXPECT_EQ(none->values<std::int64_t>()[1], 0);
}

TEST(TensorProto, WhatDoesNotFitIsRefused) {
  std::string numbers;
  put_number(numbers, 7, 300);
  EXPECT_FALSE(read(proto(6, {1}, numbers)));     // no int8
  EXPECT_FALSE(read(proto(1, {1LL << 40}, "")));  // a terabyte of zeros
  EXPECT_FALSE(read(proto(7, {1LL << 40}, "")));
  EXPECT_FALSE(read(proto(1, {1LL << 40, 1LL << 40}, "")));
  EXPECT_FALSE(read(proto(8, {1}, "")));  // complex
  EXPECT_FALSE(read(proto(1, {-1}, "")));
  EXPECT_FALSE(read("\xff"));
  std::mt19937 random(3);
  const auto seed = write_tensor_proto(Tensor::make("x", DType::fp32, {2, 2}));
  for (int i = 0; i < 20'000; ++i) {
    auto bytes = seed;
    bytes[random() % bytes.size()] = static_cast<char>(random());
    (void)read(bytes);
  }
}

}  // namespace
}  // namespace slipway::wire::tfserving
