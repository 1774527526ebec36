// SPDX-License-Identifier: Apache-2.0
// Traces and assessments in MLflow's shapes, and back.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "traces/messages_trace.h"
#include "tracing/types.h"

namespace slipway::wire::mlflow {

inline constexpr const char* kTraceNameTag = "mlflow.traceName";
inline constexpr const char* kPromptsTag = "mlflow.linkedPrompts";
inline constexpr const char* kPlaceTag = "mlflow.trace.spansLocation";
inline constexpr const char* kFolderTag = "mlflow.artifactLocation";
inline constexpr const char* kSpansAreHere = "TRACKING_STORE";
inline constexpr const char* kSourceRunKey = "mlflow.sourceRun";
inline constexpr const char* kSessionKey = "mlflow.trace.session";
inline constexpr const char* kUsageKey = "mlflow.trace.tokenUsage";
inline constexpr const char* kCostKey = "mlflow.trace.cost";
inline constexpr const char* kToldKey = "mlflow.trace.infoFinalized";
inline constexpr std::size_t kTraceNameLimit = 4'096;

TraceInfoMessage to_wire(const tracing::Trace& trace);
// What MLflow keeps in tags and metadata and we keep apart, put together again, by key.
TextMap tags_of(const tracing::Trace& trace);
TextMap metadata_of(const tracing::Trace& trace);

Result<tracing::Trace> to_trace(const TraceInfoMessage& in);
// The reverse of tags_of and metadata_of.
Result<void> take_tags(std::vector<Tag> tags, tracing::Trace& into);
Result<void> take_metadata(std::vector<Tag> metadata, tracing::Trace& into);
Result<tracing::TraceState> state_of(const json::Raw& raw, std::string_view field);

// {"input_tokens": 3, ..}; what is no such object has no counts.
tracing::Usage usage_of(std::string_view json);
tracing::Cost cost_of(std::string_view json);

AssessmentMessage to_wire(const tracing::Assessment& one);
Result<tracing::Assessment> to_assessment(const AssessmentMessage& in);
// A feedback's or expectation's value and error.
Result<void> take_feedback(const FeedbackMessage& in, tracing::Assessment& into);
Result<void> take_expectation(const ExpectationMessage& in, tracing::Assessment& into);
void set_metadata(const TextMap& metadata, tracing::Assessment& into);

}  // namespace slipway::wire::mlflow
