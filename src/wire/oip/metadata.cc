// SPDX-License-Identifier: Apache-2.0
// Health, metadata and the repository index of the Open Inference Protocol.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "errors.h"
#include "wire/oip/routes.h"

namespace slipway::wire::oip {
namespace {

using serving::Endpoints;
using serving::EndpointView;
using serving::RouteState;
using serving::TensorSpec;

bool is_ready(const EndpointView& endpoint) {
  return std::any_of(endpoint.routes.begin(), endpoint.routes.end(), [](const auto& route) {
    return !route.spec.shadow && route.state == RouteState::ready;
  });
}

std::vector<std::string> versions_of(const EndpointView& endpoint) {
  std::vector<std::string> out;
  for (const auto& route : endpoint.routes) {
    if (route.state != RouteState::ready) continue;
    if (std::find(out.begin(), out.end(), route.version) == out.end()) out.push_back(route.version);
  }
  return out;
}

void append_specs(std::string& out, const std::vector<TensorSpec>& specs) {
  out += '[';
  for (std::size_t i = 0; i < specs.size(); ++i) {
    out += i == 0 ? "{\"name\":" : ",{\"name\":";
    append_json_string(out, specs[i].name);
    out += ",\"datatype\":\"";
    out += serving::name_of(specs[i].dtype);
    out += "\",\"shape\":" + serving::text_of(specs[i].shape) + "}";
  }
  out += ']';
}

net::Response describe(Endpoints& endpoints, const net::Request& request) {
  const auto endpoint = endpoints.get(request.param("name"));
  if (!endpoint) return render(request, endpoint.error());
  const auto target = endpoints.pick(request.param("name"), request.param("version"));
  if (!target) return render(request, target.error());
  std::string out = "{\"name\":";
  append_json_string(out, target->endpoint());
  out += ",\"versions\":[";
  auto versions =
      request.param("version").empty() ? versions_of(*endpoint) : std::vector{target->version()};
  for (std::size_t i = 0; i < versions.size(); ++i) {
    if (i != 0) out += ',';
    append_json_string(out, versions[i]);
  }
  out += "],\"platform\":";
  append_json_string(out, target->platform());
  out += ",\"inputs\":";
  append_specs(out, target->signature().inputs);
  out += ",\"outputs\":";
  append_specs(out, target->signature().outputs);
  out += '}';
  return net::Response::json(200, std::move(out));
}

net::Response model_ready(Endpoints& endpoints, const net::Request& request) {
  const auto target = endpoints.pick(request.param("name"), request.param("version"));
  if (!target) return render(request, target.error());
  return net::Response::text(200, "");
}

net::Response index(Endpoints& endpoints) {
  std::string out = "[";
  const auto add = [&](const std::string& name, const std::string& version, const char* state,
                       const std::string& reason) {
    out += out.size() == 1 ? "{\"name\":" : ",{\"name\":";
    append_json_string(out, name);
    out += ",\"version\":";
    append_json_string(out, version);
    out += std::string(",\"state\":\"") + state + "\",\"reason\":";
    append_json_string(out, reason);
    out += '}';
  };
  for (const auto& endpoint : endpoints.list()) {
    for (const auto& route : endpoint.routes) {
      const char* state = route.state == RouteState::ready     ? "READY"
                          : route.state == RouteState::loading ? "LOADING"
                                                               : "UNAVAILABLE";
      add(endpoint.spec.name, route.version, state, route.error);
    }
  }
  return net::Response::json(200, out + "]");
}

}  // namespace

void add_metadata_routes(net::Router& router, Endpoints& endpoints,
                         const std::string& server_version) {
  const auto add = [&](net::Method method, const char* pattern, const char* summary,
                       net::Handler handler) {
    router.add({.method = method,
                .pattern = pattern,
                .wire = "oip",
                .action = "endpoint.read",
                .summary = summary,
                .handler = std::move(handler)});
  };
  router.render_errors("/v2", render);
  std::string server = "{\"name\":\"slipway\",\"version\":";
  append_json_string(server, server_version);
  server += ",\"extensions\":[\"binary_tensor_data\",\"classification\",\"parameters\"]}";
  add(net::Method::get, "/v2", "What this inference server offers",
      [server](const net::Request&) { return net::Response::json(200, server); });
  add(net::Method::get, "/v2/health/live", "Liveness for inference clients",
      [](const net::Request&) { return net::Response::text(200, ""); });
  add(net::Method::get, "/v2/health/ready", "Ready when every endpoint has a version that answers",
      [&endpoints](const net::Request&) {
        const auto all = endpoints.list();
        const bool ready = std::all_of(all.begin(), all.end(), is_ready);
        return net::Response::text(ready ? 200 : 503, "");
      });
  for (const char* prefix : {"/v2/models/{name}", "/v2/models/{name}/versions/{version}"}) {
    add(net::Method::get, prefix, "Inputs, outputs and versions of an endpoint",
        [&endpoints](const net::Request& request) { return describe(endpoints, request); });
    add(net::Method::get, (std::string(prefix) + "/ready").c_str(), "Is the endpoint ready",
        [&endpoints](const net::Request& request) { return model_ready(endpoints, request); });
  }
  add(net::Method::post, "/v2/repository/index", "Endpoints and their versions",
      [&endpoints](const net::Request&) { return index(endpoints); });
}

}  // namespace slipway::wire::oip
