// SPDX-License-Identifier: Apache-2.0
// The suite that an endpoint's requests are held against.
#include "monitor/expectations.h"

#include <memory>

#include "endpoint.h"
#include "json/value.h"
#include "monitor/monitor.h"
#include "serving/endpoints.h"
#include "wire/api/routes.h"

namespace slipway::wire::api {
namespace {

struct Service {
  monitor::Monitor& monitor;
  serving::Endpoints& endpoints;
};

constexpr std::size_t kMostSuite = std::size_t{2} << 20;

// What counts for the next verdict.
json::object window_of(const monitor::Expected& e) {
  return {
      {"rows", e.window_rows},
      {"broken", e.window_broken},
      {"since", e.window_since ? json::value(to_rfc3339(*e.window_since)) : json::value(nullptr)}};
}

net::Response document(const monitor::Expected& e) {
  json::array rules;
  for (const auto& rule : e.rules) {
    rules.push_back(json::object{{"rule", rule.rule},
                                 {"line", rule.line},
                                 {"on_request", expectation::name_of(rule.action)},
                                 {"broken", rule.broken}});
  }
  json::array recent;
  for (const auto& broken : e.recent) {
    recent.push_back(json::object{{"at", to_rfc3339(broken.at)},
                                  {"request_id", broken.request_id},
                                  {"row", broken.row},
                                  {"rule", broken.rule},
                                  {"found", broken.found},
                                  {"on_request", expectation::name_of(broken.action)}});
  }
  return net::Response::json(200, json::dump_value(json::object{{"suite", e.suite},
                                                                {"set_by", e.set_by},
                                                                {"set_at", to_rfc3339(e.set_at)},
                                                                {"rows", e.rows},
                                                                {"broken", e.broken},
                                                                {"refused", e.refused},
                                                                {"window", window_of(e)},
                                                                {"rules", std::move(rules)},
                                                                {"recent", std::move(recent)}}));
}

Result<std::string> endpoint_of(Service& service, const net::Request& request) {
  SW_TRY(const auto view, service.endpoints.get(request.param("name")));
  return view.spec.name;
}

Result<net::Response> get(Service& service, const net::Request& request) {
  SW_TRY(const auto name, endpoint_of(service, request));
  SW_TRY(const auto found, service.monitor.expectations().get(name));
  return document(found);
}

Result<net::Response> put(Service& service, const net::Request& request) {
  SW_TRY(const auto name, endpoint_of(service, request));
  auto& expectations = service.monitor.expectations();
  SW_CHECK_OK(expectations.set(name, request.body, request.principal));
  SW_TRY(const auto found, expectations.get(name));
  return document(found);
}

Result<net::Response> remove(Service& service, const net::Request& request) {
  SW_TRY(const auto name, endpoint_of(service, request));
  SW_CHECK_OK(service.monitor.expectations().get(name));
  SW_CHECK_OK(service.monitor.expectations().remove(name));
  return net::Response::json(200, "{}");
}

}  // namespace

void add_expectation_routes(net::Router& router, monitor::Monitor& monitor,
                            serving::Endpoints& endpoints) {
  Endpoints at{router, std::make_shared<Service>(Service{monitor, endpoints})};
  const std::string path = "/endpoints/{name}/expectations";
  at.get(path, get,
         {.action = "endpoint.read", .summary = "What requests should be like, and what broke it"});
  at.put(path, put,
         {.action = "endpoint.write",
          .summary = "Hold requests against a suite (YAML)",
          .body_limit = kMostSuite});
  at.del(path, remove, {.action = "endpoint.write", .summary = "Hold requests against nothing"});
}

}  // namespace slipway::wire::api
