// SPDX-License-Identifier: Apache-2.0
// How many rows of an endpoint are recorded a second, however many it answers.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace slipway::serving {

// A bucket that fills at the rate and holds 20 seconds of it: bursts are recorded whole, what goes
// on for longer is thinned evenly over time. A request of many rows is recorded whole or not at
// all. Thread-safe, never waits.
class RecordBudget {
 public:
  static constexpr std::int64_t kUsualRows = 5'000;
  static constexpr std::int64_t kBurstNs = 20'000'000'000;

  // 0: no bound.
  void set(std::int64_t rows_per_second) {
    const auto rate = std::min<std::int64_t>(rows_per_second, 1'000'000'000);
    row_ns_.store(rate > 0 ? 1'000'000'000 / rate : 0, std::memory_order_relaxed);
  }

  bool take(std::int64_t rows, std::int64_t now_ns) {
    const auto row_ns = row_ns_.load(std::memory_order_relaxed);
    if (row_ns == 0) return true;
    auto due = due_ns_.load(std::memory_order_relaxed);
    while (true) {
      const auto from = std::max(due, now_ns - kBurstNs);
      if (from > now_ns) return false;
      if (due_ns_.compare_exchange_weak(due, from + rows * row_ns, std::memory_order_relaxed)) {
        return true;
      }
    }
  }

 private:
  std::atomic<std::int64_t> row_ns_{1'000'000'000 / kUsualRows};
  // When the rows that were taken are paid for (monotonic); the generic cell rate algorithm's
  // theoretical arrival time (ITU-T I.371, A.1).
  std::atomic<std::int64_t> due_ns_{0};
};

}  // namespace slipway::serving
