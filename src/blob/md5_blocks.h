// SPDX-License-Identifier: Apache-2.0
// The compression function of MD5 over N lanes. Each file that includes it is compiled for another
// set of instructions: everything stays in its unnamed namespace, so that the linker never takes
// one for the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace slipway::blob {

// Lane i of state word w is state[w * lanes + i]; `at[i]` are `blocks` blocks of 64 bytes each.
using Md5Blocks = void (*)(std::uint32_t* state, const unsigned char* const* at,
                           std::size_t blocks);

Md5Blocks md5_blocks_16();  // AVX-512; null where it was not compiled
Md5Blocks md5_blocks_8();   // AVX2; null where it was not compiled
Md5Blocks md5_blocks_4();
Md5Blocks md5_blocks_1();

namespace {

// RFC 1321, 3.4: floor(2^32 * abs(sin(i + 1))) and the rotations of the four rounds.
constexpr std::uint32_t kSines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
constexpr int kRotations[4][4] = {
    {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

template <int N>
struct Lanes {
  using Word __attribute__((vector_size(4 * N))) = std::uint32_t;
};
template <>
struct Lanes<1> {
  using Word = std::uint32_t;
};

template <int N>
using Word = typename Lanes<N>::Word;

template <int kRound, typename W>
[[gnu::always_inline]] inline W mixed(W b, W c, W d) {
  if constexpr (kRound == 0) return d ^ (b & (c ^ d));
  if constexpr (kRound == 1) return c ^ (d & (b ^ c));
  if constexpr (kRound == 2) return b ^ c ^ d;
  return c ^ (b | ~d);
}

// Which word of the block step `i` takes.
constexpr int word_of(int i) {
  constexpr int kFactor[4] = {1, 5, 3, 7};
  constexpr int kOffset[4] = {0, 1, 5, 0};
  return (kFactor[i / 16] * i + kOffset[i / 16]) % 16;
}

template <int kStep, typename W>
[[gnu::always_inline]] inline void steps(W& a, W& b, W& c, W& d, const W* words) {
  if constexpr (kStep < 64) {
    constexpr int kTurn = kRotations[kStep / 16][kStep % 4];
    const W sum = a + words[word_of(kStep)] + kSines[kStep] + mixed<kStep / 16>(b, c, d);
    a = b + ((sum << kTurn) | (sum >> (32 - kTurn)));
    steps<kStep + 1>(d, a, b, c, words);
  }
}

// Lane i of `out` is the one of `above` and `below` side by side that `from(i)` names.
template <int N, typename From>
[[gnu::always_inline]] inline Word<N> chosen_lanes(Word<N> above, Word<N> below, From from) {
#if defined(__clang__)
  Word<N> out{};
  for (int i = 0; i < N; ++i) out[i] = from(i) < N ? above[from(i)] : below[from(i) - N];
  return out;
#else
  Word<N> indices{};
#pragma GCC unroll 16
  for (int i = 0; i < N; ++i) indices[i] = static_cast<std::uint32_t>(from(i));
  return __builtin_shuffle(above, below, indices);
#endif
}

// Rows of lanes become rows of words: at the distances 1, 2, 4 .. the off-diagonal halves change
// places.
template <int N, int kDistance>
[[gnu::always_inline]] inline void transpose(Word<N>* rows) {
  if constexpr (kDistance < N) {
    const auto upper = [](int i) { return (i & kDistance) != 0 ? N + i - kDistance : i; };
    const auto lower = [](int i) { return (i & kDistance) != 0 ? N + i : i + kDistance; };
#pragma GCC unroll 16
    for (int row = 0; row < N; ++row) {
      if ((row & kDistance) != 0) continue;
      const Word<N> above = rows[row];
      const Word<N> below = rows[row + kDistance];
      rows[row] = chosen_lanes<N>(above, below, upper);
      rows[row + kDistance] = chosen_lanes<N>(above, below, lower);
    }
    transpose<N, kDistance * 2>(rows);
  }
}

// words[j] lane i = word j of the block at at[i] + offset, all little-endian.
template <int N>
[[gnu::always_inline]] inline void load_block(const unsigned char* const* at, std::size_t offset,
                                              Word<N>* words) {
  if constexpr (N == 1) {
    std::memcpy(words, at[0] + offset, 64);
  } else {
#pragma GCC unroll 4
    for (int part = 0; part < 16; part += N) {
#pragma GCC unroll 16
      for (int lane = 0; lane < N; ++lane) {
        std::memcpy(&words[part + lane], at[lane] + offset + 4 * static_cast<std::size_t>(part),
                    sizeof(Word<N>));
      }
      transpose<N, 1>(words + part);
    }
  }
}

template <int N>
void blocks_of(std::uint32_t* state, const unsigned char* const* at, std::size_t blocks) {
  Word<N> now[4];
  std::memcpy(now, state, sizeof now);
  for (std::size_t block = 0; block < blocks; ++block) {
    Word<N> words[16];
    load_block<N>(at, block * 64, words);
    Word<N> a = now[0];
    Word<N> b = now[1];
    Word<N> c = now[2];
    Word<N> d = now[3];
    steps<0>(a, b, c, d, words);
    now[0] += a;
    now[1] += b;
    now[2] += c;
    now[3] += d;
  }
  std::memcpy(state, now, sizeof now);
}

}  // namespace
}  // namespace slipway::blob
