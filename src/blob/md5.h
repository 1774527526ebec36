// SPDX-License-Identifier: Apache-2.0
// MD5 (RFC 1321) of many messages at once, one a lane of the processor's vector registers: 16 lanes
// with AVX-512, 8 with AVX2, 4 elsewhere. One message alone is as fast as anywhere.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace slipway::blob {

using Md5 = std::array<unsigned char, 16>;

// A message that comes piece by piece. Not thread-safe.
class Md5Message {
 public:
  std::uint64_t size() const { return size_; }

 private:
  friend class Md5Lanes;
  std::array<std::uint32_t, 4> state_{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  std::uint64_t size_ = 0;
  std::array<unsigned char, 64> rest_{};  // what does not fill a block yet: size_ % 64 bytes
};

// Advances several messages together. Keeps its memory; one a thread.
class Md5Lanes {
 public:
  struct Piece {
    Md5Message* message = nullptr;
    std::string_view bytes;
  };

  // How many messages go at once; more are fine, fewer leave lanes idle.
  static std::size_t width();

  // Each message at most once.
  void add(std::span<const Piece> pieces);
  // The messages are used up.
  void finish(std::span<Md5Message* const> messages, std::span<Md5> out);

 private:
  struct Work {
    std::uint32_t* state = nullptr;
    const unsigned char* at = nullptr;
    std::size_t blocks = 0;
  };
  void run();

  std::vector<Work> work_;
  std::vector<std::array<unsigned char, 128>> padding_;
};

// Of whole messages.
std::vector<Md5> md5_of(std::span<const std::string_view> messages);

}  // namespace slipway::blob
