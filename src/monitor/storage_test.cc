// SPDX-License-Identifier: Apache-2.0
// Chunks: what goes in comes out, and damage is found.
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "chunk.h"
#include "pack.h"
#include "quality.h"

namespace slipway::monitor {
namespace {

Chunk filled() {
  Chunk out;
  out.schema = std::make_shared<const Schema>(
      Schema{{{"x", false}, {"c", true}}, {{"p", false}, {"q", false}}});
  for (int i = 0; i < 1'000; ++i) {
    out.add({.request_id = "id/" + std::to_string(i),
             .at = {1'000'000 - i * i},
             .latency_us = i,
             .shadow = i % 2 == 1,
             .schema = out.schema,
             .features = {i == 3 ? std::numeric_limits<double>::quiet_NaN() : i / 3.0,
                          std::string(i % 2 == 0 ? "\xC3\xA9" : "")},
             .outputs = {0.25, 0.75},
             .error = i == 5 ? "out of memory" : ""});
  }
  return out;
}

TEST(Chunk, SurvivesPacking) {
  const auto chunk = filled();
  Chunk back;
  ASSERT_TRUE(unpack_answers(pack_answers(chunk), back));
  ASSERT_TRUE(unpack_features(pack_features(chunk), back));

  EXPECT_EQ(*back.schema, *chunk.schema);
  EXPECT_EQ(back.ids, chunk.ids);
  EXPECT_EQ(back.at, chunk.at);
  EXPECT_EQ(back.latency_us, chunk.latency_us);
  EXPECT_EQ(back.shadow, chunk.shadow);
  EXPECT_EQ(back.errors, chunk.errors);
  EXPECT_EQ(back.features[1].texts, chunk.features[1].texts);
  EXPECT_TRUE(std::isnan(back.features[0].numbers[3]));
  EXPECT_EQ(back.features[0].numbers[998], 998 / 3.0);
  EXPECT_EQ(back.outputs[1].numbers, chunk.outputs[1].numbers);
}

TEST(Chunk, DamageIsDataLossAtEveryPlace) {
  const auto bytes = pack_answers(filled());
  for (std::size_t cut : {0u, 4u, 8u, 9u, 100u}) {
    Chunk back;
    EXPECT_FALSE(unpack_answers(bytes.substr(0, cut), back)) << cut;
  }
  for (std::size_t at = 0; at < bytes.size(); at += 97) {
    auto damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    Chunk back;
    const auto got = unpack_answers(damaged, back);  // must not crash or hang
    EXPECT_TRUE(got.ok() || got.error().code == Code::data_loss) << at;
  }
}

TEST(Chunk, ValuesOfTheWrongKindAreMissing) {
  Chunk chunk;
  chunk.schema = std::make_shared<const Schema>(Schema{{{"x", false}, {"c", true}}, {}});
  chunk.add({.schema = chunk.schema, .features = {std::string("1"), 2.0}});
  chunk.add({.schema = chunk.schema});

  EXPECT_TRUE(std::isnan(chunk.features[0].numbers[0]));
  EXPECT_EQ(chunk.features[1].texts[0], "");
  EXPECT_EQ(chunk.features[1].texts.size(), 2u);
}

Answer answer(std::vector<double> numbers, std::vector<std::string> texts = {}) {
  Schema schema;
  Captured row;
  for (auto& text : texts) {
    schema.outputs.push_back({"t", true});
    row.outputs.emplace_back(std::move(text));
  }
  for (const double x : numbers) {
    schema.outputs.push_back({"n", false});
    row.outputs.emplace_back(x);
  }
  Chunk chunk;
  row.schema = chunk.schema = std::make_shared<const Schema>(schema);
  chunk.add(std::move(row));
  return answer_of(chunk, 0);
}

TEST(Quality, AnswersAreReadInTheShapesThatModelsGive) {
  EXPECT_EQ(answer({0.7}).prediction, "0.7");
  EXPECT_EQ(answer({0.7}).score, 0.7);
  EXPECT_EQ(answer({12.5}).score, std::nullopt);
  EXPECT_EQ(answer({0.2, 0.8}).prediction, "1");
  EXPECT_EQ(answer({0.2, 0.8}).score, 0.8);
  EXPECT_EQ(answer({1, 0.2, 0.8}).prediction, "1");
  EXPECT_EQ(answer({1, 0.2, 0.8}).score, 0.8);
  EXPECT_EQ(answer({2, 0.1, 0.2, 0.7}).prediction, "2");
  EXPECT_EQ(answer({0.1, 0.2, 0.7}).prediction, "2");
  EXPECT_EQ(answer({0.1, 0.2, 0.7}).score, std::nullopt);
  EXPECT_EQ(answer({0.2, 0.8}, {"late"}).prediction, "late");
  EXPECT_EQ(answer({}).prediction, "");
}

TEST(Quality, OutcomesAreJudgedByTheirKind) {
  EXPECT_EQ(judge("1", answer({0.7})).correct, true);
  EXPECT_EQ(judge("0", answer({0.7})).correct, false);
  EXPECT_EQ(judge("0", answer({0.7})).positive, 0);
  EXPECT_EQ(judge("late", answer({}, {"late"})).correct, true);
  EXPECT_EQ(judge("3", answer({3})).correct, true);
  EXPECT_EQ(judge("12.5", answer({10})).error, 2.5);
  EXPECT_EQ(judge("1", answer({})).correct, std::nullopt);
  EXPECT_EQ(judge("1", answer({1, 0.6, 0.4})).correct, true);  // the label speaks for itself
}

}  // namespace
}  // namespace slipway::monitor
