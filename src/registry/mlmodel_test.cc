// SPDX-License-Identifier: Apache-2.0
#include "mlmodel.h"

#include <string>

#include <gtest/gtest.h>

#include "base/ids.h"

namespace slipway::registry {
namespace {

constexpr auto kOnnx = R"(artifact_path: mlflow-artifacts:/1/models/m-1/artifacts
flavors:
  onnx:
    code: null
    data: model.onnx
    onnx_version: 1.19.0
    providers:
    - CPUExecutionProvider
  python_function:
    data: model.onnx
    loader_module: mlflow.onnx
mlflow_version: 3.17.2
model_id: m-1
run_id: 0123
signature:
  inputs: '[{"type": "double", "name": "hour", "required": true}, {"type": "string", "name": "carrier", "required": false}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2]}}]'
  params: null
)";

TEST(ModelFile, TellsFlavoursAndSignature) {
  const auto file = parse_model_file(kOnnx);

  ASSERT_TRUE(file) << file.error().message;
  ASSERT_NE(file->flavor("onnx"), nullptr);
  EXPECT_EQ(file->flavor("onnx")->values.at("data"), "model.onnx");
  EXPECT_EQ(file->flavor("sklearn"), nullptr);
  EXPECT_EQ(file->model_id, "m-1");
  ASSERT_TRUE(file->signature);
  ASSERT_EQ(file->signature->inputs.size(), 2u);
  EXPECT_EQ(file->signature->inputs[0].name, "hour");
  EXPECT_EQ(file->signature->inputs[0].type, "double");
  EXPECT_FALSE(file->signature->inputs[1].required);
  ASSERT_EQ(file->signature->outputs.size(), 1u);
  EXPECT_EQ(file->signature->outputs[0].type, "float32");
  EXPECT_EQ(file->signature->outputs[0].shape, (std::vector<std::int64_t>{-1, 2}));
}

TEST(ModelFile, WithoutASignatureIsFine) {
  const auto file = parse_model_file("flavors: {sklearn: {pickled_model: model.pkl}}\n");

  ASSERT_TRUE(file);
  EXPECT_FALSE(file->signature);
}

TEST(ModelFile, WhatIsNoModelFileIsRefusedWithItsLine) {
  EXPECT_EQ(parse_model_file("- a\n- b\n").error().code, Code::invalid_argument);
  EXPECT_EQ(parse_model_file("").error().code, Code::invalid_argument);
  EXPECT_NE(parse_model_file("a: b\n  c: [").error().message.find("MLmodel:"), std::string::npos);
  EXPECT_NE(parse_model_file("signature:\n  inputs: 'no json'\n").error().message.find("MLmodel:2"),
            std::string::npos);
  EXPECT_FALSE(parse_model_file(std::string(2 << 20, ' ')));
}

TEST(ModelFile, NestingAndAliasesDoNotExhaustAnything) {
  EXPECT_FALSE(parse_model_file("a: " + std::string(100'000, '[')));
  EXPECT_FALSE(parse_model_file(std::string(100'000, '{')));

  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const auto before = "*a" + std::to_string(i - 1);
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int k = 0; k < 9; ++k) laughs += ", " + before;
    laughs += "]\n";
  }
  EXPECT_FALSE(parse_model_file(laughs + "flavors: *a29\n"));
}

TEST(ModelFile, DamagedTextNeverCrashes) {
  const std::string good = kOnnx;
  for (int round = 0; round < 3'000; ++round) {
    auto bad = good;
    for (int edits = 0; edits < 4; ++edits) {
      const auto at = random_u64() % bad.size();
      switch (random_u64() % 3) {
        case 0:
          bad[at] = static_cast<char>(random_u64());
          break;
        case 1:
          bad.erase(at, random_u64() % 40);
          break;
        default:
          bad.insert(at, std::string(1 + random_u64() % 3, "[]{}'\"&*:!|>-\n"[random_u64() % 14]));
      }
      if (bad.empty()) bad = " ";
    }
    const auto file = parse_model_file(bad);  // either answer is fine
    if (!file) {
      EXPECT_EQ(file.error().code, Code::invalid_argument);
    }
  }
}

}  // namespace
}  // namespace slipway::registry
