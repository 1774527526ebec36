// SPDX-License-Identifier: Apache-2.0
// What this room's SQL files share: keys, lists of them, and rows of traces with what hangs on
// them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/database.h"
#include "tracing/types.h"

namespace slipway::tracing {

struct FoundTrace {
  std::int64_t key = 0;
  Trace trace;
};

inline constexpr const char* kTraceColumns =
    "t.id, t.uuid, t.experiment, t.requested, t.duration, t.state, t.told, t.has_spans, t.name,"
    " t.session, t.client_id, t.request, t.response, t.artifact_root, t.input_tokens,"
    " t.output_tokens, t.total_tokens, t.cache_read_tokens, t.cache_write_tokens,"
    " t.cache_write_1h_tokens, t.input_cost, t.output_cost, t.total_cost";
FoundTrace trace_from_row(const store::Row& row);

// Tags, metadata and assessments of all of them.
Result<void> load_details(store::Connection& db, std::vector<FoundTrace>& traces);

Error no_trace(const TraceId& id);
// not_found when it is not there.
Result<std::int64_t> key_of(store::Connection& db, const TraceId& id);
// Links that were told of before the trace came.
Result<void> claim_early_links(store::Connection& db, const TraceId& id, std::int64_t key);
Result<Trace> load_trace(store::Connection& db, const TraceId& id);

// The number behind an experiment's id; an id that is no number is invalid_argument.
Result<std::int64_t> number_of(const ExperimentId& id);

// "?,?,?": one of few lengths, so that few statements are prepared; `cells` is padded with its last
// element. An empty list is a programmer error.
std::string placeholders(store::Cells& cells);
inline constexpr std::size_t kAtOnce = 512;

inline constexpr const char* kAssessmentColumns =
    "a.id, a.kind, a.name, a.value, a.error, a.source_kind, a.source, a.run, a.span, a.rationale,"
    " a.overrides, a.valid, a.metadata, a.by_session, a.created, a.updated";
inline constexpr int kAssessmentColumnCount = 16;
Assessment assessment_from_row(const store::Row& row, const TraceId& trace);
Result<void> insert_assessment(store::Connection& db, std::int64_t trace, const Assessment& one);

// Spans of a trace that is there, as they are: nothing is counted again.
Result<void> put_spans(store::Connection& db, std::int64_t trace, const std::vector<Span>& spans);

Result<void> set_pairs(store::Connection& db, std::string_view table, std::int64_t trace,
                       const std::vector<Tag>& pairs);

template <class T>
store::Cell cell_of(const std::optional<T>& value) {
  if (!value) return nullptr;
  return store::Cell(*value);
}

}  // namespace slipway::tracing
