// SPDX-License-Identifier: Apache-2.0
#include "grpc_request.h"

#include <cstring>
#include <random>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "answer.h"
#include "base/protobuf_write.h"

namespace slipway::wire::oip {
namespace {

using serving::DType;
using serving::Tensor;

std::string shape_of(const serving::Shape& shape) {
  std::string packed;
  for (const auto n : shape) put_varint(packed, static_cast<std::uint64_t>(n));
  return packed;
}

std::string input(const std::string& name, const std::string& type, const serving::Shape& shape,
                  const std::string& contents = "") {
  std::string out;
  put_bytes(out, 1, name);
  put_bytes(out, 2, type);
  put_bytes(out, 3, shape_of(shape));
  if (!contents.empty()) put_bytes(out, 5, contents);
  return out;
}

template <class T>
std::string raw(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

std::string packed(std::uint32_t field, const serving::Shape& values) {
  std::string out;
  put_bytes(out, field, shape_of(values));
  return out;
}

class GrpcRequest : public testing::Test {
 protected:
  Result<GrpcInfer> parse(const std::string& bytes) {
    auto owner = std::make_shared<const std::string>(bytes);
    return parse_grpc_infer(*owner, owner, regions_);
  }
  std::string why(const std::string& bytes) {
    const auto parsed = parse(bytes);
    return parsed ? "" : parsed.error().message;
  }
  static std::string with(const std::string& one_input, const std::string& one_raw = "") {
    std::string out;
    put_bytes(out, 1, "digits");
    put_bytes(out, 5, one_input);
    if (!one_raw.empty()) put_bytes(out, 7, one_raw);
    return out;
  }

  SharedMemory regions_;
};

TEST_F(GrpcRequest, NamesParametersAndRawTensorsAreRead) {
  std::string bytes;
  put_bytes(bytes, 1, "digits");
  put_bytes(bytes, 2, "3");
  put_bytes(bytes, 3, "id-7");
  std::string timeout;
  put_number(timeout, 2, 2500);
  put_entry(bytes, 4, "timeout", timeout);
  std::string priority;
  put_number(priority, 5, 2);
  put_entry(bytes, 4, "priority", priority);
  put_bytes(bytes, 5, input("X", "FP32", {1, 2}));
  put_bytes(bytes, 5, input("who", "BYTES", {2}));
  std::string output;
  put_bytes(output, 1, "scores");
  std::string classes;
  put_number(classes, 2, 3);
  put_entry(output, 2, "classification", classes);
  put_bytes(bytes, 6, output);
  put_bytes(bytes, 7, raw<float>({1.5F, -2}));
  put_bytes(bytes, 7, std::string("\1\0\0\0a\2\0\0\0bc", 11));

  const auto parsed = parse(bytes);

  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->model, "digits");
  EXPECT_EQ(parsed->version, "3");
  const auto& body = parsed->body;
  EXPECT_EQ(body.id, "id-7");
  EXPECT_EQ(body.timeout_us, 2500);
  EXPECT_EQ(body.priority, 2);
  ASSERT_EQ(body.inputs.size(), 2U);
  EXPECT_EQ(body.inputs[0].values<float>()[1], -2);
  EXPECT_EQ(body.inputs[1].texts()[1], "bc");
  ASSERT_EQ(body.outputs.size(), 1U);
  EXPECT_EQ(body.outputs[0].classes, 3);
}

TEST_F(GrpcRequest, TypedContentsOfEveryTypeAreRead) {
  const auto one = [&](const std::string& type, const std::string& contents) {
    const auto parsed = parse(with(input("X", type, {2}, contents)));
    EXPECT_TRUE(parsed) << type << ": " << parsed.error().message;
    return parsed ? parsed->body.inputs[0].number_at(1) : -1;
  };
  const std::int64_t minus = -5;
  for (const char* type : {"INT8", "INT16", "INT32"})
    EXPECT_EQ(one(type, packed(2, {1, minus})), -5);
  for (const char* type : {"UINT8", "UINT16", "UINT32"})
    EXPECT_EQ(one(type, packed(4, {1, 200})), 200);
  EXPECT_EQ(one("INT64", packed(3, {1, minus})), -5);
  EXPECT_EQ(one("UINT64", packed(5, {1, 7})), 7);
  EXPECT_EQ(one("BOOL", packed(1, {0, 1})), 1);
  std::string floats;
  put_bytes(floats, 6, raw<float>({1, 2.5F}));
  EXPECT_EQ(one("FP32", floats), 2.5);
  std::string doubles;  // one by one, as old clients send repeated numbers
  put_fixed(doubles, 7, 1.0);
  put_fixed(doubles, 7, 0.25);
  EXPECT_EQ(one("FP64", doubles), 0.25);
  std::string texts;
  put_bytes(texts, 8, "a");
  put_bytes(texts, 8, std::string("\0b", 2));
  const auto parsed = parse(with(input("X", "BYTES", {2}, texts)));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->body.inputs[0].texts()[1], std::string("\0b", 2));
}

TEST_F(GrpcRequest, HalvesComeRaw) {
  const auto parsed = parse(with(input("X", "FP16", {2}), raw<std::uint16_t>({0x3c00, 0xc000})));
  const auto brain = parse(with(input("X", "BF16", {1}), raw<std::uint16_t>({0x4000})));

  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->body.inputs[0].number_at(1), -2);
  ASSERT_TRUE(brain);
  EXPECT_EQ(brain->body.inputs[0].number_at(0), 2);
  EXPECT_EQ(why(with(input("X", "FP16", {2}, packed(4, {1, 2})))),
            "input 'X' of FP16 has no typed contents");
}

TEST_F(GrpcRequest, WhatDoesNotFitIsRefusedWithItsName) {
  EXPECT_EQ(why(with(input("X", "FP32", {3}), raw<float>({1, 2}))),
            "input 'X' has 8 bytes, shape [3] of FP32 takes others");
  EXPECT_EQ(why(with(input("X", "FP32", {-3}), "1234")),
            "the shape of input 'X' has a negative dimension");
  EXPECT_EQ(why(with(input("X", "FP99", {1}), "1234")),
            "the datatype 'FP99' of input 'X' is unknown");
  EXPECT_EQ(why(with(input("X", "INT8", {2}, packed(2, {1, 300})))),
            "input 'X' has contents that do not fit INT8");
  EXPECT_EQ(why(with(input("X", "INT32", {2}, packed(3, {1, 2})))),
            "input 'X' of INT32 has contents of another type");
  EXPECT_EQ(why(with(input("X", "INT32", {1}, packed(2, {1})), "1234")),
            "input 'X' has contents, and the request has raw_input_contents");
  EXPECT_EQ(why(with(input("X", "INT32", {1}), "1234") + with("", "1")), "an input has no name");
  auto more = with(input("X", "INT32", {1}), "1234");
  put_bytes(more, 7, "1234");
  EXPECT_EQ(why(more), "raw_input_contents has 2 entries, 1 inputs take one");
  EXPECT_EQ(why(with(input("X", "INT64", {1LL << 40, 1LL << 40}), "12345678")),
            "input 'X' has 8 bytes, shape [1099511627776,1099511627776] of INT64 takes others");
  EXPECT_EQ(why("\xff\xff"), "the request is no well-formed message");
  EXPECT_EQ(why(with(input("X", "BYTES", {1}), std::string("\xff\xff\xff\x7f"
                                                           "a",
                                                           5))),
            "input 'X' ends inside an element");
}

TEST_F(GrpcRequest, MutatedMessagesNeverCrash) {
  std::string typed = with(input("X", "INT8", {2}, packed(2, {1, 2})));
  std::string raw_one = with(input("X", "FP32", {1, 2}), raw<float>({1, 2}));
  std::mt19937 random(7);
  for (int i = 0; i < 50'000; ++i) {
    auto bytes = i % 2 == 0 ? typed : raw_one;
    for (unsigned edits = 1 + random() % 3; edits > 0; --edits) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    bytes.resize(bytes.size() - random() % 3);
    (void)parse(bytes);
  }
}

TEST_F(GrpcRequest, SharedMemoryIsReadAndWritten) {
  const std::string key = "/slipway_test_" + std::to_string(::getpid());
  const int fd = ::shm_open(key.c_str(), O_CREAT | O_RDWR, 0600);
  ASSERT_GE(fd, 0);
  const auto values = raw<float>({0, 1, 2, 3});
  ASSERT_EQ(::write(fd, values.data(), values.size()), static_cast<ssize_t>(values.size()));
  ASSERT_TRUE(regions_.add({.name = "in", .key = key, .size = 16}));
  EXPECT_EQ(regions_.add({.name = "in", .key = key, .size = 16}).error().code,
            Code::already_exists);
  EXPECT_FALSE(regions_.add({.name = "large", .key = key, .size = 17}));
  EXPECT_FALSE(regions_.add({.name = "path", .key = "/../etc/passwd", .size = 1}));

  EXPECT_EQ(**regions_.read({"in", 4, 8}), raw<float>({1, 2}));
  EXPECT_TRUE(regions_.write({"in", 8, 8}, raw<float>({9, 10})));
  EXPECT_EQ(**regions_.read({"in", 8, 8}), raw<float>({9, 10}));
  EXPECT_FALSE(regions_.write({"in", 8, 4}, raw<float>({9, 10})));
  EXPECT_FALSE(regions_.read({"in", 12, 8}));
  EXPECT_FALSE(regions_.read({"in", ~0ULL, 8}));
  ASSERT_EQ(::ftruncate(fd, 2), 0);  // cut short under the server: an error, no end of it
  EXPECT_FALSE(regions_.read({"in", 0, 16}));
  EXPECT_FALSE(regions_.write({"in", 0, 8}, raw<float>({9, 10})));
  regions_.remove("in");
  EXPECT_EQ(regions_.read({"in", 0, 4}).error().code, Code::not_found);
  ::close(fd);
  ::shm_unlink(key.c_str());
}

TEST_F(GrpcRequest, AnAnswerHasItsTensorsBehindIt) {
  auto scores = Tensor::make("scores", DType::fp32, {1, 2});
  static_cast<float*>(scores.mutable_data())[1] = 2;
  const auto labels = Tensor::of_texts("label", {1}, {"yes"});
  const InferBody body{.id = "7"};

  const auto bytes = write_grpc_answer({body, "m", "3", {scores, labels}, regions_}, false);

  ASSERT_TRUE(bytes);
  std::string expected;
  put_bytes(expected, 1, "m");
  put_bytes(expected, 2, "3");
  put_bytes(expected, 3, "7");
  put_bytes(expected, 5, input("scores", "FP32", {1, 2}));
  put_bytes(expected, 5, input("label", "BYTES", {1}));
  put_bytes(expected, 6, raw<float>({0, 2}));
  put_bytes(expected, 6, std::string("\3\0\0\0yes", 7));
  EXPECT_EQ(*bytes, expected);
}

}  // namespace
}  // namespace slipway::wire::oip
