// SPDX-License-Identifier: Apache-2.0
#include "grams.h"

#include <algorithm>
#include <bit>
#include <cstddef>

namespace slipway::tracing {
namespace {

constexpr std::size_t kMostBits = std::size_t{1} << 19;
constexpr std::size_t kLeastBits = 64;

std::uint32_t lower(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 'A' && byte <= 'Z' ? byte + 32u : byte;
}

template <class Each>
void each_gram(std::string_view text, const Each& each) {
  if (text.size() < 3) return;
  std::uint32_t gram = lower(text[0]) << 8 | lower(text[1]);
  for (std::size_t i = 2; i < text.size(); ++i) {
    gram = (gram << 8 | lower(text[i])) & 0xFFFFFF;
    std::uint32_t hash = gram * 0x9E3779B1u;
    hash ^= hash >> 15;
    each(hash);
  }
}

}  // namespace

std::string grams_of(std::string_view text) {
  // No more than a text of this size can need.
  const std::size_t room = std::clamp(std::bit_ceil(text.size() * 4), kLeastBits, kMostBits);
  std::vector<std::uint64_t> bits(room / 64);
  std::size_t different = 0;
  each_gram(text, [&](std::uint32_t hash) {
    const auto at = hash & (room - 1);
    const auto bit = std::uint64_t{1} << (at % 64);
    different += (bits[at / 64] & bit) == 0 ? 1 : 0;
    bits[at / 64] |= bit;
  });
  std::size_t size = kLeastBits;
  while (size < room && size < different * 4) size *= 2;
  const std::size_t words = size / 64;
  for (std::size_t i = words; i < bits.size(); ++i) bits[i % words] |= bits[i];
  std::string out(size / 8, '\0');
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<char>(bits[i / 8] >> (8 * (i % 8)));
  }
  return out;
}

GramQuery::GramQuery(const std::vector<std::string>& parts) {
  for (const auto& part : parts) {
    each_gram(part, [&](std::uint32_t hash) { hashes_.push_back(hash); });
  }
}

bool GramQuery::may_match(std::string_view grams) const {
  if (grams.size() < kLeastBits / 8 || !std::has_single_bit(grams.size())) return true;
  const std::size_t mask = grams.size() * 8 - 1;
  for (const auto hash : hashes_) {
    const auto at = hash & mask;
    if ((static_cast<unsigned char>(grams[at / 8]) >> (at % 8) & 1) == 0) return false;
  }
  return true;
}

}  // namespace slipway::tracing
