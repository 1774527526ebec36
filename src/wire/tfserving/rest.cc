// SPDX-License-Identifier: Apache-2.0
// /v1/models/NAME[/versions/N|/labels/L][:predict|:classify|:regress|/metadata]
#include <utility>

#include "base/text.h"
#include "errors.h"
#include "examples.h"
#include "model_spec.h"
#include "predict_json.h"
#include "tensor_proto.h"
#include "wire/tfserving/routes.h"

namespace slipway::wire::tfserving {
namespace {

using RequestPtr = std::shared_ptr<const net::Request>;
using ReplyPtr = std::shared_ptr<net::Reply>;
using serving::Tensor;
using serving::Tensors;

// A body that decodes in less than about half a millisecond stays on the I/O thread.
constexpr std::size_t kDecodedAtOnce = 64 << 10;

ModelSpec spec_of(const net::Request& request) {
  return {.name = request.param("name"),
          .version = request.param("version"),
          .label = request.param("label")};
}

struct Decoded {
  std::string signature;
  bool by_row = true;
  Tensors inputs;
};

using Decode = Result<Decoded> (*)(std::string_view body, const serving::Target& target);
using Encode = Result<std::string> (*)(const Tensors& outputs, bool by_row);

Result<Decoded> decode_predict(std::string_view body, const serving::Target& target) {
  SW_TRY(auto parsed, parse_predict(body, target.signature()));
  return Decoded{std::move(parsed.signature), parsed.by_row, std::move(parsed.inputs)};
}

Result<Decoded> decode_examples(std::string_view body, const serving::Target& target) {
  SW_TRY(auto parsed, parse_examples(body, target.layout()));
  return Decoded{std::move(parsed.signature), true, std::move(parsed.inputs)};
}

std::string number_or_null(double value) {
  return value - value == 0 ? number_text(value) : "null";
}

// The server says "results", its documentation "result": clients read the one or the other.
std::string under_both_keys(const std::string& results) {
  return "{\"results\":" + results + ",\"result\":" + results + "}";
}

Result<std::string> encode_classes(const Tensors& outputs, bool) {
  SW_TRY(const auto rows, classes_of(outputs));
  std::string out = "[";
  for (const auto& row : rows) {
    out += &row == &rows.front() ? "[" : ",[";
    for (const auto& one : row) {
      out += &one == &row.front() ? "[" : ",[";
      append_json_string(out, one.label);
      out += ',' + number_or_null(one.score) + ']';
    }
    out += ']';
  }
  return under_both_keys(out + "]");
}

Result<std::string> encode_values(const Tensors& outputs, bool) {
  SW_TRY(const auto values, values_of(outputs));
  std::string out = "[";
  for (std::size_t i = 0; i < values.size(); ++i) {
    out += (i == 0 ? "" : ",") + number_or_null(values[i]);
  }
  return under_both_keys(out + "]");
}

void invoke(const serving::Endpoints& endpoints, const RequestPtr& request, const ReplyPtr& reply,
            Decode decode, Encode encode) {
  auto spec = spec_of(*request);
  auto target = pick(endpoints, spec, request->headers);
  if (!target) return reply->send(render(*request, target.error()));
  auto decoded = decode(request->body, *target);
  if (decoded && !decoded->signature.empty() && decoded->signature != kSignature) {
    spec.signature = decoded->signature;
    decoded = pick(endpoints, spec, request->headers).error();
  }
  if (!decoded) {
    target->reject(decoded.error());
    return reply->send(render(*request, decoded.error()));
  }
  serving::Call call{.request_id = request->request_id,
                     .inputs = std::move(decoded->inputs),
                     .received_ns = request->received_ns,
                     .cancelled = reply->cancellation(),
                     .traceparent = request->traceparent};
  target->infer(std::move(call), [request, reply, encode, by_row = decoded->by_row](auto answer) {
    if (!answer) return reply->send(render(*request, answer.error()));
    auto body = encode(*answer, by_row);
    reply->send(body ? net::Response::json(200, *std::move(body)) : render(*request, body.error()));
  });
}

net::Response status(const serving::Endpoints& endpoints, const net::Request& request) {
  const auto states = states_of(endpoints, spec_of(request));
  if (!states) return render(request, states.error());
  std::string out = "{\"model_version_status\":[";
  for (const auto& state : *states) {
    if (&state != &states->front()) out += ',';
    out += "{\"version\":";
    append_json_string(out, state.version);
    out += ",\"state\":\"" + std::string(state.name) + "\",\"status\":{\"error_code\":\"" +
           (state.error.empty() ? "OK" : "UNAVAILABLE") + "\",\"error_message\":";
    append_json_string(out, state.error);
    out += "}}";
  }
  return net::Response::json(200, out + "]}");
}

void append_tensors(std::string& out, const std::vector<serving::TensorSpec>& specs) {
  out += '{';
  for (const auto& spec : specs) {
    if (&spec != &specs.front()) out += ',';
    append_json_string(out, spec.name);
    out +=
        ":{\"dtype\":\"" + std::string(dtype_name(spec.dtype)) + "\",\"tensor_shape\":{\"dim\":[";
    for (std::size_t i = 0; i < spec.shape.size(); ++i) {
      out += (i == 0 ? "" : ",") + std::string("{\"size\":\"") + std::to_string(spec.shape[i]) +
             "\",\"name\":\"\"}";
    }
    out += "],\"unknown_rank\":false},\"name\":";
    append_json_string(out, spec.name + ":0");
    out += '}';
  }
  out += '}';
}

net::Response metadata(const serving::Endpoints& endpoints, const net::Request& request) {
  const auto target = pick(endpoints, spec_of(request), request.headers);
  if (!target) return render(request, target.error());
  std::string out = "{\"model_spec\":{\"name\":";
  append_json_string(out, target->endpoint());
  out += ",\"signature_name\":\"\",\"version\":";
  append_json_string(out, target->version());
  out += "},\"metadata\":{\"signature_def\":{\"signature_def\":{\"serving_default\":{\"inputs\":";
  append_tensors(out, target->signature().inputs);
  out += ",\"outputs\":";
  append_tensors(out, target->signature().outputs);
  out += ",\"method_name\":\"tensorflow/serving/predict\",\"defaults\":{}}}}}}";
  return net::Response::json(200, std::move(out));
}

}  // namespace

void add_routes(net::Router& router, serving::Endpoints& endpoints, Pool& decoders) {
  router.render_errors("/v1/models", render);
  const auto add_invoke = [&](const std::string& pattern, const char* summary, Decode decode,
                              Encode encode) {
    const auto handle = [&endpoints, &decoders, decode, encode](RequestPtr request,
                                                                ReplyPtr reply) {
      const auto run = [&endpoints, request, reply, decode, encode] {
        invoke(endpoints, request, reply, decode, encode);
      };
      if (request->body.size() <= kDecodedAtOnce) return run();
      if (!decoders.post(run)) {
        reply->send(render(*request, exhausted("too many large requests wait", "retry later")));
      }
    };
    router.add({.method = net::Method::post,
                .pattern = pattern,
                .wire = "tfserving",
                .action = "endpoint.invoke",
                .summary = summary,
                .async = handle});
  };
  using Show = net::Response (*)(const serving::Endpoints&, const net::Request&);
  const auto add_show = [&](const std::string& pattern, const char* summary, Show show) {
    router.add({.method = net::Method::get,
                .pattern = pattern,
                .wire = "tfserving",
                .action = "endpoint.read",
                .summary = summary,
                .handler = [&endpoints, show](const net::Request& request) {
                  return show(endpoints, request);
                }});
  };
  const std::string model = "/v1/models/{name}";
  for (const auto& one : {model, model + "/versions/{version}", model + "/labels/{label}"}) {
    add_invoke(one + ":predict", "Predict (TensorFlow Serving)", decode_predict, write_predictions);
    add_invoke(one + ":classify", "Classes and scores of examples (TensorFlow Serving)",
               decode_examples, encode_classes);
    add_invoke(one + ":regress", "A number for each example (TensorFlow Serving)", decode_examples,
               encode_values);
    add_show(one, "Versions and their states (TensorFlow Serving)", status);
    add_show(one + "/metadata", "Inputs and outputs (TensorFlow Serving)", metadata);
  }
}

}  // namespace slipway::wire::tfserving
