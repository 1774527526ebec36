// SPDX-License-Identifier: Apache-2.0
// The last value of each metric of a run: the greatest by step, time and value, NaN below any
// number. Metrics that searches name are rows of `latest_metrics`, which indexes serve. Those of
// runs that report very many are blocks of 64 metrics, until a search names one.
//
// A metric of a run may be in both: then the greater of the two is the last value. So rows are
// always a good place to write to, and blocks are one as long as no search has named the metric.
#pragma once

#include <cstdint>
#include <vector>

#include "chunks_sql.h"
#include "metric_keys.h"
#include "store/database.h"

namespace slipway::tracking {

// The metrics of a report that are not where all begin; any order, any number of times.
struct Placed {
  std::vector<std::int64_t> in_blocks;
  std::vector<std::int64_t> searched;

  void add(const MetricKeys::Number& number);
};

// Brings the last values up to date with what was reported; `points` are as put_in_order leaves
// them. A report of very many metrics moves those that no search has named to blocks.
Result<void> set_latest(store::Connection& db, const PointsByRun& points, Placed placed,
                        const MetricKeys& keys, MetricKeys::Learned& learned);

// Of two lists of last values, each ascending by metric with one point a metric, the last of both.
std::vector<KeyedPoint> last_of(const std::vector<KeyedPoint>& a, const std::vector<KeyedPoint>& b);

// The block that a metric belongs to.
inline constexpr std::int64_t kMetricsOfBlock = 64;
inline std::int64_t block_of(std::int64_t metric) {
  return metric - metric % kMetricsOfBlock;
}

// What blocks hold of this metric becomes rows, for good: a piece a transaction, so that writers
// wait for a moment only. What was interrupted goes on with the next call; several at once help
// each other.
Result<void> make_rows(store::Database& db, std::int64_t metric);

}  // namespace slipway::tracking
