// SPDX-License-Identifier: Apache-2.0
// Spans: the timed parts of traces.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "tracing/types.h"

namespace slipway::store {
class Database;
}
namespace slipway::tracking {
class Tracking;
}

namespace slipway::tracing {

class Spans {
 public:
  Spans(store::Database& db, tracking::Tracking& tracking) : db_(db), tracking_(tracking) {}

  // Keeps all of them, or none. A span that is there already is replaced. A trace that is not there
  // is made, in `experiment`; as long as its client has not reported the whole of it, its times,
  // state and counts follow its spans.
  Result<void> add(const ExperimentId& experiment, const std::vector<SpanBatch>& batches);

  // Roots first, then by start. A trace that does not exist is not_found.
  Result<std::vector<Span>> of(const TraceId& id) const;

 private:
  store::Database& db_;
  tracking::Tracking& tracking_;
};

// The sum over a tree in which a parent may hold the sum of its children already: below a span that
// counts, nothing is counted again.
struct CountedSpan {
  std::string id;
  std::string parent;
  std::optional<Usage> usage;
  std::optional<Cost> cost;
};
Usage total_usage(const std::vector<CountedSpan>& spans);
Cost total_cost(const std::vector<CountedSpan>& spans);

}  // namespace slipway::tracing
