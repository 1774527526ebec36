// SPDX-License-Identifier: Apache-2.0
// What the columns of a window of traffic looked like, small enough to be kept for years, and many
// windows, days and versions merged as if they were one.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "monitor/types.h"
#include "stats/sketch.h"

namespace slipway::monitor {

struct SketchedColumn {
  Field field;
  std::int64_t missing = 0;
  std::int64_t infinite = 0;
  std::int64_t present = 0;
  stats::Moments moments;      // numbers
  stats::Quantiles quantiles;  // numbers
  stats::Distinct distinct;
  stats::Frequent frequent;
};

struct WindowProfile {
  std::string id;
  std::string endpoint;
  std::string model;
  std::string version;
  Timestamp from;
  Timestamp to;
  std::int64_t rows = 0;
  std::int64_t failed = 0;
  std::int64_t windows = 1;
  std::vector<SketchedColumn> columns;  // features, then `prediction`
};

// Windows that touch the time from `from` to before `to`; an empty version means all.
struct ProfileQuery {
  std::string endpoint;
  std::string version;
  Timestamp from;
  Timestamp to;
};

// The same column with numbers and with texts are two.
void merge(WindowProfile& into, const WindowProfile& other);

std::string pack_window(const WindowProfile& profile);
// Its counts and columns; the rest is told by the row that it is stored in.
Result<void> unpack_window(std::string_view bytes, WindowProfile& into);

// `versions` that are in it, as MODEL/VERSION.
std::string window_profile_json(const WindowProfile& profile,
                                const std::set<std::string>& versions);

}  // namespace slipway::monitor
