// SPDX-License-Identifier: Apache-2.0
// FlatBuffers as far as Arrow needs them: tables of strangers read within their bounds, small ones
// written. Private to this room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::wire::scoring {

// Shared by all tables of a buffer: whatever lies outside reads as nothing and is remembered here.
struct FlatBytes {
  std::string_view bytes;
  bool ok = true;

  template <class T>
  T at(std::size_t place) {
    T out{};
    if (place > bytes.size() || bytes.size() - place < sizeof out) {
      ok = false;
      return out;
    }
    std::memcpy(&out, bytes.data() + place, sizeof out);
    return out;
  }
};

struct FlatVector {
  std::size_t place = 0;  // of the first element
  std::size_t count = 0;
};

class FlatTable {
 public:
  static FlatTable root(FlatBytes& from) { return FlatTable(from, from.at<std::uint32_t>(0)); }

  FlatTable(FlatBytes& from, std::size_t place) : from_(&from), place_(place) {
    const auto back = from.at<std::int32_t>(place);
    const auto vtable = static_cast<std::int64_t>(place) - back;
    if (vtable < 0) {
      from.ok = false;
      return;
    }
    vtable_ = static_cast<std::size_t>(vtable);
    vtable_size_ = from.at<std::uint16_t>(vtable_);
  }

  template <class T>
  T scalar(int field, T fallback) const {
    const auto place = place_of(field);
    return place ? from_->at<T>(*place) : fallback;
  }
  std::optional<FlatTable> table(int field) const {
    const auto place = target_of(field);
    if (!place) return std::nullopt;
    return FlatTable(*from_, *place);
  }
  // Elements of `size` bytes each.
  FlatVector vector(int field, std::size_t size) const {
    const auto place = target_of(field);
    if (!place) return {};
    FlatVector out{*place + 4, from_->at<std::uint32_t>(*place)};
    if (out.place > from_->bytes.size() || out.count > (from_->bytes.size() - out.place) / size) {
      from_->ok = false;
      return {};
    }
    return out;
  }
  FlatBytes& bytes() const { return *from_; }
  std::string_view text(int field) const {
    const auto found = vector(field, 1);
    return found.count == 0 ? std::string_view() : from_->bytes.substr(found.place, found.count);
  }
  // The i-th of a vector of tables.
  FlatTable element(const FlatVector& vector, std::size_t i) const {
    const auto place = vector.place + i * 4;
    return FlatTable(*from_, place + from_->at<std::uint32_t>(place));
  }

 private:
  std::optional<std::size_t> place_of(int field) const {
    const auto slot = 4 + static_cast<std::size_t>(field) * 2;
    if (slot + 2 > vtable_size_) return std::nullopt;
    const auto offset = from_->at<std::uint16_t>(vtable_ + slot);
    if (offset == 0) return std::nullopt;
    return place_ + offset;
  }
  std::optional<std::size_t> target_of(int field) const {
    const auto place = place_of(field);
    if (!place) return std::nullopt;
    return *place + from_->at<std::uint32_t>(*place);
  }

  FlatBytes* from_;
  std::size_t place_ = 0;
  std::size_t vtable_ = 0;
  std::size_t vtable_size_ = 0;
};

// Forward: what a table refers to is written after it and then put in.
class FlatWriter {
 public:
  struct Member {
    int field = 0;
    int size = 4;  // bytes; a reference has 4
    std::uint64_t value = 0;
  };
  struct Written {
    std::size_t place = 0;
    std::vector<std::pair<int, std::size_t>> members;  // where each field lies

    std::size_t at(int field) const {
      for (const auto& [id, where] : members) {
        if (id == field) return where;
      }
      return 0;
    }
  };

  FlatWriter() : out_(4, '\0') {}  // the root's place

  // Members by size, the largest first.
  Written table(const std::vector<Member>& members);
  std::size_t text(std::string_view text);
  // Room for references; the place of the count.
  std::size_t references(std::size_t count);
  // Pairs of 64-bit numbers.
  std::size_t pairs(const std::vector<std::pair<std::int64_t, std::int64_t>>& values);
  void refer(std::size_t from, std::size_t to) {
    const auto offset = static_cast<std::uint32_t>(to - from);
    std::memcpy(out_.data() + from, &offset, sizeof offset);
  }
  std::string finish(std::size_t root) {
    refer(0, root);
    return std::move(out_);
  }

 private:
  void align(std::size_t to, std::size_t ahead = 0) {
    while ((out_.size() + ahead) % to != 0) out_ += '\0';
  }
  template <class T>
  void put(T value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }

  std::string out_;
};

}  // namespace slipway::wire::scoring
