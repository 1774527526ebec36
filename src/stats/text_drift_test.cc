// SPDX-License-Identifier: Apache-2.0
#include "stats/text_drift.h"

#include <gtest/gtest.h>

#include "stats/drift.h"
#include "words.h"

namespace slipway::stats {
namespace {

// Sentences about so many things, from the `first` on.
std::vector<std::string> sentences(std::size_t n, std::size_t first, unsigned seed) {
  const std::vector<std::string> things{"flight", "delay",  "gate",   "storm", "crew",
                                        "engine", "runway", "ticket", "meal",  "baggage"};
  std::vector<std::string> out;
  for (std::size_t i = 0; i < n; ++i) {
    seed = seed * 1'664'525u + 1'013'904'223u;
    const auto& a = things[first + (seed >> 8) % 6];
    const auto& b = things[first + (seed >> 16) % 6];
    out.push_back("The " + a + " and the " + b + ", no. " + std::to_string(i % 7));
  }
  return out;
}

TEST(Words, AreFoundInAnyScript) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(words_of("The Gate, gate_2 & a 42-x!"), (Words{"the", "gate", "gate_2", "42"}));
  EXPECT_EQ(words_of("Ärger über ÑANDÚ"), (Words{"ärger", "über", "ñandú"}));
  EXPECT_EQ(words_of("МОСКВА Αθήνα 日本 🙂ok"),
            (Words{"москва", "αθήνα", "日本", "ok"}));
  EXPECT_EQ(words_of("bad\xff\xfe bytes\xc3"), (Words{"bad", "bytes"}));
  EXPECT_TRUE(words_of("").empty());
  EXPECT_TRUE(is_stop_word("the") && is_stop_word("yourselves") && is_stop_word("a"));
  EXPECT_FALSE(is_stop_word("flight"));
}

TEST(TextDrift, OtherWordsAreToldAndTheSameOnesAreNot) {
  const auto was = sentences(300, 0, 1);
  const auto still = text_drift(was, sentences(300, 0, 2));
  EXPECT_TRUE(still.error.empty());
  EXPECT_NEAR(still.roc_auc, 0.5, 0.08);
  const auto moved = text_drift(was, sentences(300, 4, 3));
  EXPECT_GT(moved.roc_auc, 0.8);
  ASSERT_FALSE(moved.current_words.empty());
  const auto& words = moved.current_words;
  EXPECT_TRUE(std::find(words.begin(), words.end(), "baggage") != words.end());
}

TEST(TextDrift, IsAMethodOfColumns) {
  const auto sample = [](std::vector<std::string> texts) {
    Sample out{.type = ColumnType::text};
    out.counts[""] = static_cast<std::int64_t>(texts.size());
    out.texts = std::move(texts);
    return out;
  };
  const auto was = sample(sentences(300, 0, 1));
  const auto small = compare(was, sample(sentences(200, 4, 2)));
  EXPECT_EQ(small.method, Method::perc_text_content_drift);
  EXPECT_TRUE(small.drifted);
  EXPECT_EQ(small.threshold, 0.95);
  EXPECT_FALSE(compare(was, sample(sentences(300, 0, 9))).drifted);
  const auto large = compare(sample(sentences(1'001, 0, 1)), sample(sentences(200, 4, 2)));
  EXPECT_EQ(large.method, Method::abs_text_content_drift);
  EXPECT_TRUE(large.drifted && *large.score > 0.55);
  EXPECT_FALSE(compare(was, was, Method::ks).error.empty());
  Sample untold{.type = ColumnType::text, .counts = {{"", 5}}};
  EXPECT_EQ(compare(untold, untold).error, "a column of type text is not tested");
}

TEST(TextDrift, WhatCannotBeLearntSaysWhy) {
  const std::vector<std::string> one{"flight"};
  EXPECT_FALSE(text_drift(one, one).error.empty());
  const std::vector<std::string> stops(40, "the and of");
  EXPECT_FALSE(text_drift(stops, stops).error.empty());
}

TEST(TextDrift, ChanceHasItsQuantile) {
  std::vector<int> labels;
  for (int i = 0; i < 400; ++i) labels.push_back(i % 2);
  EXPECT_NEAR(random_auc(labels, 0.5), 0.5, 0.01);
  EXPECT_NEAR(random_auc(labels, 0.95), 0.5476, 0.006);
  for (int i = 0; i < 9'600; ++i) labels.push_back(i % 2);
  EXPECT_NEAR(random_auc(labels, 0.95), 0.5095, 0.0002);
}

}  // namespace
}  // namespace slipway::stats
