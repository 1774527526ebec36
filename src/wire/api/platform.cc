// SPDX-License-Identifier: Apache-2.0
// Probes: is it up, and what is it.
#include "base/text.h"
#include "openapi.h"
#include "wire/api/routes.h"

namespace slipway::wire::api {

void add_platform_routes(net::Router& router, const std::string& version,
                         const ForeignVersion& foreign) {
  std::string about = "{\"name\":\"slipway\",\"version\":";
  append_json_string(about, version);
  about += "}";
  const auto answer = [&](const std::string& path, const std::string& summary, std::string body,
                          const ForeignVersion& other = {}) {
    router.add({.method = net::Method::get,
                .pattern = path,
                .wire = "api",
                .action = "platform.read",
                .summary = summary,
                .async = [body = std::move(body), other](const auto& request, const auto& reply) {
                  const auto plain = other ? other(*request) : std::nullopt;
                  reply->send(plain ? net::Response::text(200, *plain)
                                    : net::Response::json(200, body));
                }});
  };
  answer("/health", "200 once the platform is ready", R"({"status":"ok"})");
  answer("/version", "Name and version of this server", about, foreign);
  router.add({.method = net::Method::get,
              .pattern = "/api/v1/openapi.json",
              .wire = "api",
              .action = "platform.read",
              .summary = "This document",
              .handler = [&router, version](const net::Request&) {
                return net::Response::json(200, openapi(router, version));
              }});
}

}  // namespace slipway::wire::api
