// SPDX-License-Identifier: Apache-2.0
// MLflow REST, traces in their present shape: start, get, search, tags, links, removal.
#include "endpoint.h"
#include "rules.h"
#include "traces/messages_trace.h"
#include "traces/span_message.h"
#include "traces/trace_correlation.h"
#include "traces/trace_search.h"
#include "traces/trace_words.h"
#include "tracing/tracing.h"
#include "wire/mlflow/routes.h"

namespace slipway::wire::mlflow {
namespace {

using net::Request;
using tracing::TraceId;
using tracing::Tracing;

constexpr std::size_t kLinksLimit = 100;
constexpr std::size_t kTagKeyLimit = 250;
constexpr std::size_t kTagValueLimit = 8'000;

Result<TraceAnswer> start(Tracing& tracing, const StartTraceV3& in) {
  if (!in.trace) return missing("trace");
  SW_TRY(const auto trace, to_trace(in.trace->trace_info.value_or(TraceInfoMessage())));
  SW_TRY(const auto made, tracing.traces().report(trace));
  return TraceAnswer{{to_wire(made), {}}};
}

Result<TraceAnswer> get_info(Tracing& tracing, const Empty&, const Request& request) {
  SW_TRY(const auto trace, tracing.traces().get(TraceId(request.param("trace_id"))));
  return TraceAnswer{{to_wire(trace), {}}};
}

// Nothing when spans are still on their way, as the trace's own count of them says.
Result<std::optional<TraceMessage>> with_spans(Tracing& tracing, const tracing::Trace& trace,
                                               bool partial) {
  std::optional<TraceMessage> out;
  if (!trace.has_spans) return out;
  SW_TRY(const auto spans, tracing.spans().of(trace.id));
  if (!partial && spans.size() < announced_spans(trace)) return out;
  out.emplace();
  out->trace_info = to_wire(trace);
  for (const auto& span : spans) out->spans.push_back({span_message(span.body)});
  return out;
}

Result<TraceAnswer> get(Tracing& tracing, const GetTrace& in) {
  if (in.trace_id.empty()) return missing("trace_id");
  SW_TRY(const auto trace, tracing.traces().get(TraceId(in.trace_id)));
  SW_TRY(auto whole, with_spans(tracing, trace, in.allow_partial));
  if (!whole && !trace.has_spans) {
    return not_found("the spans of trace '" + in.trace_id + "' are not kept in the store",
                     "they are in its artifacts, if anywhere");
  }
  if (!whole) {
    return not_found("trace '" + in.trace_id + "' is not fully exported yet",
                     "try again later, or ask with allow_partial");
  }
  return TraceAnswer{*std::move(whole)};
}

std::vector<TraceId> ids_of(const std::vector<std::string>& ids) {
  std::vector<TraceId> out;
  for (const auto& id : ids) out.emplace_back(id);
  return out;
}

std::optional<std::vector<tracing::ExperimentId>> experiments_of(
    const std::optional<std::vector<std::string>>& ids) {
  if (!ids) return std::nullopt;
  std::vector<tracing::ExperimentId> out;
  for (const auto& id : *ids) out.emplace_back(id);
  return out;
}

Result<std::vector<tracing::Trace>> found(Tracing& tracing, const BatchGetTraces& in) {
  if (!in.trace_ids) return missing("trace_ids");
  return tracing.traces().get_all(ids_of(*in.trace_ids), experiments_of(in.experiment_ids));
}

Result<TraceList> batch_get(Tracing& tracing, const BatchGetTraces& in) {
  SW_TRY(const auto traces, found(tracing, in));
  TraceList out;
  for (const auto& trace : traces) {
    SW_TRY(auto whole, with_spans(tracing, trace, false));
    if (whole && !whole->spans.empty()) out.traces.push_back(*std::move(whole));
  }
  return out;
}

Result<TraceInfoList> batch_get_infos(Tracing& tracing, const BatchGetTraces& in) {
  SW_TRY(const auto traces, found(tracing, in));
  TraceInfoList out;
  for (const auto& trace : traces) out.trace_infos.push_back(to_wire(trace));
  return out;
}

Result<FoundTraces> search(Tracing& tracing, const SearchTracesV3& in) {
  if (!in.locations) return missing("locations");
  tracing::Search search;
  search.experiments.emplace();
  for (const auto& location : *in.locations) {
    if (location.mlflow_experiment) {
      search.experiments->emplace_back(location.mlflow_experiment->experiment_id);
    }
  }
  SW_TRY(search.page.size, traces_page(in.max_results));
  SW_TRY(search.filter, traces_filter(in.filter));
  SW_TRY(search.order, traces_order(in.order_by));
  search.page.token = in.page_token;
  SW_TRY(const auto page, tracing.traces().search(search));
  FoundTraces out;
  for (const auto& trace : page.items) out.traces.push_back(to_wire(trace));
  if (!page.next_token.empty()) out.next_page_token = page.next_token;
  return out;
}

Result<DeletedTraces> remove(Tracing& tracing, const DeleteTraces& in) {
  if (in.experiment_id.empty()) return missing("experiment_id");
  const bool by_id = !in.request_ids.empty();
  if (!in.max_timestamp_millis && !by_id) {
    return invalid("either `max_timestamp_millis` or `trace_ids` must be specified");
  }
  if (in.max_timestamp_millis && by_id) {
    return invalid("only one of `max_timestamp_millis` and `trace_ids` can be specified");
  }
  if (by_id && in.max_traces) {
    return invalid("`max_traces` can't be specified if `trace_ids` is specified");
  }
  if (in.max_traces && *in.max_traces <= 0) {
    return invalid("`max_traces` must be a positive integer, received " +
                   std::to_string(*in.max_traces));
  }
  SW_TRY(const auto removed,
         tracing.traces().remove({tracing::ExperimentId(in.experiment_id), in.max_timestamp_millis,
                                  in.max_traces, ids_of(in.request_ids)}));
  return DeletedTraces{removed};
}

TraceId id_in(const Request& request) {
  const auto& old = request.param("request_id");
  return TraceId(old.empty() ? request.param("trace_id") : old);
}

// These say where the spans are, which is not for clients to change.
Result<void> check_mutable(const std::string& key, const char* verb) {
  if (key == kPlaceTag || key == "mlflow.trace.archiveLocation" ||
      (key == "mlflow.trace.archivalFailure" && std::string_view(verb) == "set")) {
    return invalid("tag '" + key + "' is immutable and cannot be " + verb + " on a trace");
  }
  return {};
}

Result<Empty> set_tag(Tracing& tracing, const TraceTag& in, const Request& request) {
  if (in.key.empty()) return missing("key");
  SW_CHECK_OK(check_mutable(in.key, "set"));
  SW_CHECK_OK(check_name("key", in.key));
  SW_CHECK_OK(check_length("key", in.key, kTagKeyLimit));
  const auto value = cut(in.value, kTagValueLimit);
  if (in.key == kTraceNameTag) {
    SW_CHECK_OK(check_length("Trace name", value, kTraceNameLimit));
    SW_CHECK_OK(tracing.traces().set_name(id_in(request), value));
    return Empty{};
  }
  SW_CHECK_OK(tracing.traces().set_tag(id_in(request), {in.key, value}));
  return Empty{};
}

Result<Empty> delete_tag(Tracing& tracing, const TraceTag& in, const Request& request) {
  if (in.key.empty()) return missing("key");
  SW_CHECK_OK(check_mutable(in.key, "deleted"));
  if (in.key == kTraceNameTag) {
    SW_CHECK_OK(tracing.traces().set_name(id_in(request), std::nullopt));
  } else {
    SW_CHECK_OK(tracing.traces().remove_tag(id_in(request), in.key));
  }
  return Empty{};
}

Result<Empty> link_to_run(Tracing& tracing, const LinkTracesToRun& in) {
  if (!in.trace_ids) return missing("trace_ids");
  if (in.run_id.empty()) return missing("run_id");
  if (in.trace_ids->size() > kLinksLimit) {
    return invalid("cannot link " + std::to_string(in.trace_ids->size()) +
                       " traces to a run in a single request",
                   "at most " + std::to_string(kLinksLimit));
  }
  if (in.trace_ids->empty()) return Empty{};
  SW_CHECK_OK(tracing.traces().link_to_run(ids_of(*in.trace_ids), tracing::RunId(in.run_id)));
  return Empty{};
}

Result<Empty> link_prompts(Tracing& tracing, const LinkPromptsToTrace& in) {
  if (in.trace_id.empty()) return missing("trace_id");
  if (in.prompt_versions.empty()) return missing("prompt_versions");
  std::vector<std::string> prompts;
  for (const auto& prompt : in.prompt_versions) {
    SW_CHECK_OK(check_length("name", prompt.name, 1'000));
    const auto version = parse_version(prompt.version);
    if (!version) return invalid("invalid prompt version '" + cut(prompt.version, 100) + "'");
    prompts.push_back(prompt.name + "/" + std::to_string(*version));
  }
  SW_CHECK_OK(tracing.traces().link_prompts(TraceId(in.trace_id), prompts));
  return Empty{};
}

}  // namespace

void add_trace_routes(net::Router& router, Tracing& tracing) {
  Endpoints at{router, tracing, "trace", "3.0"};
  at.post("traces", start);
  at.post("traces/search", search);
  at.get("traces/get", get);
  at.get("traces/batchGet", batch_get);
  at.post("traces/batchGetInfos", batch_get_infos);
  at.post("traces/delete-traces", remove);
  at.post("traces/calculate-filter-correlation", calculate_correlation);
  at.get("traces/{trace_id}", get_info);
  at.patch("traces/{trace_id}/tags", set_tag);
  at.del("traces/{trace_id}/tags", delete_tag);
  Endpoints old{router, tracing, "trace"};
  old.patch("traces/{request_id}/tags", set_tag);
  old.del("traces/{request_id}/tags", delete_tag);
  old.post("traces/delete-traces", remove);
  old.post("traces/link-to-run", link_to_run);
  old.post("traces/link-prompts", link_prompts);
}

}  // namespace slipway::wire::mlflow
