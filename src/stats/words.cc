// SPDX-License-Identifier: Apache-2.0
#include "words.h"

#include <cstdint>

namespace slipway::stats {
namespace {

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

// What is neither letter nor digit above ASCII, as far as it is common.
constexpr Range kApart[] = {
    {0x80, 0xa9},       {0xab, 0xb1},       {0xb4, 0xb4},       {0xb6, 0xb8},     {0xbb, 0xbb},
    {0xbf, 0xbf},       {0xd7, 0xd7},       {0xf7, 0xf7},       {0x2c2, 0x2c5},   {0x2d2, 0x2df},
    {0x300, 0x36f},     {0x37e, 0x37e},     {0x387, 0x387},     {0x482, 0x489},   {0x55a, 0x55f},
    {0x589, 0x58a},     {0x591, 0x5c7},     {0x5f3, 0x5f4},     {0x600, 0x61f},   {0x64b, 0x65f},
    {0x66a, 0x66d},     {0x6d4, 0x6d4},     {0x6d6, 0x6e4},     {0x900, 0x903},   {0x93a, 0x93c},
    {0x93e, 0x94f},     {0x964, 0x965},     {0xe31, 0xe31},     {0xe34, 0xe3f},   {0xe47, 0xe4f},
    {0x2000, 0x206f},   {0x207a, 0x207e},   {0x208a, 0x208e},   {0x20a0, 0x20ff}, {0x2100, 0x2101},
    {0x2103, 0x2106},   {0x2108, 0x2109},   {0x2114, 0x2114},   {0x2116, 0x2118}, {0x211e, 0x2123},
    {0x2190, 0x245f},   {0x249c, 0x24e9},   {0x2500, 0x2775},   {0x2794, 0x2bff}, {0x2e00, 0x2e7f},
    {0x3000, 0x3004},   {0x3008, 0x3020},   {0x3030, 0x3030},   {0x303d, 0x303f}, {0x3099, 0x309c},
    {0x30a0, 0x30a0},   {0x30fb, 0x30fb},   {0xd800, 0xf8ff},   {0xfe00, 0xfe6f}, {0xfeff, 0xfeff},
    {0xff00, 0xff0f},   {0xff1a, 0xff20},   {0xff3b, 0xff40},   {0xff5b, 0xff65}, {0xffe0, 0xffff},
    {0x1f000, 0x1f0ff}, {0x1f10d, 0x1faff}, {0xe0000, 0x10ffff}};

bool part_of_word(std::uint32_t c) {
  if (c < 0x80) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  }
  for (const auto& range : kApart) {
    if (c >= range.first && c <= range.last) return false;
  }
  return true;
}

std::uint32_t lower_latin(std::uint32_t c) {
  if ((c >= 0xc0 && c <= 0xde) && c != 0xd7) return c + 32;
  if (c == 0x178) return 0xff;
  const bool odd_first = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e);
  if (odd_first) return c % 2 == 1 ? c + 1 : c;
  const bool pairs = (c >= 0x100 && c <= 0x177 && c != 0x130 && c != 0x138) ||
                     (c >= 0x1de && c <= 0x21f && c != 0x1f0) || (c >= 0x1e00 && c <= 0x1e95) ||
                     (c >= 0x1ea0 && c <= 0x1eff);
  return pairs && c % 2 == 0 ? c + 1 : c;
}

std::uint32_t lower(std::uint32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  if (c < 0x250 || (c >= 0x1e00 && c <= 0x1eff)) return lower_latin(c);
  if (c == 0x386) return 0x3ac;
  if (c >= 0x388 && c <= 0x38a) return c + 37;
  if (c == 0x38c) return 0x3cc;
  if (c == 0x38e || c == 0x38f) return c + 63;
  if (c >= 0x391 && c <= 0x3ab && c != 0x3a2) return c + 32;
  if (c >= 0x400 && c <= 0x40f) return c + 80;
  if (c >= 0x410 && c <= 0x42f) return c + 32;
  if ((c >= 0x460 && c <= 0x481) || (c >= 0x48a && c <= 0x4bf) || (c >= 0x4d0 && c <= 0x52f)) {
    return c % 2 == 0 ? c + 1 : c;
  }
  if (c >= 0x531 && c <= 0x556) return c + 48;
  if (c >= 0xff21 && c <= 0xff3a) return c + 32;
  return c;
}

void append(std::string& out, std::uint32_t c) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xc0 | (c >> 6));
  } else {
    if (c < 0x10000) {
      put(0xe0 | (c >> 12));
    } else {
      put(0xf0 | (c >> 18));
      put(0x80 | ((c >> 12) & 0x3f));
    }
    put(0x80 | ((c >> 6) & 0x3f));
  }
  put(0x80 | (c & 0x3f));
}

// The next code point; a byte that begins none is U+FFFD.
std::uint32_t next(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])) : 0U;
  };
  const auto first = byte(at++);
  if (first < 0x80) return first;
  const int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
  if (more == 0 || first > 0xf4) return 0xfffd;
  std::uint32_t out = first & (0x3fU >> more);
  for (int i = 0; i < more; ++i, ++at) {
    if ((byte(at) & 0xc0U) != 0x80U) return 0xfffd;
    out = (out << 6) | (byte(at) & 0x3fU);
  }
  return out;
}

}  // namespace

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  std::size_t length = 0;
  const auto end = [&] {
    if (length > 1) out.push_back(std::move(word));
    word.clear();
    length = 0;
  };
  for (std::size_t at = 0; at < text.size();) {
    const auto c = next(text, at);
    if (!part_of_word(c)) {
      end();
      continue;
    }
    append(word, lower(c));
    ++length;
  }
  end();
  return out;
}

}  // namespace slipway::stats
