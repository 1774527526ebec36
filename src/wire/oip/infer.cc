// SPDX-License-Identifier: Apache-2.0
// POST /v2/models/NAME[/versions/V]/infer
#include <utility>

#include "answer.h"
#include "base/text.h"
#include "errors.h"
#include "request.h"
#include "wire/oip/routes.h"

namespace slipway::wire::oip {
namespace {

using RequestPtr = std::shared_ptr<const net::Request>;
using ReplyPtr = std::shared_ptr<net::Reply>;

// A body that decodes in less than about half a millisecond stays on the I/O thread.
constexpr std::size_t kDecodedAtOnce = 64 << 10;

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

Result<InferBody> decode(const RequestPtr& request, const serving::Target& target) {
  SW_TRY(const auto json_size, json_size_of(*request));
  SW_TRY(auto body, parse_infer(request->body, json_size, request));
  SW_CHECK_OK(check_outputs(target.signature(), body.outputs));
  return body;
}

void infer(const serving::Endpoints& endpoints, const RequestPtr& request, const ReplyPtr& reply) {
  auto target = endpoints.pick(request->param("name"), request->param("version"));
  if (!target) return reply->send(render(*request, target.error()));
  auto body = decode(request, *target);
  if (!body) {
    target->reject(body.error());
    return reply->send(render(*request, body.error()));
  }
  serving::Call call{.request_id = request->request_id,
                     .inputs = std::move(body->inputs),
                     .received_ns = request->received_ns};
  if (body->timeout_us > 0 && request->received_ns > 0) {
    call.deadline_ns = request->received_ns + body->timeout_us * 1000;
  }
  auto shared = std::make_shared<const InferBody>(*std::move(body));
  target->infer(std::move(call), [request, reply, shared, target = *target](auto answer) {
    if (!answer) return reply->send(render(*request, answer.error()));
    reply->send(write_answer(*shared, target.endpoint(), target.version(), *answer));
  });
}

}  // namespace

void add_inference_routes(net::Router& router, serving::Endpoints& endpoints, Pool& decoders) {
  const auto handle = [&endpoints, &decoders](RequestPtr request, ReplyPtr reply) {
    if (request->body.size() <= kDecodedAtOnce) return infer(endpoints, request, reply);
    const bool posted =
        decoders.post([&endpoints, request, reply] { infer(endpoints, request, reply); });
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
