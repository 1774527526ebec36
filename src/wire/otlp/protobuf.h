// SPDX-License-Identifier: Apache-2.0
// Reads Protocol Buffers' bytes field by field, without generated code: every length is checked
// against what is left, and nothing is allocated before that.
//
//   Fields fields(bytes);
//   while (fields.next()) {
//     if (fields.is(1, Wire::bytes)) name = fields.bytes();
//   }
//   if (!fields.ok()) ..;
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace slipway::wire::otlp {

enum class Wire { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

class Fields {
 public:
  explicit Fields(std::string_view bytes) : bytes_(bytes) {}

  // False at the end and at the first byte that is not well-formed (see ok).
  bool next();
  bool ok() const { return ok_; }

  bool is(std::uint32_t field, Wire wire) const { return field_ == field && wire_ == wire; }
  std::uint64_t number() const { return number_; }   // varint, fixed64, fixed32
  std::string_view bytes() const { return value_; }  // valid as long as the text given is
  double real() const;                               // of a fixed64

 private:
  bool fail() { return ok_ = false; }
  bool varint(std::uint64_t& out);
  bool fixed(std::size_t size);

  std::string_view bytes_;
  bool ok_ = true;
  std::uint32_t field_ = 0;
  Wire wire_ = Wire::varint;
  std::uint64_t number_ = 0;
  std::string_view value_;
};

}  // namespace slipway::wire::otlp
