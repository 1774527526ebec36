// SPDX-License-Identifier: Apache-2.0
#include "wire/api/overview.h"

#include <algorithm>

#include "base/text.h"
#include "endpoint.h"
#include "messages_overview.h"
#include "monitor/monitor.h"
#include "registry/history.h"
#include "registry/registry.h"
#include "serving/endpoints.h"

namespace slipway::wire::api {
namespace {

using monitor::Alert;
using serving::EndpointView;
using serving::RouteState;
using serving::RouteView;

constexpr std::size_t kTimeline = 100;
constexpr std::size_t kModels = 50;         // whose history is read: those changed last
constexpr std::size_t kAlertsOfOne = 1000;  // counted at an endpoint

std::string page_of_endpoint(const std::string& name) {
  return "/endpoints/" + percent_encode(name);
}

std::string page_of_version(const std::string& model, std::int64_t version) {
  const auto page = "/models/" + percent_encode(model);
  return version == 0 ? page : page + "/versions/" + std::to_string(version);
}

// What answers most of the requests.
const RouteView* champion_of(const EndpointView& view) {
  const RouteView* out = nullptr;
  for (const auto& route : view.routes) {
    if (route.spec.shadow) continue;
    if (out == nullptr || route.spec.weight > out->spec.weight) out = &route;
  }
  return out;
}

void add_numbers(OverviewEndpointJson& out, const EndpointView& view) {
  for (const auto& stats : view.stats) {
    out.requests_per_s += stats.requests_per_s;
    const bool champion = stats.model == out.model && stats.version == out.champion_version;
    if (champion && stats.latency.count() > 0) out.p99_ms.emplace(stats.latency.quantile_ms(0.99));
  }
}

struct Watch {
  std::vector<Alert> alerts;  // open or acknowledged
  std::optional<monitor::DriftReport> report;
};

Result<Watch> watch_of(monitor::Monitor& monitor, const OverviewEndpointJson& endpoint) {
  Watch out;
  SW_TRY(auto alerts, monitor.alerts().list({.state = monitor::AlertState::open,
                                             .endpoint = endpoint.name,
                                             .unresolved = true,
                                             .page = {.size = kAlertsOfOne}}));
  out.alerts = std::move(alerts.items);
  SW_TRY(auto reports, monitor.reports(endpoint.name, endpoint.champion_version, {.size = 1}));
  if (!reports.items.empty() && reports.items[0].error.empty()) out.report = reports.items[0];
  return out;
}

// The worst that is known, and why.
void judge(OverviewEndpointJson& out, const EndpointView& view, const Watch& watch) {
  out.health = "green";
  out.reason = "answering, nothing wrong is known";
  for (const auto& alert : watch.alerts) {
    if (alert.state != monitor::AlertState::acknowledged) continue;
    out.health = "amber";
    out.reason = "acknowledged: " + alert.message;
  }
  const auto* champion = champion_of(view);
  for (const auto& route : view.routes) {
    if (route.state != RouteState::failed || &route == champion) continue;
    out.health = "amber";
    out.reason = "version " + route.version + " cannot be loaded: " + route.error;
  }
  for (const auto& alert : watch.alerts) {
    if (alert.state != monitor::AlertState::open) continue;
    out.health = "red";
    out.reason = alert.message;
    break;
  }
  if (champion == nullptr || champion->state != RouteState::ready) {
    out.health = champion != nullptr && champion->state == RouteState::loading ? "amber" : "red";
    out.reason = champion == nullptr ? "no version answers"
                 : champion->error.empty()
                     ? "version " + champion->version + " is being loaded"
                     : "version " + champion->version + " does not answer: " + champion->error;
  }
}

Result<OverviewEndpointJson> describe(const OverviewParts& parts, const EndpointView& view) {
  OverviewEndpointJson out{.name = view.spec.name};
  if (const auto* champion = champion_of(view)) {
    out.model = champion->spec.model;
    out.champion_version = champion->version;
  }
  add_numbers(out, view);
  SW_TRY(const auto watch, watch_of(parts.monitor, out));
  SW_TRY(const auto settings, parts.monitor.settings(out.name));
  out.open_alerts = static_cast<std::int64_t>(watch.alerts.size());
  if (settings.enabled) out.drift_threshold.emplace(settings.drift_threshold);
  if (watch.report) out.drift_share.emplace(watch.report->drift_share);
  judge(out, view, watch);
  if (parts.rollout) {
    if (const auto rollout = parts.rollout(out.name)) {
      out.rollout.emplace(OverviewRolloutJson{rollout->id, rollout->challenger, rollout->weight});
    }
  }
  return out;
}

std::string sentence_of(const registry::Change& change) {
  std::string out = change.action;
  const auto version = "version " + std::to_string(change.version);
  if (change.action == "alias.set") {
    // "champion=7": the alias and what it names.
    const auto alias = change.to.substr(0, change.to.find('='));
    out = alias.empty() ? "the alias of " + version + " was removed" : version + " is now " + alias;
  } else if (change.action == "stage.set") {
    out = version + " went from " + change.from + " to " + change.to;
  } else if (change.action == "version.created") {
    out = version + " was registered";
  } else if (change.action == "rollout.started" || change.action == "rollout.step") {
    out = version + " gets " + change.to + " of the traffic";
  } else if (change.action == "rollout.promoted") {
    out = version + " was promoted";
  } else if (change.action == "rollout.rolled_back") {
    out = version + " was rolled back";
  } else if (change.action == "model.created") {
    out = "the model was registered";
  } else {
    if (change.version != 0) out += ", " + version;
    if (!change.to.empty()) out += ": " + change.to;
  }
  if (!change.reason.empty()) out += " (" + change.reason + ")";
  return out;
}

Result<void> add_history(std::vector<Happening>& out, registry::Registry& registry) {
  registry::Search newest;
  newest.order = {{.entity = "attribute", .key = "last_updated_timestamp", .ascending = false}};
  newest.page.size = kModels;
  SW_TRY(const auto models, registry.search(newest));
  for (const auto& model : models.items) {
    SW_TRY(const auto changes, registry.history().of(model.name, 0, {.size = kTimeline}));
    for (const auto& change : changes.items) {
      if (change.action.find("tag") != std::string::npos) continue;  // too small to be told
      out.push_back({change.at, change.action, model.name, model.name + ": " + sentence_of(change),
                     page_of_version(model.name, change.version)});
    }
  }
  return {};
}

Result<void> add_alerts(std::vector<Happening>& out, monitor::Monitor& monitor) {
  SW_TRY(const auto alerts, monitor.alerts().list({.page = {.size = kTimeline}}));
  for (const auto& alert : alerts.items) {
    const auto page = page_of_endpoint(alert.endpoint);
    out.push_back({alert.opened, "alert.opened", alert.endpoint,
                   alert.endpoint + ": " + alert.message, page});
    if (alert.closed) {
      const auto by = alert.closed_by.empty() ? "" : " by " + alert.closed_by;
      out.push_back(
          {*alert.closed, "alert.closed", alert.endpoint,
           alert.endpoint + ": the " + std::string(name_of(alert.kind)) + " alert was closed" + by,
           page});
    }
    if (!alert.execution_id.empty()) {
      out.push_back({alert.opened, "retraining.started", alert.endpoint,
                     alert.endpoint + ": the alert started a retraining",
                     "/executions/" + percent_encode(alert.execution_id)});
    }
  }
  return {};
}

Result<OverviewJson> overview(const OverviewParts& parts, const net::Request&) {
  OverviewJson out;
  for (const auto& view : parts.endpoints.list()) {
    SW_TRY(auto endpoint, describe(parts, view));
    out.endpoints.push_back(std::move(endpoint));
  }
  std::vector<Happening> all;
  SW_CHECK_OK(add_history(all, parts.registry));
  SW_CHECK_OK(add_alerts(all, parts.monitor));
  for (const auto& more : parts.happenings) {
    for (auto& one : more(kTimeline)) all.push_back(std::move(one));
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.at > b.at; });
  if (all.size() > kTimeline) all.resize(kTimeline);
  for (auto& one : all) {
    out.timeline.push_back({to_rfc3339(one.at), std::move(one.kind), std::move(one.subject),
                            std::move(one.text), std::move(one.link)});
  }
  return out;
}

}  // namespace

void add_overview_routes(net::Router& router, OverviewParts parts) {
  auto kept = std::make_shared<const OverviewParts>(std::move(parts));
  router.add({.method = net::Method::get,
              .pattern = "/api/v1/overview",
              .wire = "api",
              .action = "overview.read",
              .summary = "What is in production, how it does, and what happened",
              .response_schema = json::schema<OverviewJson>(),
              .handler = [kept](const net::Request& request) {
                const auto result = overview(*kept, request);
                if (!result) return problem(request, result.error());
                return net::Response::json(200, json::dump(*result));
              }});
}

}  // namespace slipway::wire::api
