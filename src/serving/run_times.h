// SPDX-License-Identifier: Apache-2.0
// How long a version takes for so many rows, as seen so far. Private to this room.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace slipway::serving {

// Thread-safe; a lost update among threads does not matter.
class RunTimes {
 public:
  void add(std::int64_t rows, std::int64_t ns) {
    auto& mean = means_[size_of(rows)];
    const auto before = mean.load(std::memory_order_relaxed);
    const auto after = before == 0 ? ns : before + (ns - before) / 8;
    mean.store(std::max<std::int64_t>(after, 1), std::memory_order_relaxed);
  }

  // The least of what the sizes seen say: more rows cost no less in all, and no more a row. So a
  // size that was slow once and is not run any more is not slow for ever. 0: nothing is known.
  std::int64_t expect(std::int64_t rows) const {
    const auto wanted = size_of(rows);
    std::int64_t least = 0;
    for (std::size_t size = 0; size < kSizes; ++size) {
      const auto mean = means_[size].load(std::memory_order_relaxed);
      if (mean == 0) continue;
      const auto bound = size < wanted ? mean << (wanted - size) : mean;
      if (least == 0 || bound < least) least = bound;
    }
    return least;
  }

 private:
  static constexpr std::size_t kSizes = 24;

  // 1, 2, 3 to 4, 5 to 8 ..
  static std::size_t size_of(std::int64_t rows) {
    const auto above = static_cast<std::uint64_t>(std::max<std::int64_t>(rows, 1) - 1);
    return std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(above)), kSizes - 1);
  }

  std::array<std::atomic<std::int64_t>, kSizes> means_{};
};

}  // namespace slipway::serving
