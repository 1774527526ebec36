// SPDX-License-Identifier: Apache-2.0
#include "payload.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "predictions.h"

namespace slipway::wire::scoring {
namespace {

using serving::DType;
using serving::FrameLayout;
using serving::Tensor;

FrameLayout wide() {
  return FrameLayout::of({.inputs = {{.name = "X", .dtype = DType::fp32, .shape = {-1, 2}}}},
                         {{"a", "float"}, {"b", "float"}});
}

FrameLayout columns() {
  return FrameLayout::of({.inputs = {{.name = "who", .dtype = DType::bytes, .shape = {-1, 1}},
                                     {.name = "n", .dtype = DType::fp32, .shape = {-1}}}},
                         {{"who", "string"}, {"n", "float"}});
}

FrameLayout image() {
  return FrameLayout::of({.inputs = {{.name = "X", .dtype = DType::fp32, .shape = {-1, 2, 2}}}},
                         {});
}

TEST(Payload, CsvKnowsQuotesLineEndsAndByteOrderMarks) {
  const auto payload =
      parse_csv("\xEF\xBB\xBFn,\"who\"\r\n1.5,\"a, \"\"b\"\"\nc\"\r\n\r\n,plain", columns());

  ASSERT_TRUE(payload) << payload.error().message;
  EXPECT_EQ(payload->inputs[0].texts()[0], "a, \"b\"\nc");
  EXPECT_EQ(payload->inputs[0].texts()[1], "plain");
  EXPECT_TRUE(std::isnan(payload->inputs[1].values<float>()[1]));
}

TEST(Payload, MalformedCsvSaysWhere) {
  const auto why = [](std::string_view text) { return parse_csv(text, columns()).error().message; };
  EXPECT_EQ(why(""), "the CSV is empty");
  EXPECT_EQ(why("n,who\n1,\"x"), "malformed CSV: the quote in line 2 is never closed");
  EXPECT_EQ(why("n,who\n1,\"x\"y\n"), "malformed CSV: text after a closing quote in line 2");
  EXPECT_EQ(why("n,who\n1,x,2\n"), "line 2 of the CSV has more than 2 values");
  EXPECT_EQ(why("n,who\n1\n"), "column 'who' is missing in row 0");
  EXPECT_EQ(why("n,who\n"), "there are no rows");
  EXPECT_EQ(why("n,who\nx,y\n"), "column 'n' takes FP32, got the text 'x' in row 0");
  EXPECT_EQ(why("n,who\n1,\xFF\n"), "the CSV is not UTF-8");
}

TEST(Payload, AModelWithoutColumnsTakesArraysAndNoTables) {
  const auto layout = image();
  const auto arrays = parse_json(R"({"inputs":[[[1,2],[3,4]]]})", layout, false);
  const auto table = parse_json(R"({"dataframe_split":{"data":[[1]]}})", layout, false);

  ASSERT_TRUE(arrays) << arrays.error().message;
  EXPECT_FALSE(arrays->table);
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().message, "the model does not take a table, 'dataframe_split' is one");
}

TEST(Payload, MutatedBodiesNeverCrash) {
  const std::vector<std::string> seeds{
      R"({"dataframe_split":{"columns":["who","n"],"index":[0,1],"data":[["x",1.5],["y",null]]}})",
      R"({"dataframe_records":[{"who":"x","n":1},{"n":2e3,"who":"\u00e9"}]})",
      R"({"inputs":{"who":["x","y"],"n":[1,2]},"params":{"a":[1]}})",
      R"({"instances":[{"who":"x","n":true}]})",
      R"({"instances":[["x",1],["y",2]]})",
      "n,who\n1,\"x\"\"\"\n2,y\n",
  };
  const auto a = wide();
  const auto b = columns();
  const auto c = image();
  std::mt19937 random(5);
  for (int i = 0; i < 30'000; ++i) {
    auto body = seeds[random() % seeds.size()];
    constexpr std::string_view kAlphabet = "{}[],:\"0123456789.eE+-tfn \\u\nanwhox";
    for (unsigned edits = random() % 4; edits > 0 && !body.empty(); --edits) {
      const auto at = random() % body.size();
      if (random() % 2 == 0) {
        body[at] = kAlphabet[random() % kAlphabet.size()];
      } else {
        body.erase(at, random() % 3);
      }
    }
    for (const auto* layout : {&a, &b, &c}) {
      (void)parse_json(body, *layout, i % 2 == 0);
      (void)parse_csv(body, *layout);
    }
  }
}

TEST(Predictions, RecordsForTablesArraysOtherwise) {
  auto score = Tensor::make("p", DType::fp32, {2, 2});
  static_cast<float*>(score.mutable_data())[0] = 0.5F;
  const auto label = Tensor::of_texts("l", {2}, {"no", "yes"});
  auto map = score;
  map.labels = std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"a", "b"});

  EXPECT_EQ(write_predictions({label, score}, true),
            R"({"predictions":[{"l":"no","p":[0.5,0]},{"l":"yes","p":[0,0]}]})");
  EXPECT_EQ(write_predictions({label, score}, false),
            R"({"predictions":{"l":["no","yes"],"p":[[0.5,0],[0,0]]}})");
  EXPECT_EQ(write_predictions({map}, true),
            R"({"predictions":[{"p":{"a":0.5,"b":0}},{"p":{"a":0,"b":0}}]})");
}

}  // namespace
}  // namespace slipway::wire::scoring
