// SPDX-License-Identifier: Apache-2.0
#include "wire/alertmanager/routes.h"

#include "errors.h"
#include "json/value.h"
#include "message.h"

namespace slipway::wire::alertmanager {
namespace {

constexpr std::size_t kBodyLimit = std::size_t{4} << 20;

Result<net::Response> receive(pipeline::Hooks& hooks, const net::Request& request) {
  const auto& name = request.param("name");
  const auto secret = hooks.secret(name);
  const bool there = secret.ok() || secret.error().code != Code::not_found;
  if (there && !secret) return secret.error();
  // One answer for a wrong name and a wrong secret: names are nobody's business.
  if (!knows(request.headers, request.body, secret ? *secret : std::string())) {
    return Error{Code::unauthenticated, "this hook wants its secret",
                 "as bearer token, password, or signature of the body"};
  }
  SW_TRY(const auto message, message_of(request.body));
  SW_TRY(const auto outcomes, hooks.fire(name, "alertmanager", message.firing));
  json::array items;
  for (const auto& outcome : outcomes) {
    items.push_back(json::object{
        {"alert", outcome.key},
        {"started", outcome.started},
        {"execution_id",
         outcome.execution_id.empty() ? json::value(nullptr) : json::value(outcome.execution_id)},
        {"note", outcome.note}});
  }
  return net::Response::json(200, json::dump_value(json::object{{"items", std::move(items)},
                                                                {"resolved", message.resolved}}));
}

}  // namespace

void add_routes(net::Router& router, pipeline::Hooks& hooks) {
  router.add({.method = net::Method::post,
              .pattern = "/api/v1/hooks/{name}/alerts",
              .wire = "alertmanager",
              .action = "pipeline.run",
              .summary = "Webhook of Alertmanager or Grafana: starts the hook's pipeline",
              .handler =
                  [&hooks](const net::Request& request) {
                    auto answer = receive(hooks, request);
                    return answer ? *std::move(answer) : refuse(answer.error());
                  },
              .body_limit = kBodyLimit});
}

}  // namespace slipway::wire::alertmanager
