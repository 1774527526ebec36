// SPDX-License-Identifier: Apache-2.0
#include "trace_records.h"

#include "evaluation/intake.h"
#include "tracing/intake.h"

namespace slipway::transfer {
namespace {

tracing::Usage usage_of(const UsageRecord& in) {
  return {in.input, in.output, in.total, in.cache_read, in.cache_write, in.cache_write_1h};
}
tracing::Cost cost_of(const CostRecord& in) {
  return {in.input, in.output, in.total};
}

std::vector<Tag> tags_of(const Pairs& pairs) {
  std::vector<Tag> out;
  for (const auto& pair : pairs) out.push_back({pair.key, pair.value});
  return out;
}

Result<tracing::TraceState> state_of(const std::string& text) {
  using tracing::TraceState;
  for (const auto state :
       {TraceState::unspecified, TraceState::ok, TraceState::error, TraceState::in_progress}) {
    if (text == tracing::name_of(state) || (text.empty() && state == TraceState::unspecified)) {
      return state;
    }
  }
  return invalid("a trace has the unknown state '" + text + "'", "OK, ERROR or IN_PROGRESS");
}

Result<tracing::SpanStatus> status_of(const std::string& text) {
  using tracing::SpanStatus;
  for (const auto status : {SpanStatus::unset, SpanStatus::ok, SpanStatus::error}) {
    if (text == tracing::name_of(status)) return status;
  }
  return invalid("a span has the unknown status '" + text + "'", "UNSET, OK or ERROR");
}

Result<tracing::AssessmentKind> kind_of(const std::string& text) {
  if (text == "feedback") return tracing::AssessmentKind::feedback;
  if (text == "expectation") return tracing::AssessmentKind::expectation;
  if (text == "issue") return tracing::AssessmentKind::issue;
  return invalid("an assessment has the unknown kind '" + text + "'",
                 "feedback, expectation or issue");
}

Result<tracing::Assessment> assessment_of(const AssessmentRecord& in, const std::string& trace) {
  tracing::Assessment out{.id = tracing::AssessmentId(in.id), .trace = tracing::TraceId(trace)};
  SW_TRY(out.kind, kind_of(in.kind));
  if (in.id.empty()) return invalid("an assessment of trace '" + trace + "' has no id");
  out.name = in.name;
  out.value = in.value.empty() ? "null" : in.value;
  out.error = in.error;
  out.source_kind = in.source_kind;
  out.source = in.source;
  out.run = in.run;
  out.span = in.span;
  out.rationale = in.rationale;
  out.overrides = in.overrides;
  out.valid = in.valid;
  out.metadata = in.metadata;
  out.created = {in.created};
  out.updated = {in.updated};
  return out;
}

Result<tracing::Span> span_of(const SpanRecord& in) {
  tracing::Span out{.id = in.id, .parent = in.parent, .name = in.name, .type = in.type};
  SW_TRY(out.status, status_of(in.status));
  if (in.id.empty()) return invalid("a span has no id");
  out.started_ns = in.started_ns;
  out.ended_ns = in.ended_ns;
  if (in.usage) out.usage = usage_of(*in.usage);
  if (in.cost) out.cost = cost_of(*in.cost);
  out.model = in.model;
  out.provider = in.provider;
  out.body = in.body;
  return out;
}

}  // namespace

Result<void> take_trace(store::Connection& db, const TraceRecord& record,
                        const tracking::ExperimentId& experiment) {
  if (record.id.empty()) return invalid("a trace has no id");
  tracing::Trace trace{.id = tracing::TraceId(record.id), .experiment = experiment};
  trace.requested = {record.requested};
  trace.duration_ms = record.duration;
  SW_TRY(trace.state, state_of(record.state));
  trace.told = record.told;
  trace.name = record.name;
  trace.session = record.session;
  trace.client_id = record.client_id;
  trace.request = record.request;
  trace.response = record.response;
  trace.usage = usage_of(record.usage);
  trace.cost = cost_of(record.cost);
  trace.tags = tags_of(record.tags);
  trace.metadata = tags_of(record.metadata);
  for (const auto& each : record.assessments) {
    SW_TRY(auto one, assessment_of(each, record.id));
    trace.assessments.push_back(std::move(one));
  }
  std::vector<tracing::Span> spans;
  for (const auto& each : record.spans) {
    SW_TRY(auto span, span_of(each));
    spans.push_back(std::move(span));
  }
  return tracing::take_trace(db, trace, spans, record.runs);
}

Result<void> take_dataset(store::Connection& db, const DatasetRecord& record,
                          const std::vector<std::string>& experiments) {
  evaluation::Dataset dataset;
  dataset.id = record.id;
  dataset.name = record.name;
  dataset.digest = record.digest;
  dataset.schema = record.schema;
  dataset.profile = record.profile;
  dataset.created = {record.created};
  dataset.updated = {record.updated};
  dataset.created_by = record.created_by;
  dataset.updated_by = record.updated_by;
  dataset.tags = tags_of(record.tags);
  return evaluation::take_dataset(db, dataset, experiments);
}

Result<void> take_example(store::Connection& db, const ExampleRecord& record) {
  evaluation::DatasetRecord out;
  out.id = record.id;
  out.dataset = record.dataset;
  out.inputs = record.inputs;
  out.outputs = record.outputs;
  out.expectations = record.expectations;
  out.tags = record.tags.empty() ? "{}" : record.tags;
  out.source = record.source;
  out.created = {record.created};
  out.updated = {record.updated};
  out.created_by = record.created_by;
  out.updated_by = record.updated_by;
  return evaluation::take_record(db, out);
}

}  // namespace slipway::transfer
