// SPDX-License-Identifier: Apache-2.0
// /api/v1/batch: files through a version, and answers by key.
#include "endpoint.h"
#include "wire/api/routes.h"

namespace slipway::wire::api {
namespace {

using net::Request;
using net::Response;

Result<Response> start(Batch& batch, const Request& request) {
  SW_TRY(auto job, batch.start(request.body));
  return Response::json(202, std::move(job));
}

Result<Response> list(Batch& batch, const Request&) {
  SW_TRY(auto jobs, batch.list());
  return Response::json(200, std::move(jobs));
}

Result<Response> show(Batch& batch, const Request& request) {
  SW_TRY(auto job, batch.show(request.param("id")));
  return Response::json(200, std::move(job));
}

Result<Response> cancel(Batch& batch, const Request& request) {
  SW_TRY(auto job, batch.cancel(request.param("id")));
  return Response::json(200, std::move(job));
}

Result<Response> look_up(Batch& batch, const Request& request) {
  const auto target = request.query_value("target").value_or("");
  const auto key = request.query_value("key").value_or("");
  if (target.empty() || key.empty()) return invalid("target and key are needed: ?target=..&key=..");
  SW_TRY(auto answer, batch.look_up(target, key));
  return Response::json(200, std::move(answer));
}

}  // namespace

void add_batch_routes(net::Router& router, Batch batch) {
  Endpoints<Batch> at{router, std::make_shared<Batch>(std::move(batch))};
  at.post("/batch", start,
          {.action = "batch.write", .summary = "Start a batch prediction, or go on with one"});
  at.get("/batch", list, {.action = "batch.read", .summary = "Batch jobs, newest first"});
  at.get("/batch/{id}", show, {.action = "batch.read", .summary = "One job and how far it is"});
  at.del("/batch/{id}", cancel, {.action = "batch.write", .summary = "Stop a job"});
  at.get("/predictions", look_up,
         {.action = "batch.read", .summary = "A stored prediction by its key, with its age"});
}

}  // namespace slipway::wire::api
