// SPDX-License-Identifier: Apache-2.0
// Protocol Buffers' wire format, written without generated code. Fields go out in the order of the
// calls; a value that is the type's default may be left out by the caller, as proto3 does.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace slipway {

inline void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}

inline std::size_t varint_size(std::uint64_t value) {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

inline void put_number(std::string& out, std::uint32_t field, std::uint64_t value) {
  put_varint(out, static_cast<std::uint64_t>(field) << 3);
  put_varint(out, value);
}

// The key and the length; so many bytes must follow.
inline void put_length(std::string& out, std::uint32_t field, std::size_t size) {
  put_varint(out, static_cast<std::uint64_t>(field) << 3 | 2);
  put_varint(out, size);
}

// Text, bytes, a message or packed numbers.
inline void put_bytes(std::string& out, std::uint32_t field, std::string_view bytes) {
  put_length(out, field, bytes.size());
  out += bytes;
}

inline void put_text(std::string& out, std::uint32_t field, std::string_view text) {
  if (!text.empty()) put_bytes(out, field, text);
}

inline void put_flag(std::string& out, std::uint32_t field, bool value) {
  if (value) put_number(out, field, 1);
}

template <class T>
void put_fixed(std::string& out, std::uint32_t field, T value) {
  static_assert(sizeof value == 4 || sizeof value == 8);
  put_varint(out, static_cast<std::uint64_t>(field) << 3 | (sizeof value == 8 ? 1 : 5));
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

// An entry of a map<string, message>.
inline void put_entry(std::string& out, std::uint32_t field, std::string_view key,
                      std::string_view message) {
  std::string entry;
  put_bytes(entry, 1, key);
  put_bytes(entry, 2, message);
  put_bytes(out, field, entry);
}

}  // namespace slipway
