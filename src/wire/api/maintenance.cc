// SPDX-License-Identifier: Apache-2.0
// /api/v1/backup and /api/v1/gc: long work, done by the caller's worker.
#include "endpoint.h"
#include "json/value.h"
#include "wire/api/routes.h"

namespace slipway::wire::api {
namespace {

Result<net::Response> back_up(Maintenance& maintenance, const net::Request& request) {
  SW_TRY(const auto in, json::parse_value(request.body.empty() ? "{}" : request.body));
  const auto path = json::text_at(in, "path");
  if (!path || !path->starts_with('/')) {
    return invalid("path: expected an absolute path on the server's machine");
  }
  SW_TRY(auto report, maintenance.back_up(*path));
  return net::Response::json(200, std::move(report));
}

Result<net::Response> collect_garbage(Maintenance& maintenance, const net::Request& request) {
  SW_TRY(auto report, maintenance.collect_garbage(request.body));
  return net::Response::json(200, std::move(report));
}

}  // namespace

void add_maintenance_routes(net::Router& router, Maintenance maintenance) {
  Endpoints<Maintenance> at{router, std::make_shared<Maintenance>(std::move(maintenance))};
  at.post("/backup", back_up,
          {.action = "platform.admin",
           .summary = "Back everything up into a folder of the server's machine"});
  at.post("/gc", collect_garbage,
          {.action = "platform.admin", .summary = "Remove for good what was deleted"});
}

}  // namespace slipway::wire::api
