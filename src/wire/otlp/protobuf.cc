// SPDX-License-Identifier: Apache-2.0
#include "protobuf.h"

#include <bit>

namespace slipway::wire::otlp {

bool Fields::next() {
  if (!ok_ || bytes_.empty()) return false;
  std::uint64_t key = 0;
  if (!varint(key)) return false;
  if (key >> 3 == 0 || key >> 32 != 0) return fail();
  field_ = static_cast<std::uint32_t>(key >> 3);
  switch (key & 7) {
    case 0:
      wire_ = Wire::varint;
      return varint(number_);
    case 1:
      wire_ = Wire::fixed64;
      return fixed(8);
    case 2: {
      wire_ = Wire::bytes;
      std::uint64_t size = 0;
      if (!varint(size)) return false;
      if (size > bytes_.size()) return fail();
      value_ = bytes_.substr(0, static_cast<std::size_t>(size));
      bytes_.remove_prefix(static_cast<std::size_t>(size));
      return true;
    }
    case 5:
      wire_ = Wire::fixed32;
      return fixed(4);
    default:
      return fail();  // groups are long gone
  }
}

double Fields::real() const {
  return std::bit_cast<double>(number_);
}

bool Fields::varint(std::uint64_t& out) {
  out = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (bytes_.empty()) return fail();
    const auto byte = static_cast<unsigned char>(bytes_.front());
    bytes_.remove_prefix(1);
    if (shift == 63 && byte > 1) return fail();
    out |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return true;
  }
  return fail();
}

bool Fields::fixed(std::size_t size) {
  if (bytes_.size() < size) return fail();
  number_ = 0;
  for (std::size_t i = 0; i < size; ++i) {
    number_ |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes_[i])) << (8 * i);
  }
  bytes_.remove_prefix(size);
  return true;
}

}  // namespace slipway::wire::otlp
