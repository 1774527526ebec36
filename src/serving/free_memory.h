// SPDX-License-Identifier: Apache-2.0
// Memory that was freed goes back to the system. The allocator keeps an arena for each few threads
// and what large requests left in them for ever, whoever needs it next. Private to this room.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slipway::serving {

class FreeMemory {
 public:
  // Gives back what is free when the process has grown by much since the last time; looks at most
  // every ten seconds. By one thread at a time. True: it gave something back.
  bool look(std::int64_t now_ns);

  static constexpr std::size_t kMuch = std::size_t{16} << 20;
  static constexpr std::int64_t kEveryNs = 10'000'000'000;

 private:
  std::int64_t looked_ns_ = 0;
  std::size_t resident_ = 0;  // after the last time
};

}  // namespace slipway::serving
