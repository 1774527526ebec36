// SPDX-License-Identifier: Apache-2.0
// Registered pipelines and their executions.
#include "base/text.h"
#include "endpoint.h"
#include "messages_pipeline.h"
#include "pipeline/pipeline.h"
#include "wire/api/routes.h"

namespace slipway::wire::api {
namespace {

using pipeline::Executions;

json::Nullable<std::string> time_text(const std::optional<Timestamp>& at) {
  if (!at) return std::nullopt;
  return to_rfc3339(*at);
}

json::Nullable<std::string> unless_empty(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

PipelineView view_of(const pipeline::Registered& in) {
  return {.name = in.name,
          .folder = in.folder,
          .file = in.file,
          .yaml = in.yaml,
          .schedule = unless_empty(in.schedule),
          .timezone = in.timezone,
          .drift_endpoint = unless_empty(in.drift_endpoint),
          .data_path = unless_empty(in.data_path),
          .push_branch = unless_empty(in.push_branch),
          .after_pipeline = unless_empty(in.after_pipeline),
          .next = time_text(in.next_fire),
          .created = to_rfc3339(in.created),
          .updated = to_rfc3339(in.updated)};
}

StepView view_of(const pipeline::StepState& in) {
  StepView out;
  out.name = in.name;
  if (in.index) out.index.emplace(*in.index);
  out.status = name_of(in.status);
  out.attempts = in.attempts;
  out.started = time_text(in.started);
  out.ended = time_text(in.ended);
  if (in.exit_code) out.exit_code.emplace(*in.exit_code);
  out.error = unless_empty(in.error);
  out.cpu_seconds = in.cpu_seconds;
  out.max_rss_bytes = in.max_rss_bytes;
  return out;
}

ExecutionView view_of(const pipeline::Execution& in) {
  ExecutionView out;
  out.id = out.run_id = in.id;
  out.pipeline = in.pipeline;
  out.status = name_of(in.status);
  out.error = unless_empty(in.error);
  out.trigger = {in.trigger.kind, in.trigger.id, in.trigger.detail};
  out.params.text = in.params;
  out.created = to_rfc3339(in.created);
  out.started = time_text(in.started);
  out.ended = time_text(in.ended);
  out.scheduled = time_text(in.scheduled);
  out.parent = unless_empty(in.parent);
  out.priority = in.priority;
  for (const auto& step : in.steps) {
    out.steps.push_back(view_of(step));
    const auto needs = in.needs.find(step.name);
    if (needs != in.needs.end()) out.steps.back().needs = needs->second;
  }
  return out;
}

Result<ExecutionView> view_of(Result<pipeline::Execution> in) {
  if (!in) return std::move(in.error());
  return view_of(*in);
}

Result<PipelineView> put(Executions& executions, const PutPipeline& in, const net::Request&) {
  if (in.yaml.empty()) return invalid("yaml: the text of the pipeline file is missing");
  SW_TRY(const auto out, executions.put(in.name, in.yaml, in.folder, in.file));
  return view_of(out);
}

Result<PipelineList> list_pipelines(Executions& executions, const net::Request&) {
  SW_TRY(const auto all, executions.pipelines());
  PipelineList out;
  for (const auto& one : all) out.items.push_back(view_of(one));
  return out;
}

Result<PipelineView> show_pipeline(Executions& executions, const net::Request& request) {
  SW_TRY(const auto out, executions.pipeline(request.param("name")));
  return view_of(out);
}

Result<void> remove_pipeline(Executions& executions, const net::Request& request) {
  return executions.remove(request.param("name"));
}

Result<ExecutionView> start(Executions& executions, const StartExecution& in,
                            const net::Request& request) {
  const auto& name = in.pipeline.empty() ? in.path : in.pipeline;
  if (name.empty()) return invalid("pipeline: a registered name or the path of a file is missing");
  SW_TRY(const auto params, pipeline::params_from_json(in.params.text));
  // A client that repeats a request after a lost answer names it, and gets what it started.
  return view_of(
      executions.start(name, params, {"api", std::string(request.headers.get("idempotency-key"))}));
}

Result<ExecutionList> list(Executions& executions, const net::Request& request) {
  SW_TRY(const auto page, page_of(request));
  SW_TRY(const auto all, executions.list(request.query_value("pipeline").value_or(""), page));
  ExecutionList out;
  for (const auto& one : all.items) out.items.push_back(view_of(one));
  out.next_page_token = all.next_token;
  return out;
}

Result<ExecutionView> show(Executions& executions, const net::Request& request) {
  return view_of(executions.get(request.param("id")));
}

Result<ExecutionView> cancel(Executions& executions, const net::Request& request) {
  return view_of(executions.cancel(request.param("id")));
}

// The body may be left out.
Result<ExecutionView> resume(Executions& executions, const net::Request& request) {
  ResumeExecution in;
  if (!request.body.empty()) {
    SW_TRY(in, json::parse<ResumeExecution>(request.body));
  }
  return view_of(executions.resume(request.param("id"), in.from));
}

Result<ExecutionView> decide(Executions& executions, const PutDecision& in,
                             const net::Request& request) {
  if (in.step.empty()) return invalid("step: which step is answered?");
  pipeline::Decision decision;
  decision.step = in.step;
  if (in.index) decision.index = *in.index;
  decision.approved = in.approved;
  decision.author = context_of(request).principal.name;
  decision.comment = in.comment;
  return view_of(executions.decide(request.param("id"), std::move(decision)));
}

Result<ExecutionList> back_fill(Executions& executions, const BackFill& in,
                                const net::Request& request) {
  SW_TRY(const auto params, pipeline::params_from_json(in.params.text));
  SW_TRY(const auto made, executions.back_fill(request.param("name"), in.from, in.to, params));
  ExecutionList out;
  for (const auto& one : made) out.items.push_back(view_of(one));
  return out;
}

// Text from ?offset= on. X-Slipway-Next-Offset says where to go on, X-Slipway-Complete whether
// anything will follow.
Result<net::Response> logs(Executions& executions, const net::Request& request) {
  constexpr std::int64_t kMost = std::int64_t{1} << 50;
  SW_TRY(const auto index, int_query(request, "index", -1, 0, kMost));
  SW_TRY(const auto attempt, int_query(request, "attempt", 0, 0, 1'000'000));
  SW_TRY(const auto offset, int_query(request, "offset", 0, 0, kMost));
  std::optional<std::int64_t> element;
  if (index >= 0) element = index;
  SW_TRY(auto piece,
         executions.read_log(request.param("id"), request.param("step"), element,
                             static_cast<int>(attempt), static_cast<std::uint64_t>(offset)));
  auto out = net::Response::text(200, std::move(piece.text), "text/plain; charset=utf-8");
  out.headers.set("X-Slipway-Next-Offset", std::to_string(piece.next_offset));
  out.headers.set("X-Slipway-Complete", piece.complete ? "true" : "false");
  out.headers.set("X-Slipway-Attempt", std::to_string(piece.attempt));
  return out;
}

}  // namespace

void add_pipeline_routes(net::Router& router, pipeline::Executions& executions) {
  Endpoints at{router, executions};
  at.post("/pipelines", put,
          {.action = "pipeline.write", .summary = "Register a pipeline", .status = 201});
  at.get("/pipelines", list_pipelines,
         {.action = "pipeline.read", .summary = "Registered pipelines"});
  at.get("/pipelines/{name}", show_pipeline,
         {.action = "pipeline.read", .summary = "One pipeline"});
  at.del("/pipelines/{name}", remove_pipeline,
         {.action = "pipeline.write", .summary = "Forget a pipeline; its executions stay"});
  at.post("/executions", start,
          {.action = "pipeline.run", .summary = "Start an execution", .status = 201});
  at.get("/executions", list, {.action = "pipeline.read", .summary = "Executions, newest first"});
  at.get("/executions/{id}", show,
         {.action = "pipeline.read", .summary = "One execution with its steps"});
  at.get("/executions/{id}/logs/{step}", logs,
         {.action = "pipeline.read", .summary = "What a step wrote, from an offset on"});
  at.post("/executions/{id}/cancel", cancel,
          {.action = "pipeline.run", .summary = "Stop an execution"});
  at.post(
      "/executions/{id}/resume", resume,
      {.action = "pipeline.run", .summary = "Run again what did not succeed, or from a step on"});
  at.post("/executions/{id}/decisions", decide,
          {.action = "pipeline.run", .summary = "Answer a step that asks for an approval"});
  at.post("/pipelines/{name}/backfill", back_fill,
          {.action = "pipeline.run",
           .summary = "One execution for each past time of the schedule that has none",
           .status = 201});
}

}  // namespace slipway::wire::api
