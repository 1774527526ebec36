// SPDX-License-Identifier: Apache-2.0
#include "typed.h"

#include <utility>

#include "arrow.h"
#include "base/text.h"
#include "errors.h"
#include "formats.h"
#include "json/reader.h"
#include "predictions.h"
#include "stream.h"

namespace slipway::wire::scoring {
namespace {

using json::Reader;
using RequestPtr = std::shared_ptr<const net::Request>;
using ReplyPtr = std::shared_ptr<net::Reply>;
using serving::TensorSpec;

Result<Shaped> shape_of(std::string_view body) {
  Reader in(body);
  if (in.peek() == Reader::Kind::array) {
    in.begin_array();
    const bool records = in.next_element() && in.peek() == Reader::Kind::object;
    return records ? Shaped::rows : Shaped::columns;
  }
  if (in.peek() != Reader::Kind::object) {
    return in.ok() ? invalid("the body is neither an object nor an array",
                             "GET openapi.json beside it says what is taken")
                   : in.error();
  }
  std::string_view key;
  in.begin_object();
  if (!in.next_key(key)) return in.ok() ? invalid("the body is empty") : in.error();
  return in.peek() == Reader::Kind::array ? Shaped::columns : Shaped::one_row;
}

// {"predictions": X} -> X
std::string_view inside(std::string_view answer) {
  const auto from = answer.find(':') + 1;
  return answer.substr(from, answer.size() - from - 1);
}

std::string_view json_type(serving::DType type) {
  using serving::DType;
  if (type == DType::boolean) return "boolean";
  if (type == DType::bytes) return "string";
  return serving::is_float(type) ? "number" : "integer";
}

std::string type_schema(std::string_view type) {
  return "{\"type\":\"" + std::string(type) + "\"}";
}

std::string array_of(const std::string& items) {
  return "{\"type\":\"array\",\"items\":" + items + "}";
}

// Arrays as deep as the tensor has axes after `skipped`; a last axis of one may be left out.
std::string value_schema(const TensorSpec& spec, std::size_t skipped) {
  std::string out = type_schema(json_type(spec.dtype));
  for (std::size_t i = spec.shape.size(); i > skipped; --i) {
    if (i > 1 && spec.shape[i - 1] == 1) continue;
    out = array_of(out);
  }
  return out;
}

std::string object_of(const std::vector<std::pair<std::string, std::string>>& members) {
  std::string properties;
  std::string required;
  for (const auto& [name, schema] : members) {
    if (!properties.empty()) properties += ',';
    append_json_string(properties, name);
    properties += ':' + schema;
    if (!required.empty()) required += ',';
    append_json_string(required, name);
  }
  return "{\"type\":\"object\",\"properties\":{" + properties + "},\"required\":[" + required +
         "]}";
}

std::string schema_of(const std::vector<TensorSpec>& specs, std::size_t skipped) {
  std::vector<std::pair<std::string, std::string>> members;
  for (const auto& spec : specs) members.emplace_back(spec.name, value_schema(spec, skipped));
  return object_of(members);
}

// Of a table: by column, which need not be how the model's tensors are cut.
std::string row_schema(const serving::Target& target) {
  const auto& layout = target.layout();
  if (!layout.is_table() || !layout.has_names()) return schema_of(target.signature().inputs, 1);
  std::vector<std::pair<std::string, std::string>> members;
  for (const auto& slot : layout.slots()) {
    members.emplace_back(slot.name, type_schema(json_type(layout.inputs()[slot.input].dtype)));
  }
  return object_of(members);
}

Result<Typed> arrow_typed(const net::Request& request, const serving::Target& target) {
  if (target.signature().only_bodies) {
    return invalid("the model takes no tables of plain columns", "send application/json");
  }
  SW_TRY(auto payload, parse_arrow(request.body, target.layout()));
  return Typed{std::move(payload), Shaped::rows};
}

void invoke(const serving::Endpoints& endpoints, const RequestPtr& request, const ReplyPtr& reply) {
  const HeaderCaller caller(request->headers);
  auto target = endpoints.pick(request->param("name"), {}, &caller);
  if (!target) return reply->send(render(*request, target.error()));
  if (target->signature().streams && accepts_events(*request)) {
    json::Reader whole(request->body);
    whole.skip();
    if (!whole.finish()) return reply->send(render(*request, whole.error()));
    const bool row = target->has_columns() && trim(request->body).starts_with('{');
    auto text = row ? "{\"dataframe_records\":[" + request->body + "]}"
                    : "{\"inputs\":" + request->body + "}";
    return stream_answer(*target, std::move(text), request, reply);
  }
  const auto wanted = wanted_form(*request);
  const bool arrow = form_of(*request) == Form::arrow;
  auto typed = arrow ? arrow_typed(*request, *target)
                     : parse_typed(request->body, target->layout(), target->has_columns());
  if (!typed) {
    target->reject(typed.error());
    return reply->send(render(*request, typed.error()));
  }
  serving::Call call{.request_id = request->request_id,
                     .inputs = std::move(typed->payload.inputs),
                     .received_ns = request->received_ns,
                     .cancelled = reply->cancellation(),
                     .traceparent = request->traceparent};
  target->infer(std::move(call), [request, reply, wanted, shaped = typed->shaped](auto answer) {
    if (!answer) return reply->send(render(*request, answer.error()));
    if (wanted != Form::json) {
      auto written = answer_in(wanted, *answer);
      return reply->send(written ? *std::move(written) : render(*request, written.error()));
    }
    reply->send(net::Response::json(200, write_typed(*answer, shaped)));
  });
}

}  // namespace

Result<Typed> parse_typed(std::string_view body, const serving::FrameLayout& layout,
                          bool has_columns) {
  SW_TRY(const auto shaped, shape_of(body));
  Reader whole(body);  // one value and nothing else, as it is put into another below
  whole.skip();
  if (!whole.finish()) return whole.error();
  std::string text;
  text.reserve(body.size() + 32);
  switch (shaped) {
    case Shaped::one_row:
      text.append("{\"dataframe_records\":[").append(body).append("]}");
      break;
    case Shaped::rows:
      text.append("{\"dataframe_records\":").append(body).append("}");
      break;
    case Shaped::columns:
      text.append("{\"inputs\":").append(body).append("}");
      break;
  }
  SW_TRY(auto payload, parse_json(text, layout, has_columns));
  return Typed{std::move(payload), shaped};
}

std::string write_typed(const serving::Tensors& outputs, Shaped shaped) {
  const auto answer = write_predictions(outputs, shaped != Shaped::columns);
  auto out = inside(answer);
  if (shaped == Shaped::one_row && out.size() > 2 && out.front() == '[') {
    out = out.substr(1, out.size() - 2);
  }
  return std::string(out);
}

std::string describe(const serving::Target& target) {
  const auto row = row_schema(target);
  const auto answer = schema_of(target.signature().outputs, 1);
  const auto content = [](const std::string& schema) {
    return "\"content\":{\"application/json\":{\"schema\":" + schema + "}}";
  };
  std::string out = "{\"openapi\":\"3.1.0\",\"info\":{\"title\":";
  append_json_string(out, target.endpoint());
  out += ",\"version\":";
  append_json_string(out, target.version());
  out += ",\"description\":";
  append_json_string(out, "Version " + target.version() + " of the model " + target.model());
  out += "},\"paths\":{";
  append_json_string(out, "/endpoints/" + target.endpoint() + "/predict");
  out += ":{\"post\":{\"operationId\":\"predict\",\"requestBody\":{\"required\":true,";
  out += content("{\"oneOf\":[" + row + "," + array_of(row) + "," +
                 schema_of(target.signature().inputs, 0) + "]}");
  out += "},\"responses\":{\"200\":{\"description\":\"One row, rows or whole outputs, as asked\",";
  out += content("{\"oneOf\":[" + answer + "," + array_of(answer) + "," +
                 schema_of(target.signature().outputs, 0) + "]}");
  for (const auto& [status, why] : {std::pair("400", "The body is not what the model takes"),
                                    {"404", "No such endpoint"},
                                    {"429", "The queue is full"},
                                    {"503", "No version is loaded"}}) {
    out += std::string("},\"") + status + "\":{\"description\":\"" + why + "\"";
  }
  return out + "}}}}}}";
}

void add_typed_routes(net::Router& router, serving::Endpoints& endpoints, Pool& decoders) {
  router.add(
      {.method = net::Method::post,
       .pattern = "/endpoints/{name}/predict",
       .wire = "scoring",
       .action = "endpoint.invoke",
       .summary = "Predict with JSON by the names of the signature",
       .async = [&endpoints, &decoders](RequestPtr request, ReplyPtr reply) {
         if (request->body.size() <= kDecodedAtOnce) {
           return invoke(endpoints, request, reply);
         }
         const bool posted =
             decoders.post([&endpoints, request, reply] { invoke(endpoints, request, reply); });
         if (!posted) {
           reply->send(render(*request, exhausted("too many large requests wait", "retry later")));
         }
       }});
  router.add({.method = net::Method::get,
              .pattern = "/endpoints/{name}/openapi.json",
              .wire = "scoring",
              .action = "endpoint.read",
              .summary = "What /predict of this endpoint takes and answers",
              .handler = [&endpoints](const net::Request& request) {
                const auto target = endpoints.pick(request.param("name"));
                if (!target) return render(request, target.error());
                return net::Response::json(200, describe(*target));
              }});
}

}  // namespace slipway::wire::scoring
