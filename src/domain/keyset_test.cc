// SPDX-License-Identifier: Apache-2.0
#include "domain/keyset.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace slipway {
namespace {

const Keyset kNewest({{"m.created", false, true}, {"m.name", true, false}});

TEST(Keyset, TheFirstPageBeginsAtTheBeginning) {
  EXPECT_EQ(kNewest.order(), "m.created DESC, m.name");
  const auto all = kNewest.behind("");
  ASSERT_TRUE(all);
  EXPECT_EQ(all->condition, "1 = 1");
  EXPECT_TRUE(all->parameters.empty());
}

TEST(Keyset, ATokenHoldsThePlaceOfARow) {
  const auto token = kNewest.token({std::int64_t{-7}, std::string("a:3 ü")});

  const auto behind = kNewest.behind(token);

  ASSERT_TRUE(behind);
  EXPECT_EQ(behind->condition,
            "(m.created <= ? AND (m.created < ? OR (m.created = ? AND m.name > ?)))");
  const std::vector<KeysetValue> expected = {std::int64_t{-7}, std::int64_t{-7}, std::int64_t{-7},
                                             std::string("a:3 ü")};
  EXPECT_EQ(behind->parameters, expected);
}

TEST(Keyset, OneKeyIsEnough) {
  const Keyset by_id({{"e.id", true, true}});
  const auto behind = by_id.behind(by_id.token({std::int64_t{5}}));
  ASSERT_TRUE(behind);
  EXPECT_EQ(behind->condition, "(e.id >= ? AND e.id > ?)");
  EXPECT_EQ(behind->parameters.size(), 2u);
}

TEST(Keyset, ATokenOfAnotherOrderIsRefused) {
  const Keyset oldest({{"m.created", true, true}, {"m.name", true, false}});
  const auto token = oldest.token({std::int64_t{1}, std::string("a")});
  EXPECT_EQ(kNewest.behind(token).error().code, Code::invalid_argument);
  EXPECT_TRUE(oldest.behind(token));
}

TEST(Keyset, WhatIsNoTokenIsRefused) {
  const auto good = *from_base64(kNewest.token({std::int64_t{1}, std::string("abc")}));
  for (std::size_t size = 0; size < good.size(); ++size) {
    const auto token = to_base64(good.substr(0, size));
    if (token.empty()) continue;
    EXPECT_FALSE(kNewest.behind(token)) << size;
  }
  for (const auto& wrong : {std::string("garbage"), to_base64("keys1"), to_base64(good + "x"),
                            to_base64("{\"offset\": 5}"), std::string("\xff\xfe"),
                            to_base64("keys114:m.created down1:x9:m.name up1:a")}) {
    EXPECT_EQ(kNewest.behind(wrong).error().code, Code::invalid_argument);
  }
}

}  // namespace
}  // namespace slipway
