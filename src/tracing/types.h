// SPDX-License-Identifier: Apache-2.0
// What the tracing room keeps: traces, their spans, and what people and judges say about them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "domain/filter.h"
#include "domain/types.h"
#include "tracking/types.h"

namespace slipway::tracing {

using tracking::ExperimentId;
using tracking::RunId;
using TraceId = Id<struct TraceIdTag>;
using AssessmentId = Id<struct AssessmentIdTag>;

enum class TraceState { unspecified, ok, error, in_progress };
std::string_view name_of(TraceState state);  // "OK", "IN_PROGRESS"
enum class SpanStatus { unset, ok, error };
std::string_view name_of(SpanStatus status);  // "UNSET"

// Tokens that models read and wrote; what was not counted is nothing.
struct Usage {
  std::optional<std::int64_t> input;
  std::optional<std::int64_t> output;
  std::optional<std::int64_t> total;
  std::optional<std::int64_t> cache_read;
  std::optional<std::int64_t> cache_write;
  std::optional<std::int64_t> cache_write_1h;  // a part of cache_write
  bool any() const;
};

// In US dollars.
struct Cost {
  std::optional<double> input;
  std::optional<double> output;
  std::optional<double> total;
  bool any() const { return input || output || total; }
};

enum class AssessmentKind { feedback, expectation, issue };

// A judgement about a trace or one of its spans.
struct Assessment {
  AssessmentId id;
  TraceId trace;
  AssessmentKind kind = AssessmentKind::feedback;
  std::string name;
  std::string value = "null";         // JSON
  std::optional<std::string> error;   // JSON
  std::string source_kind;            // "HUMAN", "LLM_JUDGE", "CODE", ..
  std::optional<std::string> source;  // who
  std::optional<std::string> run;     // that made it
  std::optional<std::string> span;    // that it is about
  std::optional<std::string> rationale;
  std::optional<std::string> overrides;  // the id of the assessment that it replaces
  bool valid = true;                     // false once it is replaced
  std::optional<std::string> metadata;   // JSON: an object of texts
  bool by_session = false;               // counts for all traces of the same session
  Timestamp created;
  Timestamp updated;
};

struct Trace {
  TraceId id;
  ExperimentId experiment;
  Timestamp requested;
  std::optional<std::int64_t> duration_ms;
  TraceState state = TraceState::unspecified;
  bool told = false;       // its client has reported the whole of it
  bool has_spans = false;  // spans of it are kept here
  std::optional<std::string> name;
  std::optional<std::string> session;
  std::optional<std::string> client_id;
  std::optional<std::string> request;   // a short text of what was asked
  std::optional<std::string> response;  // and of what was answered
  std::string artifact_root;            // see tracking/artifacts.h
  Usage usage;
  Cost cost;
  std::vector<Tag> tags;
  std::vector<Tag> metadata;
  std::vector<Assessment> assessments;
};

// A timed part of a trace. `body` is JSON of a form that is described in docs/formats/spans.md; it
// is what text searches look through.
struct Span {
  std::string id;      // 16 hex characters
  std::string parent;  // likewise; empty for a root
  std::string name;
  std::optional<std::string> type;
  SpanStatus status = SpanStatus::unset;
  std::int64_t started_ns = 0;
  std::optional<std::int64_t> ended_ns;
  std::optional<Usage> usage;  // of this span, with or without that of the spans below it
  std::optional<Cost> cost;
  std::optional<std::string> model;
  std::optional<std::string> provider;
  std::string body;
};

// Spans of one trace as they arrive, with what its root says about the whole.
struct SpanBatch {
  TraceId trace;
  std::vector<Span> spans;
  std::vector<Tag> tags;
  std::optional<std::string> name;
  std::optional<std::string> session;
  std::optional<std::string> request;
  std::optional<std::string> response;
  std::vector<Tag> metadata;  // set only where there is none yet
};

struct Search {
  std::optional<std::vector<ExperimentId>> experiments;  // nothing: all
  Filter filter;
  std::vector<OrderBy> order;
  PageRequest page;
};

// Counts of traces that match two conditions, for their correlation.
struct Overlap {
  std::int64_t total = 0;
  std::int64_t first = 0;
  std::int64_t second = 0;
  std::int64_t both = 0;
};

}  // namespace slipway::tracing
