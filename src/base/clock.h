// SPDX-License-Identifier: Apache-2.0
// Time: the one type for a moment, the clock that rooms are given, and RFC 3339.
#pragma once

#include <atomic>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway {

// Milliseconds since 1970-01-01T00:00:00Z.
struct Timestamp {
  std::int64_t ms = 0;
  auto operator<=>(const Timestamp&) const = default;
};

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp now() = 0;              // wall time; may jump
  virtual std::int64_t monotonic_ns() = 0;  // for durations and deadlines; never goes back
};

Clock& system_clock();

// Stands still until told. Thread-safe.
class FakeClock : public Clock {
 public:
  explicit FakeClock(std::int64_t ms = 0) : ms_(ms) {}
  Timestamp now() override { return {ms_.load()}; }
  std::int64_t monotonic_ns() override { return ms_.load() * 1'000'000; }
  void advance(std::int64_t ms) { ms_ += ms; }

 private:
  std::atomic<std::int64_t> ms_;
};

// 2013-04-01T12:00:00.000Z
std::string to_rfc3339(Timestamp at);
// Accepts any offset and 0 to 9 fractional digits (cut to milliseconds); a date alone is midnight.
Result<Timestamp> parse_rfc3339(std::string_view text);

}  // namespace slipway
