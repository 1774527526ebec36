// SPDX-License-Identifier: Apache-2.0
// Cron expressions and time zones: when does it fire next, as croniter answers.
//
// Five fields (minute hour day-of-month month day-of-week) of *, ?, numbers, names, lists, ranges
// (also over the end: fri-mon) and steps, or @hourly @daily @midnight @weekly @monthly @yearly
// @annually. When both day fields are restricted, either may match. A time that daylight saving
// skips fires at the first minute that exists; one that it repeats fires at the first of the two.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace slipway::pipeline {

// The rules of one place. Immutable.
class Zone {
 public:
  virtual ~Zone() = default;
  // Seconds east of Greenwich at a moment (seconds since 1970 UTC).
  virtual std::int64_t offset_at(std::int64_t utc_s) const = 0;
};

// By IANA name ("Europe/Berlin", "UTC") from the system's zone files.
Result<std::shared_ptr<const Zone>> load_zone(const std::string& name);
// From the bytes of a zone file.
Result<std::shared_ptr<const Zone>> parse_zone(std::string_view bytes, const std::string& name);

class Cron {
 public:
  static Result<Cron> parse(std::string_view expression);

  // The first time after `from`; not_found when there is none in the next 50 years.
  Result<Timestamp> next(Timestamp from, const Zone& zone) const;

 private:
  struct Field {
    std::uint64_t bits = 0;  // bit n: n matches
    bool any = false;
    bool has(int n) const { return any || (bits >> n & 1) != 0; }
  };

  bool day_matches(std::int64_t day, bool by_month_day, bool by_weekday) const;
  // The first matching minute after `minute` (minutes since 1970 of a clock on the wall); -1: none.
  std::int64_t next_wall(std::int64_t minute, bool by_month_day, bool by_weekday) const;
  std::int64_t next_on(std::int64_t from_s, const Zone& zone, bool by_month_day,
                       bool by_weekday) const;

  Field minute_, hour_, day_, month_, weekday_;
};

}  // namespace slipway::pipeline
