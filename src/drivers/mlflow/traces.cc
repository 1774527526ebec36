// SPDX-License-Identifier: Apache-2.0
#include "traces.h"

#include <algorithm>
#include <cmath>

#include "api.h"
#include "base/clock.h"
#include "base/text.h"
#include "json/spaced.h"

namespace slipway::drivers::mlflow {
namespace {

using transfer::AssessmentRecord;
using transfer::CostRecord;
using transfer::SpanRecord;
using transfer::TraceRecord;
using transfer::UsageRecord;

constexpr std::size_t kModelLimit = 500;

std::int64_t ms_of(const value& from, std::string_view key) {
  const auto at = parse_rfc3339(text(from, key));
  return at ? at->ms : 0;
}

std::optional<std::string> maybe(const value& from, std::string_view key) {
  auto out = text(from, key);
  return out.empty() ? std::nullopt : std::optional(std::move(out));
}

std::optional<std::int64_t> count_at(const value& from, std::string_view key) {
  if (const auto number = whole(from, key)) return number;
  const auto number = json::number_at(from, key);
  if (!number || *number != std::floor(*number)) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

UsageRecord usage_of(const std::string& text) {
  UsageRecord out;
  const auto found = json::parse_value(text);
  if (!found) return out;
  out.input = count_at(*found, "input_tokens");
  out.output = count_at(*found, "output_tokens");
  out.total = count_at(*found, "total_tokens");
  out.cache_read = count_at(*found, "cache_read_input_tokens");
  out.cache_write = count_at(*found, "cache_creation_input_tokens");
  out.cache_write_1h = count_at(*found, "cache_creation_input_tokens_above_1hr");
  return out;
}

CostRecord cost_of(const std::string& text) {
  const auto found = json::parse_value(text);
  if (!found) return {};
  return {json::number_at(*found, "input_cost"), json::number_at(*found, "output_cost"),
          json::number_at(*found, "total_cost")};
}

AssessmentRecord assessment_of(const value& from) {
  AssessmentRecord out{.id = text(from, "assessment_id")};
  out.name = text(from, "assessment_name");
  const auto& source = member(from, "source");
  out.source_kind = text(source, "source_type");
  out.source = maybe(source, "source_id");
  out.span = maybe(from, "span_id");
  out.rationale = maybe(from, "rationale");
  out.overrides = maybe(from, "overrides");
  out.valid = json::bool_at(from, "valid").value_or(true);
  out.created = ms_of(from, "create_time");
  out.updated = ms_of(from, "last_update_time");
  if (const auto* metadata = json::find(from, "metadata");
      metadata != nullptr && metadata->is_object() && !metadata->get_object().empty()) {
    out.metadata = json::dump_value(*metadata);
    out.run = maybe(*metadata, "mlflow.assessment.sourceRunId");
  }
  out.value = "null";
  if (const auto* feedback = json::find(from, "feedback")) {
    out.kind = "feedback";
    if (const auto* given = json::find(*feedback, "value")) {
      out.value = json::dump_spaced(*given, json::Escape::ascii);
    }
    if (const auto* error = json::find(*feedback, "error");
        error != nullptr && error->is_object()) {
      out.error = json::dump_spaced(*error, json::Escape::ascii);
    }
  } else if (const auto* expectation = json::find(from, "expectation")) {
    out.kind = "expectation";
    const auto& inner = member(*expectation, "serialized_value");
    if (inner.is_object()) {
      out.value = text(inner, "value");
    } else if (const auto* given = json::find(*expectation, "value")) {
      out.value = json::dump_spaced(*given, json::Escape::ascii);
    }
  } else {
    out.kind = "issue";
    out.value =
        json::dump_spaced(json::object{{"issue_name", text(member(from, "issue"), "issue_name")}},
                          json::Escape::ascii);
  }
  return out;
}

// The JSON text inside an attribute; nothing when it is no text.
std::optional<std::string> attribute(const value& span, std::string_view key) {
  const auto* found = json::find(member(span, "attributes"), key);
  if (found == nullptr) return std::nullopt;
  if (!found->is_string()) return json::dump_value(*found);
  return std::string(std::string_view(found->get_string()));
}

std::optional<std::string> text_attribute(const value& span, std::string_view key) {
  const auto json = attribute(span, key);
  if (!json) return std::nullopt;
  const auto inner = json::parse_value(*json);
  if (!inner || !inner->is_string()) return std::nullopt;
  return std::string(std::string_view(inner->get_string()));
}

}  // namespace

void take_trace_tag(TraceRecord& into, const std::string& key, const std::string& text) {
  if (key == "mlflow.traceName") {
    into.name = text;
  } else if (key != "mlflow.trace.spansLocation" && key != "mlflow.artifactLocation") {
    into.tags.push_back({key, text});
  }
}

void take_trace_metadata(TraceRecord& into, const std::string& key, const std::string& text) {
  if (key == "mlflow.trace.session") {
    into.session = text;
  } else if (key == "mlflow.trace.tokenUsage") {
    into.usage = usage_of(text);
  } else if (key == "mlflow.trace.cost") {
    into.cost = cost_of(text);
  } else if (key == "mlflow.trace.infoFinalized") {
    into.told = true;
  } else {
    into.metadata.push_back({key, text});
  }
}

TraceRecord trace_of(const value& info) {
  TraceRecord out{.id = text(info, "trace_id")};
  const auto& location = member(info, "trace_location");
  out.experiment = text(member(location, "mlflow_experiment"), "experiment_id");
  out.requested = ms_of(info, "request_time");
  const auto duration = text(info, "execution_duration");
  if (const auto seconds = duration.ends_with('s')
                               ? parse_double(duration.substr(0, duration.size() - 1))
                               : std::nullopt) {
    out.duration = static_cast<std::int64_t>(std::llround(*seconds * 1000));
  }
  out.state = text(info, "state");
  if (out.state != "OK" && out.state != "ERROR" && out.state != "IN_PROGRESS") out.state.clear();
  out.client_id = maybe(info, "client_request_id");
  out.request = maybe(info, "request_preview");
  out.response = maybe(info, "response_preview");
  const auto each = [&](std::string_view key, const auto& take) {
    const auto* found = json::find(info, key);
    if (found == nullptr || !found->is_object()) return;
    for (const auto& pair : found->get_object()) {
      if (!pair.value().is_string()) continue;
      take(out, std::string(std::string_view(pair.key())),
           std::string(std::string_view(pair.value().get_string())));
    }
  };
  each("tags", take_trace_tag);
  each("trace_metadata", take_trace_metadata);
  for (const auto& one : list(info, "assessments")) {
    out.assessments.push_back(assessment_of(one));
  }
  return out;
}

Result<SpanRecord> span_of(const value& span) {
  const auto id = from_base64(text(span, "span_id"));
  if (!id || id->size() != 8) {
    return invalid("a span is in a form that is not understood",
                   "traces of clients before MLflow 3 are not read");
  }
  SpanRecord out{.id = to_hex(*id)};
  if (const auto parent = from_base64(text(span, "parent_span_id")); parent && !parent->empty()) {
    out.parent = to_hex(*parent);
  }
  out.name = text(span, "name");
  const auto code = text(member(span, "status"), "code");
  out.status = code == "STATUS_CODE_OK" ? "OK" : code == "STATUS_CODE_ERROR" ? "ERROR" : "UNSET";
  out.started_ns = whole_or_0(span, "start_time_unix_nano");
  if (const auto ended = whole(span, "end_time_unix_nano"); ended && *ended != 0) {
    out.ended_ns = *ended;
  }
  out.type = text_attribute(span, "mlflow.spanType");
  if (const auto usage = attribute(span, "mlflow.chat.tokenUsage")) out.usage = usage_of(*usage);
  if (const auto cost = attribute(span, "mlflow.llm.cost")) out.cost = cost_of(*cost);
  out.model = text_attribute(span, "mlflow.llm.model");
  out.provider = text_attribute(span, "mlflow.llm.provider");
  if (out.model) out.model->resize(std::min(out.model->size(), kModelLimit));
  out.body = json::dump_spaced(span, json::Escape::none);
  return out;
}

}  // namespace slipway::drivers::mlflow
