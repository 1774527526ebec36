// SPDX-License-Identifier: Apache-2.0
#include "base/seal.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(Seal, WhatIsSealedOpensWithTheSameKeyForTheSamePlaceOnly) {
  const auto seal = *Seal::from_hex(Seal::new_key());
  const auto other = *Seal::from_hex(Seal::new_key());
  for (const std::string secret : {"", "hush", "sealed:v1:x", "\xff\x01 bytes"}) {
    const auto text = seal.seal(secret, "webhook/1");
    EXPECT_TRUE(Seal::is_sealed(text));
    EXPECT_TRUE(secret.empty() || text.find(secret) == std::string::npos);
    EXPECT_EQ(*seal.open(text, "webhook/1"), secret);
    EXPECT_FALSE(seal.open(text, "webhook/2"));
    EXPECT_FALSE(other.open(text, "webhook/1"));
  }
  EXPECT_NE(seal.seal("a", "p"), seal.seal("a", "p")) << "equal secrets do not look equal";
}

TEST(Seal, AChangedTextIsRefusedAndAPlainOneIsItself) {
  const auto seal = *Seal::from_hex(Seal::new_key());
  auto text = seal.seal("hush", "p");
  text[text.size() - 5] = text[text.size() - 5] == 'A' ? 'B' : 'A';
  EXPECT_EQ(seal.open(text, "p").error().code, Code::data_loss);
  EXPECT_EQ(seal.open("sealed:v1:", "p").error().code, Code::data_loss);
  EXPECT_EQ(seal.open("sealed:v1:%%", "p").error().code, Code::data_loss);
  EXPECT_EQ(*seal.open("older", "p"), "older");
  EXPECT_FALSE(Seal::from_hex("abc"));
}

}  // namespace
}  // namespace slipway
