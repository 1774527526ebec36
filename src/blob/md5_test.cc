// SPDX-License-Identifier: Apache-2.0
#include "blob/md5.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

#include "base/text.h"
#include "blob/hash.h"
#include "md5_blocks.h"

namespace slipway::blob {
namespace {

std::string hex(const Md5& md5) {
  return to_hex({reinterpret_cast<const char*>(md5.data()), md5.size()});
}

std::string noise(std::mt19937& random, std::size_t size) {
  std::string out(size, '\0');
  for (auto& c : out) c = static_cast<char>(random());
  return out;
}

TEST(Md5, ExamplesOfTheRfc) {
  const std::vector<std::string_view> messages{
      "",
      "a",
      "abc",
      "message digest",
      "abcdefghijklmnopqrstuvwxyz",
      "12345678901234567890123456789012345678901234567890123456789012345678901234567890"};
  const auto out = md5_of(messages);
  EXPECT_EQ(hex(out[0]), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(hex(out[1]), "0cc175b9c0f1b6a831c399e269772661");
  EXPECT_EQ(hex(out[2]), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(hex(out[3]), "f96b697d7cb7938d525a2f31aaf161d0");
  EXPECT_EQ(hex(out[4]), "c3fcd3d76192e4007dfb496cca67e13b");
  EXPECT_EQ(hex(out[5]), "57edf4a22be3c955ac49da2e2107b67a");
}

TEST(Md5, AnyNumberOfAnyLengthAsOpenSsl) {
  std::mt19937 random(7);
  for (const std::size_t count : {1u, 2u, 3u, 15u, 16u, 17u, 100u}) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < count; ++i) texts.push_back(noise(random, random() % 400));
    const std::vector<std::string_view> messages(texts.begin(), texts.end());
    const auto out = md5_of(messages);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(hex(out[i]), hash_of(Hasher::Kind::md5, texts[i])) << texts[i].size();
    }
  }
}

TEST(Md5, PiecesOfAnyLength) {
  std::mt19937 random(11);
  constexpr std::size_t kCount = 20;
  std::vector<Md5Message> messages(kCount);
  std::vector<std::string> texts(kCount);
  Md5Lanes lanes;
  for (int turn = 0; turn < 30; ++turn) {
    std::vector<std::string> bytes(kCount);
    std::vector<Md5Lanes::Piece> pieces;
    for (std::size_t i = 0; i < kCount; ++i) {
      bytes[i] = noise(random, random() % (i % 2 == 0 ? 70 : 700));
      texts[i] += bytes[i];
      pieces.push_back({&messages[i], bytes[i]});
    }
    lanes.add(pieces);
  }
  std::vector<Md5Message*> all;
  for (auto& message : messages) all.push_back(&message);
  std::vector<Md5> out(kCount);
  lanes.finish(all, out);
  for (std::size_t i = 0; i < kCount; ++i) {
    EXPECT_EQ(messages[i].size(), texts[i].size());
    EXPECT_EQ(hex(out[i]), hash_of(Hasher::Kind::md5, texts[i]));
  }
}

// Whatever this machine would choose, each width that it can run gives the same.
TEST(Md5, EveryWidthComputesTheSame) {
  std::mt19937 random(13);
  std::vector<std::string> blocks;
  std::vector<const unsigned char*> at;
  for (int i = 0; i < 16; ++i) blocks.push_back(noise(random, 3 * 64));
  for (const auto& block : blocks)
    at.push_back(reinterpret_cast<const unsigned char*>(block.data()));
  const auto states = [&](Md5Blocks run, std::size_t lanes) {
    std::vector<std::array<std::uint32_t, 4>> out;
    for (std::size_t from = 0; from < 16; from += lanes) {
      alignas(64) std::array<std::uint32_t, 64> state{};
      for (std::size_t i = 0; i < 4 * lanes; ++i) {
        state[i] = static_cast<std::uint32_t>(i / lanes) * 0x1234567;
      }
      run(state.data(), at.data() + from, 3);
      for (std::size_t i = 0; i < lanes; ++i) {
        out.push_back({state[i], state[lanes + i], state[2 * lanes + i], state[3 * lanes + i]});
      }
    }
    return out;
  };
  const auto expected = states(md5_blocks_1(), 1);
  EXPECT_EQ(states(md5_blocks_4(), 4), expected);
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && md5_blocks_8() != nullptr) {
    EXPECT_EQ(states(md5_blocks_8(), 8), expected);
  }
  if (__builtin_cpu_supports("avx512f") && md5_blocks_16() != nullptr) {
    EXPECT_EQ(states(md5_blocks_16(), 16), expected);
  }
#endif
}

}  // namespace
}  // namespace slipway::blob
