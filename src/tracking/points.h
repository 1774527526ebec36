// SPDX-License-Identifier: Apache-2.0
// Observations in memory, their two orders, and their bytes on disk (docs/formats/metrics.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tracking/types.h"

namespace slipway::tracking {

// A point with the number of its metric.
struct KeyedPoint {
  std::int64_t metric = 0;
  Point point;
};

// By time, step and value: the order of a history. By step, time and value: of a chart. NaN stands
// where 0 would, just after it; -0 equals 0.
bool earlier(const Point& a, const Point& b);
bool lower(const Point& a, const Point& b);
// The same observation; NaN equals NaN.
bool same(const Point& a, const Point& b);
// True when `a` comes after `b` by step, time and value, and NaN is less than any number.
bool outranks(const Point& a, const Point& b);

// Sorts by metric and then `earlier`, and keeps of equal points one.
void put_in_order(std::vector<KeyedPoint>& points);

// At most this many points an encoded block.
inline constexpr std::size_t kBlockLimit = 1 << 20;

// `points` are as put_in_order leaves them, and at least one.
std::string encode(const KeyedPoint* points, std::size_t count);
// Appends the points of a block to `out`: of one metric, or of all.
Result<void> decode(std::string_view block, std::int64_t metric, std::vector<Point>& out);
Result<void> decode(std::string_view block, std::vector<KeyedPoint>& out);

}  // namespace slipway::tracking
