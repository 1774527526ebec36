// SPDX-License-Identifier: Apache-2.0
#include "server_traces.h"

#include <algorithm>
#include <functional>
#include <optional>

#include "base/text.h"
#include "json/value.h"
#include "traces.h"

namespace slipway::drivers::mlflow {
namespace {

using transfer::DatasetRecord;
using transfer::ExampleRecord;
using transfer::Record;

constexpr std::size_t kExamplesAtOnce = 200;
constexpr int kTracesAtOnce = 200;

// What an older server does not know it does not have.
bool is_unknown_path(const Error& error) {
  return error.code == Code::not_found || error.message.find("answered 405") != std::string::npos;
}

std::optional<std::string> json_at(const value& from, std::string_view key) {
  const auto* found = json::find(from, key);
  if (found == nullptr || found->is_null()) return std::nullopt;
  // Some members are JSON inside a text.
  if (found->is_string()) return std::string(std::string_view(found->get_string()));
  return json::dump_value(*found);
}

std::optional<std::string> maybe(const value& from, std::string_view key) {
  auto out = text(from, key);
  return out.empty() ? std::nullopt : std::optional(std::move(out));
}

DatasetRecord dataset_of(const value& from) {
  DatasetRecord out{.id = text(from, "dataset_id"), .name = text(from, "name")};
  out.digest = text(from, "digest");
  out.schema = json_at(from, "schema");
  out.profile = json_at(from, "profile");
  out.created = whole_or_0(from, "created_time");
  out.updated = whole_or_0(from, "last_update_time");
  out.created_by = maybe(from, "created_by");
  out.updated_by = maybe(from, "last_updated_by");
  const auto tags = json::parse_value(json_at(from, "tags").value_or("{}"));
  if (tags && tags->is_object()) {
    for (const auto& tag : tags->get_object()) {
      const auto& given = tag.value();
      out.tags.push_back({std::string(std::string_view(tag.key())),
                          given.is_string() ? std::string(std::string_view(given.get_string()))
                                            : json::dump_value(given)});
    }
  }
  return out;
}

ExampleRecord example_of(const value& from, const std::string& dataset) {
  ExampleRecord out{.id = text(from, "dataset_record_id"), .dataset = dataset};
  out.inputs = json_at(from, "inputs").value_or("{}");
  out.outputs = json_at(from, "outputs");
  out.expectations = json_at(from, "expectations");
  out.tags = json_at(from, "tags").value_or("{}");
  out.source = json_at(from, "source");
  out.created = whole_or_0(from, "created_time");
  out.updated = whole_or_0(from, "last_update_time");
  out.created_by = maybe(from, "created_by");
  out.updated_by = maybe(from, "last_updated_by");
  return out;
}

Result<void> examples_of(const Api& api, const std::string& dataset,
                         const transfer::Source::Each<std::vector<Record>>& each) {
  std::string token;
  do {
    SW_TRY(const auto page, api.get("/api/3.0/mlflow/datasets/" + percent_encode(dataset) +
                                    "/records?max_results=" + std::to_string(kExamplesAtOnce) +
                                    (token.empty() ? "" : "&page_token=" + percent_encode(token))));
    // The list is JSON inside a text.
    const auto records = json::parse_value(json_at(page, "records").value_or("[]"));
    std::vector<Record> batch;
    if (records && records->is_array()) {
      for (const auto& item : records->get_array()) {
        batch.push_back({.example = example_of(item, dataset)});
      }
    }
    if (!batch.empty()) SW_CHECK_OK(each(std::move(batch)));
    token = text(page, "next_page_token");
  } while (!token.empty());
  return {};
}

// Pages of traces of one experiment, the oldest first.
Result<void> search_traces(const Api& api, const std::string& experiment, const std::string& filter,
                           int at_once, const std::function<Result<void>(const value&)>& each) {
  std::string token;
  do {
    SW_TRY(const auto page,
           api.post("/api/3.0/mlflow/traces/search",
                    "{\"locations\":[{\"type\":\"MLFLOW_EXPERIMENT\",\"mlflow_experiment\":"
                    "{\"experiment_id\":" +
                        json_quoted(experiment) + "}}],\"filter\":" + json_quoted(filter) +
                        ",\"max_results\":" + std::to_string(at_once) +
                        ",\"order_by\":[\"timestamp_ms ASC\"]" +
                        (token.empty() ? "" : ",\"page_token\":" + json_quoted(token)) + "}"));
    SW_CHECK_OK(each(page));
    token = text(page, "next_page_token");
  } while (!token.empty());
  return {};
}

// Runs by trace. No call tells the links of a trace, so each run is asked for its traces (several
// runs in one question would not do: the original then leaves links out). The run that a trace came
// from is no link.
using Links = std::map<std::string, std::vector<std::string>>;
Result<Links> links_of(const Api& api, const std::string& experiment,
                       const std::vector<std::string>& runs) {
  Links out;
  for (const auto& run : runs) {
    const auto asked =
        search_traces(api, experiment, "attributes.run_id = '" + run + "'", kTracesAtOnce,
                      [&](const value& page) {
                        for (const auto& info : list(page, "traces")) {
                          if (text(member(info, "trace_metadata"), "mlflow.sourceRun") == run)
                            continue;
                          out[text(info, "trace_id")].push_back(run);
                        }
                        return Result<void>();
                      });
    if (!asked && asked.error().code == Code::failed_precondition) return out;  // it is too old
    SW_CHECK_OK(asked);
  }
  return out;
}

}  // namespace

Result<void> traces_of_server(
    const Api& api, const std::vector<value>& experiments, const RunsByExperiment& runs,
    std::map<std::string, std::string>& roots,
    const transfer::Source::Each<std::vector<transfer::TraceRecord>>& each) {
  for (const auto& experiment : experiments) {
    if (text(experiment, "lifecycle_stage") == "deleted") continue;  // it does not tell of these
    const auto id = text(experiment, "experiment_id");
    std::optional<Links> links;
    const auto done =
        search_traces(api, id, "", kTracesAtOnce, [&](const value& page) -> Result<void> {
          std::vector<transfer::TraceRecord> batch;
          roots.clear();
          for (const auto& info : list(page, "traces")) {
            batch.push_back(trace_of(info));
            roots[batch.back().id] = text(member(info, "tags"), "mlflow.artifactLocation");
          }
          if (batch.empty()) return Result<void>();
          if (!links) {
            const auto found = runs.find(id);
            SW_TRY(links,
                   links_of(api, id,
                            found == runs.end() ? std::vector<std::string>{} : found->second));
          }
          for (auto& trace : batch) {
            if (const auto linked = links->find(trace.id); linked != links->end()) {
              trace.runs = linked->second;
            }
          }
          return each(std::move(batch));
        });
    if (!done && is_unknown_path(done.error())) return {};
    SW_CHECK_OK(done);
  }
  return {};
}

Result<void> spans_of_server(const Api& api, transfer::TraceRecord& trace) {
  const auto answer =
      api.get("/ajax-api/3.0/mlflow/get-trace-artifact?request_id=" + percent_encode(trace.id));
  // A trace may have been reported without any span.
  if (!answer && answer.error().code == Code::not_found) return {};
  SW_CHECK_OK(answer);
  for (const auto& each : list(*answer, "spans")) {
    SW_TRY(auto span, span_of(each));
    trace.spans.push_back(std::move(span));
  }
  return {};
}

Result<void> datasets_of_server(const Api& api,
                                const transfer::Source::Each<std::vector<Record>>& each) {
  std::string token;
  do {
    const auto page = api.post(
        "/api/3.0/mlflow/datasets/search",
        "{\"max_results\":50" +
            (token.empty() ? std::string() : ",\"page_token\":" + json_quoted(token)) + "}");
    if (!page && is_unknown_path(page.error())) return {};
    SW_CHECK_OK(page);
    for (const auto& item : list(*page, "datasets")) {
      auto dataset = dataset_of(item);
      const auto id = dataset.id;
      SW_TRY(const auto linked,
             api.get("/api/3.0/mlflow/datasets/" + percent_encode(id) + "/experiment-ids"));
      for (const auto& experiment : list(linked, "experiment_ids")) {
        if (!experiment.is_string()) continue;
        dataset.experiments.emplace_back(std::string_view(experiment.get_string()));
      }
      std::vector<Record> one;
      one.push_back({.dataset = std::move(dataset)});
      SW_CHECK_OK(each(std::move(one)));
      SW_CHECK_OK(examples_of(api, id, each));
    }
    token = text(*page, "next_page_token");
  } while (!token.empty());
  return {};
}

}  // namespace slipway::drivers::mlflow
