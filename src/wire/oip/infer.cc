// SPDX-License-Identifier: Apache-2.0
// POST /v2/models/NAME[/versions/V]/infer
#include <utility>

#include "answer.h"
#include "base/recycle.h"
#include "base/text.h"
#include "errors.h"
#include "request.h"
#include "service.h"

namespace slipway::wire::oip {
namespace {

using RequestPtr = std::shared_ptr<const net::Request>;
using ReplyPtr = std::shared_ptr<net::Reply>;
using ServicePtr = std::shared_ptr<Service>;

Result<std::optional<std::size_t>> json_size_of(const net::Request& request) {
  const auto text = request.headers.get("inference-header-content-length");
  if (text.empty()) return std::optional<std::size_t>();
  const auto size = parse_int(text);
  if (!size || *size < 0) {
    return invalid("Inference-Header-Content-Length '" + std::string(text.substr(0, 40)) +
                   "' is not a number of bytes");
  }
  return std::optional(static_cast<std::size_t>(*size));
}

Result<InferBody> decode(const Service& service, const RequestPtr& request,
                         const serving::Target& target) {
  SW_TRY(const auto json_size, json_size_of(*request));
  SW_TRY(auto body, parse_infer(request->body, json_size, request, &service.regions));
  SW_CHECK_OK(check_outputs(target.signature(), body));
  return body;
}

void infer(const ServicePtr& service, const RequestPtr& request, const ReplyPtr& reply) {
  const HeaderCaller caller(request->headers);
  auto target = service->endpoints.pick(request->param("name"), request->param("version"), &caller);
  if (!target) return reply->send(render(*request, target.error()));
  auto body = decode(*service, request, *target);
  if (!body) {
    target->reject(body.error());
    return reply->send(render(*request, body.error()));
  }
  if (body->sequence != nullptr && request->param("version").empty()) {
    target = target->follow(*body->sequence);
  }
  auto call = call_of(*body, *request, 0, reply->cancellation());
  auto shared = make_recycled<const InferBody>(*std::move(body));
  target->infer(std::move(call), [service, request, reply, shared, target = *target](auto answer) {
    if (!answer) return reply->send(render(*request, answer.error()));
    auto response =
        write_answer({*shared, target.endpoint(), target.version(), *answer, service->regions});
    reply->send(response ? *std::move(response) : render(*request, response.error()));
  });
}

}  // namespace

void add_inference_routes(net::Router& router, const ServicePtr& service) {
  const auto handle = [service](RequestPtr request, ReplyPtr reply) {
    if (request->body.size() <= kDecodedAtOnce) return infer(service, request, reply);
    const bool posted =
        service->decoders.post([service, request, reply] { infer(service, request, reply); });
    if (!posted) {
      reply->send(render(*request, exhausted("too many large requests wait", "retry later")));
    }
  };
  for (const char* pattern :
       {"/v2/models/{name}/infer", "/v2/models/{name}/versions/{version}/infer"}) {
    router.add({.method = net::Method::post,
                .pattern = pattern,
                .wire = "oip",
                .action = "endpoint.invoke",
                .summary = "Predict (Open Inference Protocol v2)",
                .async = handle});
  }
}

}  // namespace slipway::wire::oip
