// SPDX-License-Identifier: Apache-2.0
// Traces, spans, prompts, evaluations of LLM and agent work.
//
// This room knows nothing of HTTP, OpenTelemetry's bytes or MLflow; `wire/` translates into its
// calls. Every call may be made from any thread, and its effect is durable when it returns.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/ids.h"
#include "tracing/assessments.h"
#include "tracing/metrics.h"
#include "tracing/spans.h"
#include "tracing/traces.h"

namespace slipway::tracing {

class Tracing {
 public:
  Tracing(store::Database& db, tracking::Tracking& tracking, Clock& clock, Ids& ids)
      : traces_(db, tracking, ids),
        spans_(db, tracking),
        assessments_(db, clock, ids),
        metrics_(db) {}

  Traces& traces() { return traces_; }
  Spans& spans() { return spans_; }
  Assessments& assessments() { return assessments_; }
  Metrics& metrics() { return metrics_; }

 private:
  Traces traces_;
  Spans spans_;
  Assessments assessments_;
  Metrics metrics_;
};

}  // namespace slipway::tracing
