// SPDX-License-Identifier: Apache-2.0
// Endpoints: what answers predictions, and with which versions.
#include "serving/endpoints.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/text.h"
#include "endpoint.h"
#include "graphs.h"
#include "messages_serving.h"
#include "served.h"
#include "wire/api/routes.h"

namespace slipway::wire::api {
namespace {

using serving::EndpointSpec;
using serving::EndpointView;
using serving::LatencySnapshot;
using serving::VersionStats;

struct Service {
  serving::Endpoints& endpoints;
  registry::Registry& registry;
  SetDriftThreshold set_drift_threshold;
};

// A version is a text, as MLflow has it, or a number.
Result<std::string> version_of(const json::Raw& raw, std::size_t route) {
  std::string_view text = raw.text;
  if (text == "null") return std::string();
  if (text.size() >= 2 && text.front() == '"') text = text.substr(1, text.size() - 2);
  if (const auto number = parse_int(text); !number || *number < 1) {
    return invalid("$.routes[" + std::to_string(route) + "].version: " + raw.text +
                   " is not the number of a version");
  }
  return std::string(text);
}

Result<EndpointSpec> spec_of(const EndpointBody& body) {
  EndpointSpec out{.name = body.name};
  SW_TRY(auto whole, graph_text(body.graph, "$.graph"));
  if (!whole.empty()) {
    if (!body.routes.empty()) {
      return invalid("$.graph and $.routes exclude each other", "a route may have a graph");
    }
    out.routes.push_back({.graph = std::move(whole)});
  }
  for (std::size_t i = 0; i < body.routes.size(); ++i) {
    const auto& route = body.routes[i];
    SW_TRY(auto version, version_of(route.version, i));
    out.routes.push_back({.model = route.model,
                          .alias = route.alias,
                          .version = std::move(version),
                          .weight = route.weight.value_or(100),
                          .shadow = route.shadow,
                          .header = route.header,
                          .header_value = route.header_value});
    SW_TRY(out.routes.back().graph,
           graph_text(route.graph, "$.routes[" + std::to_string(i) + "].graph"));
  }
  out.sticky = body.sticky.value_or("");
  out.cache_bytes = body.cache_bytes.value_or(0);
  out.sample_rate = body.sample_rate.value_or(out.sample_rate);
  if (body.timeout_ms) {
    if (*body.timeout_ms < 1 || *body.timeout_ms > 600'000) {
      return invalid("timeout_ms must be between 1 and 600000");
    }
    out.timeout_ms = static_cast<int>(*body.timeout_ms);
  }
  return out;
}

void add(LatencySnapshot& sum, const LatencySnapshot& one) {
  sum.counts.resize(std::max(sum.counts.size(), one.counts.size()));
  for (std::size_t i = 0; i < one.counts.size(); ++i) sum.counts[i] += one.counts[i];
}

VersionStatsJson to_wire(const VersionStats& stats) {
  VersionStatsJson out{.model = stats.model,
                       .version = stats.version,
                       .requests = static_cast<std::int64_t>(stats.requests),
                       .rows = static_cast<std::int64_t>(stats.rows),
                       .errors = static_cast<std::int64_t>(stats.errors),
                       .rejected = static_cast<std::int64_t>(stats.rejected),
                       .requests_per_s = stats.requests_per_s,
                       .shadowed = static_cast<std::int64_t>(stats.shadowed),
                       .shadow_errors = static_cast<std::int64_t>(stats.shadow_errors)};
  if (stats.latency.count() > 0) {
    out.p50_ms.emplace(stats.latency.quantile_ms(0.5));
    out.p99_ms.emplace(stats.latency.quantile_ms(0.99));
  }
  return out;
}

EndpointJson to_wire(const EndpointView& view) {
  EndpointJson out{.name = view.spec.name,
                   .sample_rate = view.spec.sample_rate,
                   .timeout_ms = view.spec.timeout_ms,
                   .cache_bytes = view.spec.cache_bytes,
                   .unloaded = view.spec.paused,
                   .created = to_rfc3339(view.created),
                   .updated = to_rfc3339(view.updated)};
  for (const auto& route : view.routes) {
    RouteJson json{.model = route.spec.model,
                   .weight = route.spec.weight,
                   .shadow = route.spec.shadow,
                   .state = std::string(serving::name_of(route.state)),
                   .loaded = route.loaded,
                   .memory_bytes = static_cast<std::int64_t>(route.memory_bytes)};
    if (!route.spec.alias.empty()) json.alias = route.spec.alias;
    if (!route.spec.header.empty()) json.header = route.spec.header;
    if (!route.spec.header.empty()) json.header_value = route.spec.header_value;
    if (!route.version.empty()) json.version = route.version;
    if (!route.error.empty()) json.error = route.error;
    if (!route.spec.graph.empty()) json.graph = route.spec.graph;
    out.routes.push_back(std::move(json));
  }
  if (!view.spec.sticky.empty()) out.sticky = view.spec.sticky;
  LatencySnapshot all;
  for (const auto& stats : view.stats) {
    out.stats.requests += static_cast<std::int64_t>(stats.requests);
    out.stats.errors += static_cast<std::int64_t>(stats.errors);
    out.stats.requests_per_s += stats.requests_per_s;
    add(all, stats.latency);
    out.stats.per_version.push_back(to_wire(stats));
  }
  if (all.count() > 0) {
    out.stats.p50_ms.emplace(all.quantile_ms(0.5));
    out.stats.p99_ms.emplace(all.quantile_ms(0.99));
  }
  return out;
}

Result<EndpointBody> read_body(const net::Request& request) {
  return json::parse<EndpointBody>(request.body, {.reject_unknown = true});
}

// The monitor of the endpoint is another room's; a value that it would refuse is refused before
// anything changes.
Result<void> check_threshold(const EndpointBody& body) {
  if (body.drift_threshold && !(*body.drift_threshold > 0 && *body.drift_threshold <= 1)) {
    return invalid("drift_threshold must be above 0 and at most 1");
  }
  return {};
}

Result<EndpointJson> create(Service& service, const net::Request& request) {
  SW_TRY(const auto body, read_body(request));
  SW_CHECK_OK(check_threshold(body));
  SW_TRY(const auto spec, spec_of(body));
  SW_TRY(const auto view, service.endpoints.create(spec, context_of(request).principal));
  if (body.drift_threshold && service.set_drift_threshold) {
    SW_CHECK_OK(service.set_drift_threshold(spec.name, *body.drift_threshold));
  }
  return to_wire(view);
}

Result<EndpointJson> update(Service& service, const net::Request& request) {
  SW_TRY(auto body, read_body(request));
  const auto& name = request.param("name");
  if (body.name.empty()) body.name = name;
  if (body.name != name) {
    return invalid("$.name is '" + body.name + "', the path says '" + name + "'",
                   "an endpoint cannot be renamed");
  }
  SW_CHECK_OK(check_threshold(body));
  SW_TRY(const auto before, service.endpoints.get(name));
  if (!body.sample_rate) body.sample_rate = before.spec.sample_rate;
  if (!body.timeout_ms) body.timeout_ms = before.spec.timeout_ms;
  if (!body.sticky) body.sticky = before.spec.sticky;
  if (!body.cache_bytes) body.cache_bytes = before.spec.cache_bytes;
  SW_TRY(auto spec, spec_of(body));
  spec.paused = before.spec.paused;
  SW_TRY(const auto view, service.endpoints.update(spec, context_of(request).principal));
  if (body.drift_threshold && service.set_drift_threshold) {
    SW_CHECK_OK(service.set_drift_threshold(name, *body.drift_threshold));
  }
  return to_wire(view);
}

Result<EndpointListJson> list(Service& service, const net::Request& request) {
  SW_TRY(const auto page, page_of(request));
  EndpointListJson out;
  for (const auto& view : service.endpoints.list()) {
    if (view.spec.name <= page.token) continue;  // by name, so the last name is the token
    if (out.items.size() == page.size) {
      out.next_page_token = out.items.back().name;
      break;
    }
    out.items.push_back(to_wire(view));
  }
  return out;
}

// With ?at=: what it served then, also when it is gone now.
Result<net::Response> show(Service& service, const net::Request& request) {
  if (const auto at = request.query_value("at")) {
    SW_TRY(const auto past,
           past_of_endpoints(service.registry, service.endpoints, request.param("name"), *at));
    return net::Response::json(200, json::dump(past));
  }
  SW_TRY(const auto view, service.endpoints.get(request.param("name")));
  return net::Response::json(200, json::dump(to_wire(view)));
}

Result<void> remove(Service& service, const net::Request& request) {
  return service.endpoints.remove(request.param("name"), context_of(request).principal);
}

}  // namespace

void add_endpoint_routes(net::Router& router, serving::Endpoints& endpoints,
                         registry::Registry& registry, SetDriftThreshold set_drift_threshold) {
  // The handlers keep it alive by the one route that owns it; all of them go with the router.
  auto service =
      std::make_shared<Service>(Service{endpoints, registry, std::move(set_drift_threshold)});
  const auto add = [&](net::Method method, const char* pattern, const char* action,
                       const char* summary, auto function, int status) {
    router.add(
        {.method = method,
         .pattern = pattern,
         .wire = "api",
         .action = action,
         .summary = summary,
         .handler =
             [service, function, status](const net::Request& request) {
               auto result = function(*service, request);
               if (!result) return problem(request, result.error());
               if constexpr (std::is_same_v<decltype(result), Result<void>>) {
                 net::Response out;
                 out.status = status;
                 return out;
               } else if constexpr (std::is_same_v<decltype(result), Result<net::Response>>) {
                 return *std::move(result);
               } else {
                 return net::Response::json(status, json::dump(*result));
               }
             },
         .body_limit = 1u << 20});
  };
  using net::Method;
  const char* one = "/api/v1/endpoints/{name}";
  add(Method::post, "/api/v1/endpoints", "endpoint.write", "Create an endpoint", create, 201);
  add(Method::get, "/api/v1/endpoints", "endpoint.read", "Endpoints with live statistics", list,
      200);
  add(Method::get, one, "endpoint.read",
      "One endpoint with live statistics; with ?at= what it served then", show, 200);
  add(Method::put, one, "endpoint.write", "Change an endpoint's routes at once", update, 200);
  add(Method::del, one, "endpoint.write", "Delete an endpoint", remove, 204);
}

}  // namespace slipway::wire::api
