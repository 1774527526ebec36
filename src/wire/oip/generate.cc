// SPDX-License-Identifier: Apache-2.0
// POST /v2/models/NAME[/versions/V]/generate and generate_stream: {"text_input": "..", input:
// value, .., "parameters": {..}} in, {"model_name", "model_version", "text_output": ..} out.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "errors.h"
#include "json/reader.h"
#include "pieces.h"
#include "service.h"
#include "serving/tensor_json.h"

namespace slipway::wire::oip {
namespace {

using json::Reader;
using serving::Tensor;
using serving::Tensors;
using RequestPtr = std::shared_ptr<const net::Request>;
using ReplyPtr = std::shared_ptr<net::Reply>;
using ServicePtr = std::shared_ptr<Service>;
using Outputs = Result<Tensors>;

// One value stands for a row of one; a list is a column of rows, or one row of what the input
// wants.
Result<Tensor> shaped(const Tensor& tensor, const serving::TensorSpec& spec) {
  const auto count = static_cast<std::int64_t>(tensor.count());
  std::int64_t fixed = 1;
  for (const auto n : spec.shape) fixed *= n < 0 ? 1 : n;
  serving::Shape shape;
  bool open = true;  // the first open dimension takes what is left
  for (const auto n : spec.shape) {
    if (n >= 0) {
      shape.push_back(n);
    } else {
      shape.push_back(open && fixed > 0 ? count / fixed : 1);
      open = false;
    }
  }
  if (serving::element_count(shape) != tensor.count()) {
    return invalid("'" + spec.name + "' takes shape " + serving::text_of(spec.shape) + ", got " +
                   std::to_string(count) + " values");
  }
  return tensor.reshaped(std::move(shape));
}

// Members that are inputs of the model; the others are for servers that know them.
Result<Tensors> inputs_of(const std::string& body, const serving::Signature& wanted) {
  Tensors out;
  Reader in(body);
  std::string_view key;
  if (in.peek() != Reader::Kind::object) return invalid("the body is not a JSON object");
  in.begin_object();
  while (in.next_key(key)) {
    const std::string name(key);
    const auto spec = std::find_if(wanted.inputs.begin(), wanted.inputs.end(),
                                   [&](const auto& each) { return each.name == name; });
    if (spec == wanted.inputs.end()) {
      in.skip();
      continue;
    }
    SW_TRY(const auto tensor, serving::read_tensor(in, name, spec->dtype));
    SW_TRY(auto fitting, shaped(tensor, *spec));
    out.push_back(std::move(fitting));
  }
  if (!in.finish()) return in.error();
  return out;
}

std::string head_of(const serving::Target& target) {
  std::string out = "{\"model_name\":";
  append_json_string(out, target.endpoint());
  out += ",\"model_version\":";
  append_json_string(out, target.version());
  return out;
}

std::string text_answer(const serving::Target& target, const std::string& piece) {
  std::string out = head_of(target) + ",\"text_output\":";
  append_json_string(out, text_in_piece(piece));
  return out + "}";
}

std::string answer_of(const serving::Target& target, const Tensors& outputs) {
  if (outputs.size() == 1 && outputs.front().name == serving::kBody) {
    return text_answer(target, outputs.front().texts().front());
  }
  std::string out = head_of(target);
  for (const auto& output : outputs) {
    out += ',';
    append_json_string(out, output.name);
    out += ':';
    if (output.count() == 1) {
      serving::append_element(out, output, 0);
    } else {
      serving::append_flat(out, output);
    }
  }
  return out + "}";
}

// Pieces as events, each an answer of its own.
class Events {
 public:
  Events(RequestPtr request, ReplyPtr reply, serving::Target target)
      : request_(std::move(request)), reply_(std::move(reply)), target_(std::move(target)) {}

  bool put(const std::string& answer) {
    if (stream_ == nullptr) {
      net::Response head;
      head.headers.add("content-type", "text/event-stream; charset=utf-8");
      head.headers.add("cache-control", "no-store");
      stream_ = reply_->start_stream(std::move(head));
    }
    return stream_->write("data: " + answer + "\n\n");
  }
  void end(const Outputs& answer) {
    if (!answer && stream_ == nullptr) return reply_->send(render(*request_, answer.error()));
    if (!answer) {
      std::string text = "{\"error\":";
      append_json_string(text, answer.error().message);
      put(text + "}");
    } else if (!answer->empty()) {
      put(answer_of(target_, *answer));  // of a model that answers at once
    }
    if (stream_ == nullptr) {
      put(head_of(target_) + ",\"text_output\":\"\"}");  // it had nothing to say
    }
    stream_->close();
  }
  const serving::Target& target() const { return target_; }

 private:
  const RequestPtr request_;
  const ReplyPtr reply_;
  const serving::Target target_;
  std::shared_ptr<net::Stream> stream_;
};

void generate(const ServicePtr& service, const RequestPtr& request, const ReplyPtr& reply,
              bool streamed) {
  const HeaderCaller caller(request->headers);
  auto target = service->endpoints.pick(request->param("name"), request->param("version"), &caller);
  if (!target) return reply->send(render(*request, target.error()));
  const auto& signature = target->signature();
  serving::Call call{.request_id = request->request_id,
                     .received_ns = request->received_ns,
                     .cancelled = reply->cancellation(),
                     .traceparent = request->traceparent};
  const bool whole = signature.only_bodies || signature.streams;
  if (whole) {
    auto body = scoring_body(request->body);
    if (!body) return reply->send(render(*request, body.error()));
    call.inputs.push_back(serving::Target::body("application/json", *std::move(body)));
  } else {
    auto inputs = inputs_of(request->body, signature);
    if (!inputs) return reply->send(render(*request, inputs.error()));
    call.inputs = *std::move(inputs);
  }
  if (!streamed) {
    return target->infer(std::move(call), [request, reply, target = *target](const Outputs& out) {
      if (!out) return reply->send(render(*request, out.error()));
      reply->send(net::Response::json(200, answer_of(target, *out)));
    });
  }
  auto events = std::make_shared<Events>(request, reply, *target);
  if (signature.streams) {
    call.piece = [events](const Tensor& piece) {
      return events->put(text_answer(events->target(), piece.texts().front()));
    };
  }
  target->infer(std::move(call), [events](const Outputs& out) { events->end(out); });
}

}  // namespace

void add_generate_routes(net::Router& router, const ServicePtr& service) {
  for (const bool streamed : {false, true}) {
    for (const std::string prefix :
         {"/v2/models/{name}/", "/v2/models/{name}/versions/{version}/"}) {
      router.add({.method = net::Method::post,
                  .pattern = prefix + (streamed ? "generate_stream" : "generate"),
                  .wire = "oip",
                  .action = "endpoint.invoke",
                  .summary = streamed ? "Generate, piece by piece (server-sent events)"
                                      : "Generate: inputs and outputs as members of one object",
                  .async =
                      [service, streamed](const RequestPtr& request, const ReplyPtr& reply) {
                        generate(service, request, reply, streamed);
                      },
                  .body_limit = 1u << 20});
    }
  }
}

}  // namespace slipway::wire::oip
