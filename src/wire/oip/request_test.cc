// SPDX-License-Identifier: Apache-2.0
#include "request.h"

#include <cstring>
#include <random>

#include <gtest/gtest.h>

namespace slipway::wire::oip {
namespace {

Result<InferBody> parse(const std::string& body, std::optional<std::size_t> json_size = {}) {
  auto owner = std::make_shared<const std::string>(body);
  return parse_infer(*owner, json_size, owner);
}

std::string floats(const std::vector<float>& values) {
  std::string out(values.size() * sizeof(float), '\0');
  std::memcpy(out.data(), values.data(), out.size());
  return out;
}

const std::string kBinary =
    R"({"id":"r","inputs":[{"name":"X","shape":[1,2],"datatype":"FP32",)"
    R"("parameters":{"binary_data_size":8}},{"name":"t","shape":[2],"datatype":"BYTES",)"
    R"("parameters":{"binary_data_size":11}}],"parameters":{"binary_data_output":true}})";

std::string binary_body() {
  return kBinary + floats({1.5, -2}) + std::string("\x03\0\0\0abc\0\0\0\0", 11);
}

TEST(InferBody, ReadsJsonWithTheMembersInAnyOrder) {
  const auto body = parse(
      R"({"outputs":[{"name":"y","parameters":{"binary_data":false,"classification":2}}],
          "inputs":[{"data":[[1,2],[3,4]],"parameters":{},"datatype":"INT32","shape":[2,2],
          "name":"X"}],"parameters":{"timeout":5000,"other":[1]},"id":"a","more":{}})");

  ASSERT_TRUE(body) << body.error().message;
  EXPECT_EQ(body->id, "a");
  EXPECT_EQ(body->timeout_us, 5000);
  EXPECT_EQ(body->inputs[0].name, "X");
  EXPECT_EQ(body->inputs[0].values<std::int32_t>()[3], 4);
  EXPECT_EQ(body->outputs[0].classes, 2);
  EXPECT_EQ(body->outputs[0].binary, false);
}

TEST(InferBody, ReadsTheBytesBehindTheJson) {
  const auto body = parse(binary_body(), kBinary.size());

  ASSERT_TRUE(body) << body.error().message;
  EXPECT_TRUE(body->binary_outputs);
  EXPECT_EQ(body->inputs[0].values<float>()[1], -2);
  EXPECT_EQ(body->inputs[1].texts()[0], "abc");
  EXPECT_EQ(body->inputs[1].texts()[1], "");
}

TEST(InferBody, EveryLieAboutSizesIsAnError) {
  const auto whole = binary_body();
  for (std::size_t keep = 0; keep < whole.size(); ++keep) {
    EXPECT_FALSE(parse(whole.substr(0, keep), kBinary.size())) << keep;
  }
  EXPECT_FALSE(parse(whole + "x", kBinary.size()));
  for (std::size_t header = 0; header < whole.size() + 5; ++header) {
    if (header == kBinary.size()) continue;
    EXPECT_FALSE(parse(whole, header)) << header;
  }
  auto changed = [](std::string from, const std::string& to) {
    auto head = kBinary;
    head.replace(head.find(from), from.size(), to);
    return parse(head + binary_body().substr(kBinary.size()), head.size());
  };
  EXPECT_FALSE(changed("\"shape\":[1,2]", "\"shape\":[1,3]"));
  EXPECT_FALSE(changed("\"shape\":[1,2]", "\"shape\":[4611686018427387904,4]"));
  EXPECT_FALSE(changed("\"shape\":[2]", "\"shape\":[3]"));
  EXPECT_FALSE(changed("\"shape\":[2]", "\"shape\":[1000000000000]"));
  EXPECT_FALSE(changed("_size\":8", "_size\":-8"));
  EXPECT_FALSE(changed("_size\":8", "_size\":9223372036854775807"));
}

TEST(InferBody, MutatedBodiesNeverCrash) {
  std::mt19937 random(5);
  for (int i = 0; i < 20'000; ++i) {
    auto body = binary_body();
    auto header = kBinary.size();
    for (unsigned edits = random() % 4; edits > 0; --edits) {
      body[random() % body.size()] = static_cast<char>(random());
    }
    if (random() % 4 == 0) header = random() % (body.size() + 2);
    const auto parsed = parse(body, header);
    if (!parsed) continue;
    for (const auto& tensor : parsed->inputs) {
      for (std::size_t at = 0; at < tensor.count(); ++at) (void)tensor.number_at(at);
    }
  }
}

}  // namespace
}  // namespace slipway::wire::oip
