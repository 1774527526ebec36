// SPDX-License-Identifier: Apache-2.0
// Business events of an endpoint: taken in, and read back by version.
#include "monitor/business.h"

#include <cmath>
#include <memory>

#include "domain/name.h"
#include "endpoint.h"
#include "json/value.h"
#include "monitor/monitor.h"
#include "serving/endpoints.h"
#include "wire/api/routes.h"

namespace slipway::wire::api {
namespace {

constexpr std::size_t kMostEvents = 100'000;
constexpr std::size_t kBodyLimit = std::size_t{32} << 20;

struct Service {
  monitor::Monitor& monitor;
  serving::Endpoints& endpoints;
};

Result<void> read_optional(const json::value& item, const std::string& where,
                           monitor::BusinessEvent& out) {
  if (const auto* id = json::find(item, "id"); id != nullptr && !id->is_null()) {
    if (!id->is_string() || id->get_string().empty() || id->get_string().size() > 512) {
      return invalid(where + ".id: expected a text of 1 to 512 bytes");
    }
    out.id = std::string(id->get_string());
  }
  if (const auto* value = json::find(item, "value"); value != nullptr && !value->is_null()) {
    if (!value->is_number() || !std::isfinite(value->to_number<double>())) {
      return invalid(where + ".value: expected a number, got " +
                     std::string(json::kind_of(*value)));
    }
    out.value = value->to_number<double>();
  }
  if (const auto* at = json::find(item, "at"); at != nullptr && !at->is_null()) {
    const auto time =
        at->is_string() ? parse_rfc3339(at->get_string()) : Result<Timestamp>(invalid("no text"));
    if (!time) return invalid(where + ".at: expected a time, such as 2026-03-01T12:00:00Z");
    out.at = *time;
  }
  return {};
}

Result<monitor::BusinessEvent> event_of(const json::value& item, const std::string& where) {
  if (!item.is_object()) {
    return invalid(where + ": expected an object, got " + std::string(json::kind_of(item)));
  }
  for (const auto& [key, value] : item.get_object()) {
    const std::string_view name = key;
    if (name == "request_id" || name == "event" || name == "id" || name == "value" ||
        name == "at") {
      continue;
    }
    return invalid(where + ": unknown field '" + std::string(name) + "'",
                   "known: request_id, event, value, id, at");
  }
  monitor::BusinessEvent out;
  const auto request = json::text_at(item, "request_id");
  if (!request || request->empty() || request->size() > 512) {
    return invalid(where + ".request_id: expected a text of 1 to 512 bytes");
  }
  out.request_id = *request;
  out.event = json::text_at(item, "event").value_or("");
  if (!is_plain_name(out.event)) {
    return invalid(where + ".event: expected a name of 1 to 100 letters, digits, '_', '.' and '-'",
                   "conversion, revenue ..");
  }
  SW_CHECK_OK(read_optional(item, where, out));
  return out;
}

Result<std::string> endpoint_of(Service& service, const net::Request& request) {
  SW_TRY(const auto view, service.endpoints.get(request.param("name")));
  return view.spec.name;
}

Result<net::Response> post(Service& service, const net::Request& request) {
  SW_TRY(const auto name, endpoint_of(service, request));
  SW_TRY(const auto parsed, json::parse_value(request.body));
  SW_TRY(const auto items, items_of(parsed, "{\"request_id\", \"event\", \"value\"}", kMostEvents));
  std::vector<monitor::BusinessEvent> events;
  for (const auto& item : *items) {
    SW_TRY(auto event, event_of(item, "$.items[" + std::to_string(events.size()) + "]"));
    events.push_back(std::move(event));
  }
  SW_TRY(const auto answer, service.monitor.take_events(name, events));
  return net::Response::json(200, json::dump_value(json::object{{"accepted", answer.accepted},
                                                                {"waiting", answer.waiting},
                                                                {"repeated", answer.repeated}}));
}

// Rates and means are of recorded predictions; null while there are none.
json::object sums_json(const monitor::BusinessSums& sums, std::int64_t predictions) {
  const auto n = static_cast<double>(predictions);
  const auto over = [&](double x) { return predictions > 0 ? json::value(x / n) : json::value(); };
  return {{"event", sums.event},
          {"events", sums.events},
          {"requests", sums.requests},
          {"value", sums.value},
          {"rate", over(static_cast<double>(sums.requests))},
          {"value_per_prediction", over(sums.value)}};
}

Result<net::Response> get(Service& service, const net::Request& request) {
  SW_TRY(const auto name, endpoint_of(service, request));
  Timestamp since{0};
  if (const auto given = request.query_value("since"); given && !given->empty()) {
    const auto time = parse_rfc3339(*given);
    if (!time) {
      return invalid("the query parameter 'since' is '" + *given + "'",
                     "write it as 2026-03-01T12:00:00Z");
    }
    since = *time;
  }
  SW_TRY(const auto found, service.monitor.business(name, since));
  json::array items;
  for (const auto& one : found) {
    json::array events;
    for (const auto& sums : one.events) events.push_back(sums_json(sums, one.predictions));
    items.push_back(json::object{{"model", one.model},
                                 {"version", one.version},
                                 {"predictions", one.predictions},
                                 {"events", std::move(events)}});
  }
  return net::Response::json(200, json::dump_value(json::object{{"items", std::move(items)}}));
}

}  // namespace

void add_business_routes(net::Router& router, monitor::Monitor& monitor,
                         serving::Endpoints& endpoints) {
  Endpoints at{router, std::make_shared<Service>(Service{monitor, endpoints})};
  const std::string path = "/endpoints/{name}/events";
  at.post(path, post,
          {.action = "endpoint.write",
           .summary = "Business events of requests: conversion, revenue ..",
           .body_limit = kBodyLimit});
  at.get(path, get,
         {.action = "endpoint.read", .summary = "Business events by the version that answered"});
}

}  // namespace slipway::wire::api
