// SPDX-License-Identifier: Apache-2.0
// /api/v1/experiments, read only: clients write through MLflow's interface.
#include "endpoint.h"
#include "messages_tracking.h"
#include "tracking/tracking.h"
#include "wire/api/routes.h"

namespace slipway::wire::api {
namespace {

using tracking::Tracking;

ExperimentOut to_wire(const tracking::Experiment& from) {
  ExperimentOut out{
      .id = from.id.str(),
      .name = from.name,
      .lifecycle = from.lifecycle == tracking::Lifecycle::active ? "active" : "deleted",
      .created = to_rfc3339(from.created),
      .updated = to_rfc3339(from.updated),
      .tags = {}};
  for (const auto& tag : from.tags) out.tags[tag.key] = tag.value;
  return out;
}

Result<ExperimentList> list(Tracking& tracking, const net::Request& request) {
  tracking::Search search;
  SW_TRY(search.page, page_of(request));
  SW_TRY(const auto page, tracking.experiments().search(search));
  ExperimentList out;
  for (const auto& each : page.items) out.items.push_back(to_wire(each));
  out.next_page_token = page.next_token;
  return out;
}

Result<ExperimentOut> show(Tracking& tracking, const net::Request& request) {
  SW_TRY(const auto found, tracking.experiments().get(tracking::ExperimentId(request.param("id"))));
  return to_wire(found);
}

// The columns that a table of runs may have.
Result<RunKeysOut> keys(Tracking& tracking, const net::Request& request) {
  SW_TRY(const auto found, tracking.experiments().get(tracking::ExperimentId(request.param("id"))));
  SW_TRY(const auto runs, int_query(request, "runs", 20, 1, 1'000));
  SW_TRY(auto names, tracking.runs().keys(found.id, static_cast<std::size_t>(runs)));
  return RunKeysOut{std::move(names.metrics), std::move(names.params)};
}

}  // namespace

void add_experiment_routes(net::Router& router, Tracking& tracking) {
  Endpoints at{router, tracking};
  at.get("/experiments", list,
         {.action = "experiment.read", .summary = "Active experiments, newest first"});
  at.get("/experiments/{id}", show, {.action = "experiment.read", .summary = "One experiment"});
  at.get(
      "/experiments/{id}/keys", keys,
      {.action = "experiment.read", .summary = "Metrics and params that its newest ?runs= report"});
}

}  // namespace slipway::wire::api
