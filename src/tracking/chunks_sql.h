// SPDX-License-Identifier: Apache-2.0
// Where points live: a tail of recent reports a run, and chunks of one metric each, into which the
// tail is compacted. Nothing here is seen half done: each call is part of its caller's transaction.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "points.h"
#include "store/database.h"

namespace slipway::tracking {

// Appends a report to the run's tail, and compacts the tail when it has become long.
Result<void> append_points(store::Connection& db, std::int64_t run, std::vector<KeyedPoint> points);
// Reports of several runs by one statement (PostgreSQL only). At least one point a run.
using PointsByRun = std::map<std::int64_t, std::vector<KeyedPoint>>;
Result<void> append_points(store::Connection& db, PointsByRun points);
// Moves what is worth a chunk out of the tail, together with `more`; the rest becomes few rows.
Result<void> compact(store::Connection& db, std::int64_t run, std::vector<KeyedPoint> more = {});

// A place in one of the two orders: (time, whole step) or (whole step, time).
using Spot = std::pair<std::int64_t, std::int64_t>;
struct Span {
  Spot first;
  Spot last;
};

// Points of one metric that lie together: a chunk not yet read, or what the tail holds.
struct Source {
  std::int64_t chunk = 0;  // 0: the tail's, in `loaded`
  std::size_t points = 0;
  Span by_time;
  Span by_step;
  std::vector<Point> loaded;
};

// All sources of a metric that may hold points at `since` or later.
Result<std::vector<Source>> sources_of(store::Connection& db, std::int64_t run, std::int64_t metric,
                                       std::int64_t since);
// Reads the chunk behind a source, if that was not done.
Result<void> load(store::Connection& db, Source& source);

// The observations of a run, each counted once.
Result<std::int64_t> count_points(store::Connection& db, std::int64_t run);

}  // namespace slipway::tracking
