// SPDX-License-Identifier: Apache-2.0
#include "point_columns.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "points.h"
#include "tracking/step.h"

namespace slipway::tracking {
namespace {

constexpr char kVersion = 1;
constexpr int kMostLeading = 31;  // five bits

std::uint64_t zigzag(std::uint64_t n) {
  return (n << 1) ^ (std::uint64_t{0} - (n >> 63));
}

std::uint64_t unzigzag(std::uint64_t n) {
  return (n >> 1) ^ (std::uint64_t{0} - (n & 1));
}

void put_number(std::string& out, std::uint64_t n) {
  while (n >= 0x80) {
    out += static_cast<char>(n | 0x80);
    n >>= 7;
  }
  out += static_cast<char>(n);
}

// Numbers from a block; anything past its end makes it bad and reads as 0.
class Numbers {
 public:
  explicit Numbers(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t next() {
    std::uint64_t out = 0;
    for (int shift = 0; shift < 64 && at_ < bytes_.size(); shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes_[at_++]);
      out |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return out;
    }
    good_ = false;
    return 0;
  }
  bool good() const { return good_; }
  std::string_view rest() const { return bytes_.substr(std::min(at_, bytes_.size())); }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
  bool good_ = true;
};

// Each number is the change of the difference to the one before. A zero is followed by how many
// more zeros come, so that what grows evenly costs nothing.
void put_column(std::string& out, const std::vector<std::int64_t>& column) {
  std::uint64_t last = 0;
  std::uint64_t step = 0;
  for (std::size_t i = 0; i < column.size(); ++i) {
    const auto now = static_cast<std::uint64_t>(column[i]);
    const auto change = now - last - step;
    put_number(out, zigzag(change));
    step = now - last;
    last = now;
    if (change != 0) continue;
    std::uint64_t zeros = 0;
    while (i + 1 < column.size() && static_cast<std::uint64_t>(column[i + 1]) - last == step) {
      last += step;
      ++i;
      ++zeros;
    }
    put_number(out, zeros);
  }
}

bool take_column(Numbers& in, std::size_t count, std::vector<std::int64_t>& column) {
  column.resize(count);
  std::uint64_t last = 0;
  std::uint64_t step = 0;
  for (std::size_t i = 0; i < count && in.good();) {
    const auto change = unzigzag(in.next());
    step += change;
    std::uint64_t repeats = 1;
    if (change == 0) repeats += in.next();
    if (repeats > count - i) return false;
    for (; repeats > 0; --repeats) column[i++] = static_cast<std::int64_t>(last += step);
  }
  return in.good();
}

class BitWriter {
 public:
  explicit BitWriter(std::string& out) : out_(out) {}
  ~BitWriter() {
    for (; filled_ > 0; filled_ -= std::min(filled_, 8)) {
      out_ += static_cast<char>(held_ >> 56);
      held_ <<= 8;
    }
  }
  // The lowest `count` (1 to 64) bits of `bits`, the highest of them first.
  void put(std::uint64_t bits, int count) {
    if (count > 32) {
      put(bits >> 32, count - 32);
      bits &= 0xffffffff;
      count = 32;
    }
    held_ |= bits << (64 - filled_ - count);
    filled_ += count;
    for (; filled_ >= 8; filled_ -= 8) {
      out_ += static_cast<char>(held_ >> 56);
      held_ <<= 8;
    }
  }

 private:
  std::string& out_;
  std::uint64_t held_ = 0;  // from the top
  int filled_ = 0;          // fewer than 8 between calls
};

class BitReader {
 public:
  explicit BitReader(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t take(int count) {
    if (count > 32) {
      const auto high = take(count - 32);
      return high << 32 | take(32);
    }
    while (filled_ < count) {
      if (at_ == bytes_.size()) return good_ = false, 0;
      held_ |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes_[at_++]))
               << (56 - filled_);
      filled_ += 8;
    }
    const auto out = held_ >> (64 - count);
    held_ <<= count;
    filled_ -= count;
    return out;
  }
  bool good() const { return good_; }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
  std::uint64_t held_ = 0;
  int filled_ = 0;
  bool good_ = true;
};

// Which of the 64 bits are written: all between so many leading and trailing zeros.
struct Window {
  int leading = 0;
  int size = 0;

  int trailing() const { return 64 - leading - size; }
};

// What an XOR needs, and whether the window of the value before will do.
void put_values(std::string& out, const std::vector<double>& values) {
  BitWriter bits(out);
  std::uint64_t last = 0;
  Window window;
  for (const double value : values) {
    const double kept = std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value;
    const auto now = std::bit_cast<std::uint64_t>(kept);
    const auto changed = now ^ last;
    last = now;
    if (changed == 0) {
      bits.put(0, 1);
      continue;
    }
    const int leading = std::min(std::countl_zero(changed), kMostLeading);
    const int trailing = std::countr_zero(changed);
    const bool fits = leading >= window.leading && trailing >= window.trailing();
    const int needed = 64 - leading - trailing;
    if (window.size != 0 && fits && window.size <= needed + 11) {
      bits.put(0b10, 2);
    } else {
      window = {leading, needed};
      bits.put(0b11, 2);
      bits.put(static_cast<std::uint64_t>(leading), 5);
      bits.put(static_cast<std::uint64_t>(window.size - 1), 6);
    }
    bits.put(changed >> window.trailing(), window.size);
  }
}

bool take_values(std::string_view bytes, std::size_t count, std::vector<double>& values) {
  BitReader bits(bytes);
  values.resize(count);
  std::uint64_t last = 0;
  Window window;
  for (auto& value : values) {
    if (bits.take(1) != 0) {
      if (bits.take(1) != 0) {
        window.leading = static_cast<int>(bits.take(5));
        window.size = static_cast<int>(bits.take(6)) + 1;
      }
      if (window.size == 0 || window.trailing() < 0) return false;
      last ^= bits.take(window.size) << window.trailing();
    }
    value = std::bit_cast<double>(last);
  }
  return bits.good();
}

Error damaged() {
  return {Code::data_loss, "a block of metric values in the database is damaged",
          "restore a backup"};
}

Result<std::size_t> take_groups(Numbers& in, Columns& out) {
  const auto groups = in.next();
  if (groups > kBlockLimit) return damaged();
  std::uint64_t metric = 0;
  std::size_t count = 0;
  for (std::uint64_t i = 0; i < groups && in.good(); ++i) {
    metric += in.next();
    const auto points = in.next();
    if (points == 0 || points > kBlockLimit - count) return damaged();
    count += points;
    out.groups.push_back({static_cast<std::int64_t>(metric), points});
  }
  if (!in.good()) return damaged();
  return count;
}

}  // namespace

std::string pack(const Columns& columns) {
  std::string out(1, kVersion);
  put_number(out, columns.groups.size());
  std::int64_t last = 0;
  for (const auto& group : columns.groups) {
    put_number(out, static_cast<std::uint64_t>(group.metric - last));
    put_number(out, group.points);
    last = group.metric;
  }
  put_column(out, columns.at);
  put_column(out, columns.step);
  put_number(out, columns.part.empty() ? 0 : 1);
  for (const auto part : columns.part) put_number(out, static_cast<std::uint64_t>(part));
  put_values(out, columns.value);
  return out;
}

Result<Columns> unpack(std::string_view block) {
  if (block.empty() || block.front() != kVersion) return damaged();
  Numbers in(block.substr(1));
  Columns out;
  SW_TRY(const auto count, take_groups(in, out));
  if (!take_column(in, count, out.at) || !take_column(in, count, out.step)) return damaged();
  if (in.next() != 0) {
    out.part.resize(count);
    for (auto& part : out.part) {
      const auto number = in.next();
      if (number >= static_cast<std::uint64_t>(Step::kParts)) return damaged();
      part = static_cast<std::int32_t>(number);
    }
  }
  if (!in.good() || !take_values(in.rest(), count, out.value)) return damaged();
  return out;
}

}  // namespace slipway::tracking
