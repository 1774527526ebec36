// SPDX-License-Identifier: Apache-2.0
// What is told from texts alone: patterns, sketches, packed bytes, scores.
#include <gtest/gtest.h>

#include "grams.h"
#include "like.h"
#include "pack.h"
#include "score.h"

namespace slipway::tracing {
namespace {

bool like(std::string_view pattern, std::string_view text, bool any_case = false) {
  return Like(pattern, any_case).matches(text);
}

TEST(LikeTest, PercentIsAnythingAndUnderscoreOneCharacter) {
  EXPECT_TRUE(like("%b%", "abc"));
  EXPECT_TRUE(like("a%c", "abbbc"));
  EXPECT_TRUE(like("abc", "abc"));
  EXPECT_FALSE(like("ab", "abc"));
  EXPECT_FALSE(like("a%c", "acd"));
  EXPECT_TRUE(like("a_c",
                   "a\xC3\xA9"
                   "c"));
  EXPECT_FALSE(like("a_c", "ac"));
  EXPECT_TRUE(like("%", ""));
  EXPECT_FALSE(like("%a%a", "a"));
  EXPECT_TRUE(like("%a_%b", "xayzb"));
  EXPECT_TRUE(like("%_", "\xC3\xA9"));
}

TEST(LikeTest, LongPatternsMatchToo) {
  EXPECT_TRUE(
      like("%a text that is longer%than thirty%", "so: a text that is longer or than thirty."));
  EXPECT_TRUE(like("%A TEXT THAT IS LONGER%", "so: a text that is longer", true));
}

TEST(LikeTest, CaseCountsUnlessToldOtherwise) {
  EXPECT_FALSE(like("%HELLO%", "say hello"));
  EXPECT_TRUE(like("%HELLO%", "say hello", true));
}

TEST(GramsTest, NoTextThatHasTheWordIsPassedOver) {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "word" + std::to_string(i * 7919) + " ";
  const auto grams = grams_of(text);
  for (int i = 0; i < 2000; i += 13) {
    EXPECT_TRUE(GramQuery({"WORD" + std::to_string(i * 7919)}).may_match(grams)) << i;
  }
  EXPECT_TRUE(GramQuery({"zz"}).may_match(grams)) << "two letters tell nothing";
}

TEST(GramsTest, MostTextsThatLackTheWordArePassedOver) {
  const auto grams = grams_of(R"({"question": "what is the capital of France?"})");
  int passed = 0;
  for (int i = 0; i < 1000; ++i) {
    passed += GramQuery({"needle" + std::to_string(i)}).may_match(grams) ? 0 : 1;
  }
  EXPECT_GT(passed, 990);
}

TEST(PackTest, WhatIsPackedComesBack) {
  for (const std::size_t size : {0u, 10u, 255u, 256u, 5'000u, 1'000'000u}) {
    std::string text;
    while (text.size() < size) text += "{\"a\": " + std::to_string(text.size()) + "}";
    const auto packed = pack(text);
    EXPECT_EQ(*unpack(packed), text);
    if (size > 1000) {
      EXPECT_LT(packed.size(), text.size() / 2);
    }
  }
}

TEST(PackTest, DamagedBytesAreAnErrorAndNoCrash) {
  const auto packed = pack(std::string(5'000, 'x'));
  EXPECT_FALSE(unpack(""));
  EXPECT_FALSE(unpack("\x02zzzzzzz"));
  EXPECT_FALSE(unpack(packed.substr(0, 4)));
  EXPECT_FALSE(unpack(packed.substr(0, packed.size() - 3)));
  EXPECT_FALSE(unpack(std::string("\x01\xFF\xFF\xFF\xFFxx", 7)));
}

TEST(ScoreTest, NumbersFlagsAndYesAndNoCount) {
  EXPECT_EQ(score_of("0.5").number, 0.5);
  EXPECT_TRUE(score_of("0.5").is_number);
  EXPECT_EQ(score_of("true").number, 1);
  EXPECT_FALSE(score_of("true").is_number);
  EXPECT_EQ(score_of("\" No \"").number, 0);
  EXPECT_FALSE(score_of("\"maybe\"").number);
  EXPECT_FALSE(score_of("{\"a\": 1}").number);
  EXPECT_FALSE(score_of("1e999").number);
}

}  // namespace
}  // namespace slipway::tracing
