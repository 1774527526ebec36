// SPDX-License-Identifier: Apache-2.0
#include "traces/trace_words.h"

#include <cmath>

#include "base/text.h"
#include "json/spaced.h"
#include "rules.h"
#include "uris.h"

namespace slipway::wire::mlflow {
namespace {

using json::Escape;
using tracing::Trace;
using tracing::TraceState;

constexpr std::size_t kKeyShown = 250;
constexpr std::size_t kTagShown = 4'096;
constexpr std::size_t kMetadataShown = 250;
constexpr std::size_t kSessionLimit = 250;

struct Count {
  const char* key;
  std::optional<std::int64_t> tracing::Usage::*member;
};
constexpr Count kCounts[] = {
    {"input_tokens", &tracing::Usage::input},
    {"output_tokens", &tracing::Usage::output},
    {"total_tokens", &tracing::Usage::total},
    {"cache_read_input_tokens", &tracing::Usage::cache_read},
    {"cache_creation_input_tokens", &tracing::Usage::cache_write},
    {"cache_creation_input_tokens_above_1hr", &tracing::Usage::cache_write_1h}};
struct Dollars {
  const char* key;
  std::optional<double> tracing::Cost::*member;
};
constexpr Dollars kDollars[] = {{"input_cost", &tracing::Cost::input},
                                {"output_cost", &tracing::Cost::output},
                                {"total_cost", &tracing::Cost::total}};

// 2026-11-23T01:18:10.544Z; no fraction when it is zero.
std::string time_text(Timestamp at) {
  auto out = to_rfc3339(at);
  if (at.ms % 1000 == 0 && out.ends_with(".000Z")) out.replace(out.size() - 5, 5, "Z");
  return out;
}

// 0.121s
std::string duration_text(std::int64_t ms) {
  std::string out = ms < 0 ? "-" : "";
  const auto size = ms < 0 ? 0 - static_cast<std::uint64_t>(ms) : static_cast<std::uint64_t>(ms);
  out += std::to_string(size / 1000);
  if (size % 1000 != 0) out += "." + std::to_string(1000 + size % 1000).substr(1);
  return out + "s";
}

Result<std::int64_t> duration_of(const std::string& text) {
  const auto bad = invalid("invalid value '" + text.substr(0, 100) + "' for execution_duration",
                           "write seconds, such as 1.5s");
  if (!text.ends_with('s')) return bad;
  const auto seconds = parse_double(std::string_view(text).substr(0, text.size() - 1));
  if (!seconds || !(std::abs(*seconds) <= 315'576'000'000.0)) return bad;
  return static_cast<std::int64_t>(std::llround(*seconds * 1000));
}

Result<Timestamp> time_of(const std::optional<std::string>& text, std::string_view field) {
  if (!text) return Timestamp{0};
  auto at = parse_rfc3339(*text);
  if (!at) return invalid("invalid value for '" + std::string(field) + "': " + at.error().message);
  return *at;
}

void put(TextMap& map, const Tag& pair, std::size_t limit) {
  map[cut(pair.key, kKeyShown)] = cut(pair.value, limit);
}

// A value whose numbers are all doubles, as those of google.protobuf.Value are.
void make_real(json::value& value) {
  if (value.is_int64()) {
    value = static_cast<double>(value.get_int64());
  } else if (value.is_uint64()) {
    value = static_cast<double>(value.get_uint64());
  } else if (value.is_array()) {
    for (auto& item : value.get_array()) make_real(item);
  } else if (value.is_object()) {
    for (auto& item : value.get_object()) make_real(item.value());
  }
}

Result<std::string> value_text(const json::Raw& raw) {
  SW_TRY(auto value, json::parse_value(raw.text));
  make_real(value);
  return json::dump_spaced(value, Escape::ascii);
}

std::string error_text(const AssessmentErrorMessage& in) {
  const auto maybe = [](const std::optional<std::string>& text) {
    return text && !text->empty() ? json::value(*text) : json::value(nullptr);
  };
  return json::dump_spaced(json::object{{"error_code", in.error_code},
                                        {"error_message", maybe(in.error_message)},
                                        {"stack_trace", maybe(in.stack_trace)}},
                           Escape::ascii);
}

std::optional<AssessmentErrorMessage> error_of(const std::optional<std::string>& json) {
  if (!json) return std::nullopt;
  const auto value = json::parse_value(*json);
  if (!value) return std::nullopt;
  return AssessmentErrorMessage{json::text_at(*value, "error_code").value_or(""),
                                json::text_at(*value, "error_message"),
                                json::text_at(*value, "stack_trace")};
}

std::optional<std::string> filled(const std::optional<std::string>& text) {
  return text && !text->empty() ? text : std::nullopt;
}

}  // namespace

TextMap tags_of(const Trace& trace) {
  TextMap out;
  for (const auto& tag : trace.tags) put(out, tag, kTagShown);
  out[kFolderTag] = uri_of_root(trace.artifact_root);
  if (trace.has_spans) out[kPlaceTag] = kSpansAreHere;
  if (trace.name) out[kTraceNameTag] = cut(*trace.name, kTagShown);
  return out;
}

TextMap metadata_of(const Trace& trace) {
  TextMap out;
  for (const auto& pair : trace.metadata) put(out, pair, kMetadataShown);
  if (trace.told) out[kToldKey] = "true";
  if (trace.session) out[kSessionKey] = *trace.session;
  if (trace.usage.any()) {
    json::object usage;
    for (const auto& [key, member] : kCounts) {
      if (trace.usage.*member) usage[key] = *(trace.usage.*member);
    }
    out[kUsageKey] = json::dump_spaced(json::value(std::move(usage)), Escape::ascii);
  }
  if (trace.cost.any()) {
    json::object cost;
    for (const auto& [key, member] : kDollars) {
      if (trace.cost.*member) cost[key] = *(trace.cost.*member);
    }
    out[kCostKey] = json::dump_spaced(json::value(std::move(cost)), Escape::ascii);
  }
  return out;
}

TraceInfoMessage to_wire(const Trace& trace) {
  TraceInfoMessage out;
  out.trace_id = trace.id.str();
  out.client_request_id = trace.client_id;
  out.trace_location =
      TraceLocation{{"\"MLFLOW_EXPERIMENT\""}, TraceExperiment{trace.experiment.str()}};
  out.request_preview = trace.request;
  out.response_preview = trace.response;
  out.request_time = time_text(trace.requested);
  if (trace.duration_ms) out.execution_duration = duration_text(*trace.duration_ms);
  out.state.text = "\"" + std::string(name_of(trace.state)) + "\"";
  if (auto metadata = metadata_of(trace); !metadata.empty()) {
    out.trace_metadata = std::move(metadata);
  }
  out.tags = tags_of(trace);
  for (const auto& one : trace.assessments) out.assessments.push_back(to_wire(one));
  return out;
}

tracing::Usage usage_of(std::string_view json) {
  tracing::Usage out;
  const auto value = json::parse_value(json);
  if (!value || !value->is_object()) return out;
  for (const auto& [key, member] : kCounts) {
    const auto* found = json::find(*value, key);
    if (found == nullptr) continue;
    if (found->is_int64()) {
      out.*member = found->get_int64();
    } else if (found->is_double() && found->get_double() == std::floor(found->get_double()) &&
               std::abs(found->get_double()) < 9e18) {
      out.*member = static_cast<std::int64_t>(found->get_double());
    } else if (found->is_string()) {
      out.*member = parse_int(std::string_view(found->get_string()));
    }
  }
  return out;
}

tracing::Cost cost_of(std::string_view json) {
  tracing::Cost out;
  const auto value = json::parse_value(json);
  if (!value || !value->is_object()) return out;
  for (const auto& [key, member] : kDollars) {
    out.*member = json::number_at(*value, key);
    if (const auto text = json::text_at(*value, key)) out.*member = parse_double(*text);
    if (out.*member && !std::isfinite(*(out.*member))) (out.*member).reset();
  }
  return out;
}

Result<void> take_tags(std::vector<Tag> tags, Trace& into) {
  for (auto& tag : tags) {
    if (tag.key == kTraceNameTag) {
      SW_CHECK_OK(check_length("Trace name", tag.value, kTraceNameLimit));
      into.name = std::move(tag.value);
    } else if (tag.key != kPlaceTag && tag.key != kFolderTag) {
      into.tags.push_back(std::move(tag));
    }
  }
  return {};
}

Result<void> take_metadata(std::vector<Tag> metadata, Trace& into) {
  for (auto& pair : metadata) {
    if (pair.key == kSessionKey) {
      SW_CHECK_OK(check_length("Session ID", pair.value, kSessionLimit));
      into.session = std::move(pair.value);
    } else if (pair.key == kUsageKey) {
      into.usage = usage_of(pair.value);
    } else if (pair.key == kCostKey) {
      into.cost = cost_of(pair.value);
    } else if (pair.key != kToldKey) {
      into.metadata.push_back(std::move(pair));
    }
  }
  return {};
}

Result<TraceState> state_of(const json::Raw& raw, std::string_view field) {
  SW_TRY(const auto name,
         enum_name(raw, field, {"STATE_UNSPECIFIED", "OK", "ERROR", "IN_PROGRESS"}, 0));
  if (name == "OK") return TraceState::ok;
  if (name == "ERROR") return TraceState::error;
  return name == "IN_PROGRESS" ? TraceState::in_progress : TraceState::unspecified;
}

Result<Trace> to_trace(const TraceInfoMessage& in) {
  Trace out;
  if (in.trace_id.empty()) return invalid("missing value for required parameter 'trace_id'");
  SW_CHECK_OK(check_length("trace_id", in.trace_id, 250));
  out.id = tracing::TraceId(in.trace_id);
  if (!in.trace_location || !in.trace_location->mlflow_experiment) {
    return invalid("missing value for required parameter 'trace_location.mlflow_experiment'");
  }
  out.experiment = tracing::ExperimentId(in.trace_location->mlflow_experiment->experiment_id);
  SW_TRY(out.requested, time_of(in.request_time, "request_time"));
  if (in.execution_duration) {
    SW_TRY(out.duration_ms, duration_of(*in.execution_duration));
  }
  SW_TRY(out.state, state_of(in.state, "state"));
  out.told = true;
  out.client_id = in.client_request_id;
  out.request = in.request_preview;
  out.response = in.response_preview;
  std::vector<Tag> tags;
  for (const auto& [key, value] : in.tags.value_or(TextMap())) tags.push_back({key, value});
  SW_CHECK_OK(take_tags(std::move(tags), out));
  std::vector<Tag> metadata;
  for (const auto& [key, value] : in.trace_metadata.value_or(TextMap())) {
    metadata.push_back({key, value});
  }
  SW_CHECK_OK(take_metadata(std::move(metadata), out));
  for (const auto& one : in.assessments) {
    SW_TRY(auto made, to_assessment(one));
    made.trace = out.id;
    out.assessments.push_back(std::move(made));
  }
  return out;
}

AssessmentMessage to_wire(const tracing::Assessment& one) {
  AssessmentMessage out;
  out.assessment_id = one.id.str();
  out.assessment_name = one.name;
  out.trace_id = one.trace.str();
  out.span_id = one.span;
  out.source = AssessmentSourceMessage{{"\"" + one.source_kind + "\""}, one.source};
  out.create_time = time_text(one.created);
  out.last_update_time = time_text(one.updated);
  const bool structured = one.value.starts_with('{') || one.value.starts_with('[');
  if (one.kind == tracing::AssessmentKind::feedback) {
    out.feedback = FeedbackMessage{json::Raw{one.value}, error_of(one.error)};
  } else if (one.kind == tracing::AssessmentKind::issue) {
    const auto value = json::parse_value(one.value);
    out.issue = IssueMessage{value ? json::text_at(*value, "issue_name").value_or("") : ""};
  } else if (structured) {
    out.expectation = ExpectationMessage{{}, SerializedValue{"JSON_FORMAT", one.value}};
  } else {
    out.expectation = ExpectationMessage{json::Raw{one.value}, {}};
  }
  out.rationale = one.rationale;
  if (one.metadata) {
    TextMap metadata;
    if (const auto value = json::parse_value(*one.metadata); value && value->is_object()) {
      for (const auto& [key, text] : value->get_object()) {
        if (text.is_string()) metadata[std::string(key)] = std::string(text.get_string());
      }
    }
    if (!metadata.empty()) out.metadata = std::move(metadata);
  }
  out.overrides = one.overrides;
  out.valid = one.valid;
  return out;
}

Result<void> take_feedback(const FeedbackMessage& in, tracing::Assessment& into) {
  into.value = "null";
  if (in.value) {
    SW_TRY(into.value, value_text(*in.value));
  }
  into.error.reset();
  if (in.error) into.error = error_text(*in.error);
  return {};
}

Result<void> take_expectation(const ExpectationMessage& in, tracing::Assessment& into) {
  if (in.serialized_value) {
    if (in.serialized_value->serialization_format != "JSON_FORMAT") {
      return invalid("unknown serialization format '" +
                         cut(in.serialized_value->serialization_format, 100) + "'",
                     "only JSON_FORMAT is supported");
    }
    SW_TRY(const auto value, json::parse_value(in.serialized_value->value));
    into.value = json::dump_spaced(value, Escape::ascii);
  } else if (in.value) {
    SW_TRY(into.value, value_text(*in.value));
  }
  if (into.value == "null") return invalid("the `value` field must be specified");
  return {};
}

void set_metadata(const TextMap& metadata, tracing::Assessment& into) {
  into.metadata.reset();
  into.by_session = metadata.contains(kSessionKey);
  if (metadata.empty()) return;
  json::object out;
  for (const auto& [key, value] : metadata) out[key] = value;
  into.metadata = json::dump_spaced(json::value(std::move(out)), Escape::ascii);
}

Result<tracing::Assessment> to_assessment(const AssessmentMessage& in) {
  tracing::Assessment out;
  if (in.assessment_id) {
    SW_CHECK_OK(check_length("assessment_id", *in.assessment_id, 50));
    out.id = tracing::AssessmentId(*in.assessment_id);
  }
  SW_CHECK_OK(check_length("assessment_name", in.assessment_name, 250));
  out.name = in.assessment_name;
  const int kinds = (in.feedback ? 1 : 0) + (in.expectation ? 1 : 0) + (in.issue ? 1 : 0);
  if (kinds != 1) {
    return invalid("an assessment has exactly one of `feedback`, `expectation` and `issue`");
  }
  if (in.feedback) {
    SW_CHECK_OK(take_feedback(*in.feedback, out));
  } else if (in.expectation) {
    out.kind = tracing::AssessmentKind::expectation;
    SW_CHECK_OK(take_expectation(*in.expectation, out));
  } else {
    out.kind = tracing::AssessmentKind::issue;
    out.value =
        json::dump_spaced(json::object{{"issue_name", in.issue->issue_name}}, Escape::ascii);
  }
  const auto source = in.source.value_or(AssessmentSourceMessage{});
  SW_TRY(const auto kind, enum_name(source.source_type, "source_type",
                                    {"SOURCE_TYPE_UNSPECIFIED", "HUMAN", "LLM_JUDGE", "CODE"}, 0));
  out.source_kind = kind.value_or("SOURCE_TYPE_UNSPECIFIED");
  out.source = filled(source.source_id);
  out.span = filled(in.span_id);
  // Expectations have no rationale.
  if (out.kind != tracing::AssessmentKind::expectation) out.rationale = filled(in.rationale);
  out.overrides = filled(in.overrides);
  SW_TRY(out.created, time_of(in.create_time, "create_time"));
  SW_TRY(out.updated, time_of(in.last_update_time, "last_update_time"));
  const auto metadata = in.metadata.value_or(TextMap());
  set_metadata(metadata, out);
  if (const auto run = metadata.find("mlflow.assessment.sourceRunId"); run != metadata.end()) {
    out.run = run->second;
  }
  return out;
}

}  // namespace slipway::wire::mlflow
