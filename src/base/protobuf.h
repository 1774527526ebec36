// SPDX-License-Identifier: Apache-2.0
// Protocol Buffers' wire format, read without generated code. For bytes of strangers: whatever they
// hold, nothing is read past their end, and a reader that met nonsense says so by `ok`.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace slipway {

// Walks the fields of one message: while (r.next()) switch (r.field()) ..
class ProtoReader {
 public:
  explicit ProtoReader(std::string_view bytes) : rest_(bytes) {}

  // False at the end, and when what follows is no field.
  bool next() {
    if (rest_.empty() || !ok_) return false;
    const auto key = varint();
    field_ = static_cast<std::uint32_t>(key >> 3);
    type_ = static_cast<int>(key & 7);
    number_ = 0;
    bytes_ = {};
    if (!ok_ || field_ == 0) return fail();
    switch (type_) {
      case 0:
        number_ = varint();
        break;
      case 1:
        bytes_ = take(8);
        break;
      case 2:
        bytes_ = take(varint());
        break;
      case 5:
        bytes_ = take(4);
        break;
      default:
        return fail();
    }
    return ok_;
  }

  bool ok() const { return ok_; }
  std::uint32_t field() const { return field_; }
  // Of the present field; 0 or empty when it is of another type.
  std::int64_t int64() const { return static_cast<std::int64_t>(number_); }
  std::string_view bytes() const { return type_ == 2 ? bytes_ : std::string_view(); }
  double real() const {
    if (type_ == 1) return fixed<double>(bytes_);
    return type_ == 5 ? static_cast<double>(fixed<float>(bytes_)) : 0;
  }
  ProtoReader message() const { return ProtoReader(bytes()); }
  bool is_bytes() const { return type_ == 2; }
  bool is_varint() const { return type_ == 0; }
  // The eight or four bytes of a fixed field, as they stand; empty when it is of another type.
  std::string_view fixed_bytes() const {
    return type_ == 1 || type_ == 5 ? bytes_ : std::string_view();
  }

  // Calls `visit` with each value of a repeated varint field, packed or not. False when it is of
  // another type, malformed, or `visit` answered false.
  template <class Visit>
  bool each_varint(Visit&& visit) const {
    if (type_ == 0) return visit(number_);
    if (type_ != 2) return false;
    ProtoReader inner(bytes_);
    while (!inner.rest_.empty()) {
      const auto value = inner.varint();
      if (!inner.ok_ || !visit(value)) return false;
    }
    return true;
  }

  // A repeated number, packed or not: appends to `out`.
  template <class T>
  void fixed_into(std::vector<double>& out) const {
    for (std::size_t at = 0; at + sizeof(T) <= bytes_.size(); at += sizeof(T)) {
      out.push_back(static_cast<double>(fixed<T>(bytes_.substr(at))));
    }
  }
  void varints_into(std::vector<double>& out) const {
    if (type_ == 0) return out.push_back(static_cast<double>(int64()));
    ProtoReader inner(bytes());
    while (!inner.rest_.empty() && inner.ok_) {
      out.push_back(static_cast<double>(static_cast<std::int64_t>(inner.varint())));
    }
  }

 private:
  template <class T>
  static T fixed(std::string_view from) {
    T out{};
    if (from.size() >= sizeof out) std::memcpy(&out, from.data(), sizeof out);
    return out;
  }

  bool fail() {
    ok_ = false;
    rest_ = {};
    return false;
  }

  std::uint64_t varint() {
    std::uint64_t out = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) break;
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      out |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return out;
    }
    fail();
    return 0;
  }

  std::string_view take(std::uint64_t size) {
    if (!ok_ || size > rest_.size()) {
      fail();
      return {};
    }
    const auto out = rest_.substr(0, static_cast<std::size_t>(size));
    rest_.remove_prefix(static_cast<std::size_t>(size));
    return out;
  }

  std::string_view rest_;
  std::string_view bytes_;
  std::uint64_t number_ = 0;
  std::uint32_t field_ = 0;
  int type_ = -1;
  bool ok_ = true;
};

}  // namespace slipway
