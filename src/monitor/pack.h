// SPDX-License-Identifier: Apache-2.0
// Bytes for the blobs of this room: little-endian numbers, counted texts, and compression.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::monitor {

class PackWriter {
 public:
  void number(std::uint64_t x);  // variable length
  void signed_number(std::int64_t x);
  void text(std::string_view x);
  void float32(float x);
  void float64(double x);
  // Compressed, with the length before.
  std::string finish() const;

 private:
  std::string bytes_;
};

// Reads what PackWriter wrote. Damage makes `ok` false and every further answer 0 or empty.
class PackReader {
 public:
  explicit PackReader(std::string_view compressed);
  std::uint64_t number();
  std::int64_t signed_number();
  std::string_view text();
  float float32();
  double float64();
  // A number that counts things of at least one byte each: more than are left is damage.
  std::size_t count();
  bool ok() const { return ok_; }

 private:
  const char* take(std::size_t n);
  std::string bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace slipway::monitor
