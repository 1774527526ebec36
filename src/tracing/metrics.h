// SPDX-License-Identifier: Apache-2.0
// Figures over many traces: counts, latencies, tokens, costs, scores.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "tracing/types.h"

namespace slipway::store {
class Database;
}

namespace slipway::tracing {

enum class Subject { traces, spans, assessments };
enum class Measure {
  count,
  sessions,  // traces only: different sessions
  latency,
  input_tokens,
  output_tokens,
  total_tokens,
  cache_read_tokens,
  cache_write_tokens,
  input_cost,
  output_cost,
  total_cost,
  value  // of assessments
};
struct Aggregation {
  enum class Kind { count, sum, average, minimum, maximum, percentile } kind = Kind::count;
  double percent = 0;  // percentile only, linear between neighbours
};
enum class Dimension { name, state, type, model, provider, value };

struct MetricsQuery {
  std::vector<ExperimentId> experiments;
  Subject subject = Subject::traces;
  Measure measure = Measure::count;
  std::vector<Aggregation> aggregations;
  std::vector<Dimension> dimensions;
  // Of equality: as in Traces::search for traces, "span" (name, type, status) and "assessment"
  // (name, kind) for those subjects.
  std::vector<Filter> filters;
  std::optional<std::int64_t> bucket_seconds;
  std::optional<std::int64_t> from_ms;  // both inclusive
  std::optional<std::int64_t> to_ms;
  std::size_t limit = 1'000;
};

struct MetricsPoint {
  std::optional<std::int64_t> bucket_ms;
  std::vector<std::string> dimensions;        // one for each that was asked for
  std::vector<std::optional<double>> values;  // one for each aggregation
};

class Metrics {
 public:
  explicit Metrics(store::Database& db) : db_(db) {}

  // By bucket, then by the dimensions. What has no value for a dimension is left out.
  Result<std::vector<MetricsPoint>> query(const MetricsQuery& query) const;

 private:
  store::Database& db_;
};

}  // namespace slipway::tracing
