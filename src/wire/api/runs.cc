// SPDX-License-Identifier: Apache-2.0
// /api/v1/runs, read only: clients write through MLflow's interface.
#include <memory>

#include "base/text.h"
#include "domain/clauses.h"
#include "endpoint.h"
#include "messages_tracking.h"
#include "tracking/artifacts.h"
#include "tracking/tracking.h"
#include "wire/api/routes.h"

namespace slipway::wire::api {
namespace {

using tracking::RunId;
using tracking::Tracking;

RunOut to_wire(const tracking::Run& from) {
  RunOut out;
  out.id = from.id.str();
  out.experiment_id = from.experiment.str();
  out.name = from.name;
  out.user = from.user;
  out.status = name_of(from.status);
  out.lifecycle = from.lifecycle == tracking::Lifecycle::active ? "active" : "deleted";
  out.started = to_rfc3339(from.started);
  if (from.ended) out.ended = to_rfc3339(*from.ended);
  for (const auto& param : from.params) out.params[param.key] = param.value;
  for (const auto& metric : from.metrics) out.metrics[metric.key] = metric.value;
  for (const auto& tag : from.tags) out.tags[tag.key] = tag.value;
  for (const auto& input : from.datasets) {
    RunDatasetOut dataset{input.dataset.name, input.dataset.digest, "", input.dataset.source};
    for (const auto& tag : input.tags) {
      if (tag.key == tracking::kContextTag) dataset.context = tag.value;
    }
    out.datasets.push_back(std::move(dataset));
  }
  for (const auto& model : from.model_outputs) out.models.push_back(model.model.str());
  return out;
}

// NaN and the infinities are told apart, so they are written as text.
template <class T>
net::Response with_all_numbers(const T& value) {
  return net::Response::json(200,
                             json::dump(value, {.non_finite = json::DumpOptions::NonFinite::text}));
}

struct Word {
  std::string_view theirs;
  std::string_view ours;
};
constexpr Word kEntities[] = {{"", "attribute"},
                              {"attribute", "attribute"},
                              {"attributes", "attribute"},
                              {"metric", "metric"},
                              {"metrics", "metric"},
                              {"param", "param"},
                              {"params", "param"},
                              {"tag", "tag"},
                              {"tags", "tag"},
                              {"dataset", "dataset"},
                              {"datasets", "dataset"}};
// Our names, and those that users of MLflow have in their fingers.
constexpr Word kAttributes[] = {{"run_id", "id"},          {"run_name", "name"},
                                {"start_time", "started"}, {"end_time", "ended"},
                                {"user_id", "user"},       {"experiment_id", "experiment"}};

Result<std::string> entity_of(std::string_view word) {
  for (const auto& [theirs, ours] : kEntities) {
    if (theirs == word) return std::string(ours);
  }
  return invalid("filter: there is no entity '" + std::string(word) + "'",
                 "use attribute, metric, param, tag or dataset");
}

std::string key_of(const std::string& entity, const std::string& key) {
  if (entity != "attribute") return key;
  for (const auto& [theirs, ours] : kAttributes) {
    if (theirs == key) return std::string(ours);
  }
  return key;
}

Result<Filter> leaf_of(Clause clause) {
  SW_TRY(auto entity, entity_of(clause.entity));
  Filter out;
  out.kind = Filter::Kind::compare;
  out.key = key_of(entity, clause.key);
  out.entity = std::move(entity);
  out.op = clause.op;
  out.value = std::move(clause.value);
  return out;
}

// "metrics=auc,loss": only these come along; "metrics=,": none.
Result<std::optional<std::vector<std::string>>> names_of(const net::Request& request,
                                                         std::string_view field) {
  constexpr std::size_t kMost = 1'000;
  std::optional<std::vector<std::string>> out;
  for (const auto& [name, value] : request.query) {
    if (name != field) continue;
    if (!out) out.emplace();
    for (const auto key : split(value, ',')) {
      if (!key.empty()) out->emplace_back(key);
    }
  }
  if (out && out->size() > kMost) {
    return invalid("'" + std::string(field) + "' names " + std::to_string(out->size()) + " keys",
                   "at most " + std::to_string(kMost) + "; leave it out for all");
  }
  return out;
}

Result<net::Response> list(Tracking& tracking, const net::Request& request) {
  tracking::Search search;
  const auto experiment = request.query_value("experiment_id").value_or("");
  if (experiment.empty()) {
    return invalid("the query parameter 'experiment_id' is missing",
                   "GET /api/v1/experiments lists their ids");
  }
  search.experiments.emplace_back(experiment);
  SW_TRY(search.filter, parse_filter(request.query_value("filter").value_or(""), leaf_of));
  for (const auto& [name, value] : request.query) {
    if (name != "order_by" || value.empty()) continue;
    SW_TRY(auto order, parse_order(value));
    SW_TRY(auto entity, entity_of(order.entity));
    auto key = key_of(entity, order.key);
    search.order.push_back({{std::move(entity), std::move(key), order.ascending}, {}, {}});
  }
  SW_TRY(search.page, page_of(request));
  SW_TRY(search.keys.metrics, names_of(request, "metrics"));
  SW_TRY(search.keys.params, names_of(request, "params"));
  SW_TRY(search.keys.tags, names_of(request, "tags"));
  SW_TRY(const auto page, tracking.runs().search(search));
  RunList out;
  for (const auto& run : page.items) out.items.push_back(to_wire(run));
  out.next_page_token = page.next_token;
  return with_all_numbers(out);
}

Result<net::Response> show(Tracking& tracking, const net::Request& request) {
  SW_TRY(const auto run, tracking.runs().get(RunId(request.param("id"))));
  return with_all_numbers(to_wire(run));
}

Result<net::Response> history(Tracking& tracking, const net::Request& request) {
  SW_TRY(const auto points, int_query(request, "max_points", 1'000, 1, 100'000));
  SW_TRY(const auto run, tracking.runs().get(RunId(request.param("id"))));
  const auto& key = request.param("key");
  SW_TRY(const auto found,
         tracking.runs().sampled(run.id, key, static_cast<std::size_t>(points), {}));
  if (found.empty()) return not_found("run '" + run.id.str() + "' has no metric '" + key + "'");
  MetricPoints out{.key = key, .items = {}, .next_page_token = ""};
  for (const auto& metric : found) {
    const auto step = static_cast<double>(metric.step.whole()) + metric.step.part() / 1e9;
    out.items.push_back({step, to_rfc3339(metric.at), metric.value});
  }
  return with_all_numbers(out);
}

struct Files {
  Tracking& tracking;
  tracking::Artifacts artifacts;
};

Result<ArtifactList> artifacts(Files& files, const net::Request& request) {
  SW_TRY(const auto run, files.tracking.runs().get(RunId(request.param("id"))));
  const auto path = request.query_value("path").value_or("");
  SW_TRY(const auto found, files.artifacts.list(run.artifact_root, path));
  ArtifactList out;
  for (const auto& stat : found) {
    ArtifactOut each{
        .path = path.empty() ? stat.key : path + "/" + stat.key, .is_dir = stat.folder, .size = {}};
    if (!stat.folder) each.size.emplace(static_cast<std::int64_t>(stat.size));
    out.items.push_back(std::move(each));
  }
  return out;
}

}  // namespace

void add_run_routes(net::Router& router, Tracking& tracking, blob::BlobStore& blobs) {
  Endpoints at{router, tracking};
  at.get(
      "/runs", list,
      {.action = "run.read",
       .summary = "Runs of ?experiment_id=, with ?filter= and ?order_by=; ?metrics=a,b ?params= and"
                  " ?tags= choose what comes along"});
  at.get("/runs/{id}", show, {.action = "run.read", .summary = "One run"});
  at.get("/runs/{id}/metrics/{key...}", history,
         {.action = "run.read", .summary = "A metric's history, sampled to ?max_points="});
  const auto files = std::make_shared<Files>(Files{tracking, tracking::Artifacts(blobs)});
  router.add({.method = net::Method::get,
              .pattern = "/api/v1/runs/{id}/artifacts",
              .wire = "api",
              .action = "artifact.read",
              .summary = "A run's files in the folder ?path=",
              .handler = [files](const net::Request& request) {
                const auto out = artifacts(*files, request);
                return out ? net::Response::json(200, json::dump(*out))
                           : problem(request, out.error());
              }});
}

}  // namespace slipway::wire::api
