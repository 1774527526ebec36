// SPDX-License-Identifier: Apache-2.0
// MLflow REST, traces in the shape of older clients.
#include "endpoint.h"
#include "traces/messages_trace_more.h"
#include "traces/trace_search.h"
#include "traces/trace_words.h"
#include "tracing/tracing.h"
#include "wire/mlflow/routes.h"

namespace slipway::wire::mlflow {
namespace {

using net::Request;
using tracing::TraceId;
using tracing::Tracing;

OldTraceInfo to_old(const tracing::Trace& trace) {
  OldTraceInfo out;
  out.request_id = trace.id.str();
  out.experiment_id = trace.experiment.str();
  out.timestamp_ms = trace.requested.ms;
  out.execution_time_ms = trace.duration_ms.value_or(0);
  out.status = trace.state == tracing::TraceState::unspecified ? "TRACE_STATUS_UNSPECIFIED"
                                                               : std::string(name_of(trace.state));
  for (const auto& [key, value] : metadata_of(trace)) out.request_metadata.push_back({key, value});
  for (const auto& [key, value] : tags_of(trace)) out.tags.push_back({key, value});
  return out;
}

Result<void> check_keys(const std::vector<KeyValue>& pairs, const char* field) {
  for (const auto& pair : pairs) {
    if (pair.key.empty()) return missing(std::string(field) + ".key");
  }
  return {};
}

Result<OldTraceAnswer> start(Tracing& tracing, const StartTrace& in) {
  SW_CHECK_OK(check_keys(in.request_metadata, "request_metadata"));
  SW_CHECK_OK(check_keys(in.tags, "tags"));
  tracing::Trace trace;
  trace.experiment = tracing::ExperimentId(in.experiment_id);
  trace.requested = {in.timestamp_ms};
  trace.state = tracing::TraceState::in_progress;
  SW_CHECK_OK(take_tags(to_tags(in.tags), trace));
  SW_CHECK_OK(take_metadata(to_tags(in.request_metadata), trace));
  SW_TRY(const auto made, tracing.traces().report(trace));
  return OldTraceAnswer{to_old(made)};
}

Result<OldTraceAnswer> end(Tracing& tracing, const EndTrace& in, const Request& request) {
  SW_CHECK_OK(check_keys(in.request_metadata, "request_metadata"));
  SW_CHECK_OK(check_keys(in.tags, "tags"));
  tracing::Trace told;
  SW_CHECK_OK(take_tags(to_tags(in.tags), told));
  SW_CHECK_OK(take_metadata(to_tags(in.request_metadata), told));
  auto status = in.status;
  if (status.text == "\"TRACE_STATUS_UNSPECIFIED\"") status.text = "0";
  SW_TRY(const auto state, state_of(status, "status"));
  SW_TRY(const auto ended,
         tracing.traces().end(TraceId(request.param("request_id")), {.ended = {in.timestamp_ms},
                                                                     .state = state,
                                                                     .name = told.name,
                                                                     .session = told.session,
                                                                     .usage = told.usage,
                                                                     .cost = told.cost,
                                                                     .tags = told.tags,
                                                                     .metadata = told.metadata}));
  return OldTraceAnswer{to_old(ended)};
}

Result<OldTraceAnswer> get_info(Tracing& tracing, const Empty&, const Request& request) {
  SW_TRY(const auto trace, tracing.traces().get(TraceId(request.param("request_id"))));
  return OldTraceAnswer{to_old(trace)};
}

Result<OldFoundTraces> search(Tracing& tracing, const SearchTraces& in) {
  if (in.experiment_ids.empty()) return missing("experiment_ids");
  tracing::Search search;
  search.experiments.emplace();
  for (const auto& id : in.experiment_ids) search.experiments->emplace_back(id);
  SW_TRY(search.page.size, traces_page(in.max_results));
  SW_TRY(search.filter, traces_filter(in.filter));
  SW_TRY(search.order, traces_order(in.order_by));
  search.page.token = in.page_token;
  SW_TRY(const auto page, tracing.traces().search(search));
  OldFoundTraces out;
  for (const auto& trace : page.items) out.traces.push_back(to_old(trace));
  if (!page.next_token.empty()) out.next_page_token = page.next_token;
  return out;
}

}  // namespace

void add_old_trace_routes(net::Router& router, Tracing& tracing) {
  Endpoints at{router, tracing, "trace"};
  at.post("traces", start);
  at.get("traces", search);
  at.patch("traces/{request_id}", end);
  at.get("traces/{request_id}/info", get_info);
}

}  // namespace slipway::wire::mlflow
