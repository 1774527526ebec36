// SPDX-License-Identifier: Apache-2.0
// Monitoring: settings, labels, drift reports, quality, alerts and references.
#include "monitor/monitor.h"

#include <limits>
#include <memory>
#include <utility>

#include "base/text.h"
#include "endpoint.h"
#include "json/value.h"
#include "monitor/documents.h"
#include "registry/registry.h"
#include "serving/endpoints.h"
#include "wire/api/routes.h"

namespace slipway::wire::api {
namespace {

struct Service {
  monitor::Monitor& monitor;
  serving::Endpoints& endpoints;
  registry::Registry& registry;
};

constexpr std::size_t kMostLabels = 100'000;

net::Response document(std::string body) {
  return net::Response::json(200, std::move(body));
}

template <class T>
net::Response list_of(const Page<T>& page, std::string (*render)(const T&)) {
  std::string out = "{\"items\":[";
  for (std::size_t i = 0; i < page.items.size(); ++i) {
    if (i != 0) out += ',';
    out += render(page.items[i]);
  }
  out += "],\"next_page_token\":";
  append_json_string(out, page.next_token);
  return document(out + "}");
}

// The endpoint of the path, if there is one of that name.
Result<std::string> endpoint_of(Service& service, const net::Request& request) {
  const auto& name = request.param("name");
  SW_TRY(const auto view, service.endpoints.get(name));
  return view.spec.name;
}

// ?limit= is the short way to say ?page_size=.
Result<PageRequest> limit_of(const net::Request& request) {
  SW_TRY(auto page, page_of(request));
  SW_TRY(const auto limit,
         int_query(request, "limit", static_cast<std::int64_t>(page.size), 1, 1000));
  page.size = static_cast<std::size_t>(limit);
  return page;
}

Result<net::Response> settings(Service& service, const net::Request& request) {
  SW_TRY(const auto name, endpoint_of(service, request));
  SW_TRY(const auto found, service.monitor.settings(name));
  return document(monitor::settings_to_json(found, false));
}

Result<net::Response> set_settings(Service& service, const net::Request& request) {
  SW_TRY(const auto name, endpoint_of(service, request));
  SW_TRY(const auto changed, service.monitor.set_settings(name, request.body));
  return document(monitor::settings_to_json(changed, false));
}

// The outcome as text, comparable with what a model answers.
Result<std::string> label_text(const json::value* label, const std::string& where) {
  if (label == nullptr || label->is_null()) {
    return invalid(where + ".label: missing",
                   "give the outcome as a number, a string or a boolean");
  }
  if (label->is_string()) return std::string(label->get_string());
  if (label->is_bool()) return std::string(label->get_bool() ? "1" : "0");
  if (label->is_number()) return number_text(label->to_number<double>());
  return invalid(where + ".label: expected a number, a string or a boolean, got " +
                 std::string(json::kind_of(*label)));
}

Result<std::vector<monitor::Label>> labels_of(const std::string& body) {
  SW_TRY(const auto parsed, json::parse_value(body));
  SW_TRY(const auto items, items_of(parsed, "{\"request_id\", \"label\"}", kMostLabels));
  std::vector<monitor::Label> out;
  for (const auto& item : *items) {
    const std::string where = "$.items[" + std::to_string(out.size()) + "]";
    const auto id = json::text_at(item, "request_id");
    if (!id || id->empty() || id->size() > 512) {
      return invalid(where + ".request_id: expected a text of 1 to 512 bytes");
    }
    SW_TRY(auto text, label_text(json::find(item, "label"), where));
    if (text.size() > 1024) return invalid(where + ".label: longer than 1024 bytes");
    out.push_back({*id, std::move(text)});
  }
  return out;
}

Result<net::Response> feedback(Service& service, const net::Request& request) {
  SW_TRY(const auto name, endpoint_of(service, request));
  SW_TRY(const auto labels, labels_of(request.body));
  SW_TRY(const auto answer, service.monitor.feedback(name, labels));
  return document("{\"accepted\":" + std::to_string(answer.accepted) +
                  ",\"unknown\":" + std::to_string(answer.unknown) +
                  ",\"waiting\":" + std::to_string(answer.waiting) + "}");
}

Result<net::Response> drift(Service& service, const net::Request& request) {
  SW_TRY(const auto name, endpoint_of(service, request));
  SW_TRY(const auto page, limit_of(request));
  SW_TRY(const auto found,
         service.monitor.reports(name, request.query_value("version").value_or(""), page));
  return list_of(found, monitor::report_json);
}

Result<net::Response> quality(Service& service, const net::Request& request) {
  SW_TRY(const auto name, endpoint_of(service, request));
  SW_TRY(const auto page, limit_of(request));
  SW_TRY(const auto found,
         service.monitor.quality(name, request.query_value("version").value_or(""), page));
  return list_of(found, monitor::quality_json);
}

// ?from= and ?to= are RFC 3339 times; without them everything counts.
Result<net::Response> profiles(Service& service, const net::Request& request) {
  SW_TRY(const auto name, endpoint_of(service, request));
  monitor::ProfileQuery query{.endpoint = name,
                              .version = request.query_value("version").value_or(""),
                              .to = {std::numeric_limits<std::int64_t>::max()}};
  for (const auto& [key, into] : {std::pair("from", &query.from), std::pair("to", &query.to)}) {
    const auto text = request.query_value(key);
    if (!text || text->empty()) continue;
    const auto at = parse_rfc3339(*text);
    if (!at) {
      return invalid("the query parameter '" + std::string(key) + "' is '" + *text + "'",
                     "write a time such as 2026-03-01T00:00:00Z");
    }
    *into = *at;
  }
  SW_TRY(auto found, service.monitor.profiles(query));
  return document(std::move(found));
}

Result<net::Response> alerts(Service& service, const net::Request& request) {
  monitor::Alerts::Query query{.endpoint = request.query_value("endpoint").value_or("")};
  SW_TRY(query.page, limit_of(request));
  const std::string state = request.query_value("state").value_or("");
  if (!state.empty()) {
    query.state = monitor::alert_state_named(state);
    if (!query.state) {
      return invalid("the query parameter 'state' is '" + state + "'",
                     "use open, acknowledged or closed");
    }
  }
  SW_TRY(const auto found, service.monitor.alerts().list(query));
  return list_of(found, monitor::alert_json);
}

Result<net::Response> alert(Service& service, const net::Request& request) {
  SW_TRY(const auto found, service.monitor.alerts().get(request.param("id")));
  return document(monitor::alert_json(found));
}

Result<net::Response> acknowledge(Service& service, const net::Request& request) {
  SW_TRY(const auto changed,
         service.monitor.alerts().acknowledge(request.param("id"), request.principal));
  return document(monitor::alert_json(changed));
}

Result<net::Response> close(Service& service, const net::Request& request) {
  auto& alerts = service.monitor.alerts();
  SW_TRY(const auto found, alerts.get(request.param("id")));
  SW_TRY(const auto watched, service.monitor.settings(found.endpoint));
  SW_TRY(const auto closed, alerts.close(found.id, request.principal, watched));
  return document(monitor::alert_json(closed));
}

Result<net::Response> silences(Service& service, const net::Request& request) {
  SW_TRY(const auto page, limit_of(request));
  SW_TRY(const auto found, service.monitor.silences().list(page));
  return list_of(found, monitor::silence_json);
}

Result<net::Response> silence(Service& service, const net::Request& request) {
  SW_TRY(auto wanted, monitor::silence_from_json(request.body, system_clock().now()));
  SW_TRY(const auto added, service.monitor.silences().add(std::move(wanted), request.principal));
  return net::Response::json(201, monitor::silence_json(added));
}

Result<net::Response> end_silence(Service& service, const net::Request& request) {
  SW_TRY(const auto ended, service.monitor.silences().end(request.param("id")));
  return document(monitor::silence_json(ended));
}

// The version of the path, if it exists.
Result<std::string> version_of(Service& service, const net::Request& request) {
  const auto number = parse_int(request.param("version"));
  if (!number) {
    return invalid("version '" + request.param("version") + "' is not a number");
  }
  SW_TRY(const auto found, service.registry.version({request.param("name"), *number}));
  return std::to_string(found.version);
}

Result<net::Response> reference(Service& service, const net::Request& request) {
  SW_TRY(const auto version, version_of(service, request));
  SW_TRY(const auto profile, service.monitor.reference(request.param("name"), version));
  return document(monitor::profile_json(profile));
}

Result<net::Response> set_reference(Service& service, const net::Request& request) {
  SW_TRY(const auto version, version_of(service, request));
  SW_TRY(const auto table, monitor::read_table(request.body));
  SW_TRY(const auto profile, service.monitor.set_reference(request.param("name"), version, table));
  return document(monitor::profile_json(profile));
}

}  // namespace

void add_monitor_routes(net::Router& router, monitor::Monitor& monitor,
                        serving::Endpoints& endpoints, registry::Registry& registry) {
  Endpoints at{router, std::make_shared<Service>(Service{monitor, endpoints, registry})};
  constexpr std::size_t kBodyLimit = std::size_t{32} << 20;
  const std::string one = "/endpoints/{name}";
  at.post(one + "/feedback", feedback,
          {.action = "endpoint.write",
           .summary = "Outcomes of predictions, by request id",
           .body_limit = kBodyLimit});
  at.get(one + "/monitor", settings,
         {.action = "endpoint.read", .summary = "How an endpoint is watched"});
  at.put(one + "/monitor", set_settings,
         {.action = "endpoint.write",
          .summary = "Change how an endpoint is watched",
          .body_limit = kBodyLimit});
  at.get(one + "/drift", drift,
         {.action = "endpoint.read", .summary = "Drift reports, newest first"});
  at.get(one + "/quality", quality,
         {.action = "endpoint.read", .summary = "Quality by outcomes, newest first"});
  at.get(one + "/profiles", profiles,
         {.action = "endpoint.read",
          .summary = "What the traffic looked like between two times, all windows merged"});
  at.get("/alerts", alerts, {.action = "alert.read", .summary = "Alerts, newest first"});
  at.get("/alerts/{id}", alert, {.action = "alert.read", .summary = "One alert"});
  at.post("/alerts/{id}/acknowledge", acknowledge,
          {.action = "alert.write", .summary = "Somebody has seen it", .body_limit = kBodyLimit});
  at.post("/alerts/{id}/close", close,
          {.action = "alert.write", .summary = "It is over", .body_limit = kBodyLimit});
  at.get("/silences", silences,
         {.action = "alert.read", .summary = "Hours in which nobody is told of alerts"});
  at.post("/silences", silence,
          {.action = "alert.write",
           .summary = "Tell nobody of alerts for a time",
           .body_limit = kBodyLimit});
  at.del("/silences/{id}", end_silence, {.action = "alert.write", .summary = "It ends now"});
  const std::string profile = "/models/{name}/versions/{version}/reference";
  at.get(profile, reference,
         {.action = "model.read", .summary = "The reference profile of a version"});
  at.put(profile, set_reference,
         {.action = "model.write",
          .summary = "Set it from CSV or JSON lines of training features",
          .body_limit = 256u << 20});
}

}  // namespace slipway::wire::api
