// SPDX-License-Identifier: Apache-2.0
// MLflow REST, what people and judges say about traces.
#include "base/text.h"
#include "endpoint.h"
#include "json/value.h"
#include "rules.h"
#include "traces/messages_trace_more.h"
#include "traces/trace_words.h"
#include "tracing/tracing.h"
#include "wire/mlflow/routes.h"

namespace slipway::wire::mlflow {
namespace {

using net::Request;
using tracing::Assessment;
using tracing::AssessmentId;
using tracing::AssessmentKind;
using tracing::TraceId;
using tracing::Tracing;

Result<AssessmentCall> create(Tracing& tracing, const AssessmentCall& in, const Request& request) {
  if (!in.assessment) return missing("assessment");
  SW_TRY(auto one, to_assessment(*in.assessment));
  one.trace = TraceId(request.param("trace_id"));
  SW_TRY(const auto made, tracing.assessments().create(one));
  return AssessmentCall{to_wire(made)};
}

AssessmentId id_in(const Request& request) {
  return AssessmentId(request.param("assessment_id"));
}

Result<AssessmentCall> get(Tracing& tracing, const Empty&, const Request& request) {
  SW_TRY(const auto one,
         tracing.assessments().get(TraceId(request.param("trace_id")), id_in(request)));
  return AssessmentCall{to_wire(one)};
}

// assessmentName, as JSON has it, or assessment_name.
std::string snake(std::string_view word) {
  std::string out;
  for (const char c : word) {
    if (c >= 'A' && c <= 'Z') {
      (out += '_') += static_cast<char>(c - 'A' + 'a');
    } else {
      out += c;
    }
  }
  return out;
}

TextMap merged(const Assessment& one, const TextMap& more) {
  TextMap out;
  if (one.metadata) {
    if (const auto value = json::parse_value(*one.metadata); value && value->is_object()) {
      for (const auto& [key, text] : value->get_object()) {
        if (text.is_string()) out[std::string(key)] = std::string(text.get_string());
      }
    }
  }
  for (const auto& [key, value] : more) out[key] = value;
  return out;
}

Result<void> change(Assessment& one, const AssessmentMessage& in, const std::string& path) {
  if (path == "assessment_name") {
    SW_CHECK_OK(check_length("assessment_name", in.assessment_name, 250));
    one.name = in.assessment_name;
  } else if (path == "feedback") {
    if (one.kind != AssessmentKind::feedback) {
      return invalid("cannot update feedback value on an expectation");
    }
    return take_feedback(in.feedback.value_or(FeedbackMessage()), one);
  } else if (path == "expectation") {
    if (one.kind != AssessmentKind::expectation) {
      return invalid("cannot update expectation value on a feedback");
    }
    return take_expectation(in.expectation.value_or(ExpectationMessage()), one);
  } else if (path == "rationale") {
    if (one.kind == AssessmentKind::feedback) one.rationale = in.rationale.value_or("");
  } else if (path == "metadata") {
    set_metadata(merged(one, in.metadata.value_or(TextMap())), one);
  } else if (path == "valid") {
    one.valid = in.valid.value_or(false);
  }
  return {};
}

Result<AssessmentCall> update(Tracing& tracing, const UpdateAssessment& in,
                              const Request& request) {
  if (!in.assessment) return missing("assessment");
  if (!in.update_mask) return missing("update_mask");
  std::vector<std::string> paths;
  for (const auto word : split(*in.update_mask, ',')) paths.push_back(snake(trim(word)));
  SW_TRY(const auto one,
         tracing.assessments().update(TraceId(request.param("trace_id")), id_in(request),
                                      [&](Assessment& stored) -> Result<void> {
                                        for (const auto& path : paths) {
                                          SW_CHECK_OK(change(stored, *in.assessment, path));
                                        }
                                        return {};
                                      }));
  return AssessmentCall{to_wire(one)};
}

Result<Empty> remove(Tracing& tracing, const Empty&, const Request& request) {
  SW_CHECK_OK(tracing.assessments().remove(TraceId(request.param("trace_id")), id_in(request)));
  return Empty{};
}

}  // namespace

void add_assessment_routes(net::Router& router, Tracing& tracing) {
  Endpoints at{router, tracing, "trace", "3.0"};
  at.post("traces/{trace_id}/assessments", create);
  at.get("traces/{trace_id}/assessments/{assessment_id}", get);
  at.patch("traces/{trace_id}/assessments/{assessment_id}", update);
  at.del("traces/{trace_id}/assessments/{assessment_id}", remove);
}

}  // namespace slipway::wire::mlflow
