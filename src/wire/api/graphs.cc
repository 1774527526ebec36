// SPDX-License-Identifier: Apache-2.0
// Graphs: checked before an endpoint is made of them.
#include "graphs.h"

#include "endpoint.h"
#include "json/value.h"
#include "messages_serving.h"
#include "serving/endpoints.h"
#include "wire/api/routes.h"

namespace slipway::wire::api {
namespace {

std::vector<GraphTensorJson> to_wire(const std::vector<serving::TensorSpec>& specs) {
  std::vector<GraphTensorJson> out;
  for (const auto& spec : specs) {
    out.push_back({.name = spec.name,
                   .datatype = std::string(serving::name_of(spec.dtype)),
                   .shape = {spec.shape.begin(), spec.shape.end()}});
  }
  return out;
}

Result<GraphJson> check(serving::Endpoints& endpoints, const GraphBody& body, const net::Request&) {
  SW_TRY(const auto text, graph_text(body.graph, "$.graph"));
  if (text.empty()) return invalid("$.graph is missing", "send the text of the graph");
  const auto file = body.file.empty() ? std::string("graph") : body.file.substr(0, 200);
  SW_TRY(const auto view, endpoints.check_graph(text, file));
  GraphJson out{.inputs = to_wire(view.signature.inputs),
                .outputs = to_wire(view.signature.outputs),
                .steps = {}};
  for (const auto& step : view.steps) out.steps.push_back({step.name, step.runs});
  return out;
}

}  // namespace

Result<std::string> graph_text(const json::Raw& raw, const std::string& where) {
  if (raw.text == "null") return std::string();
  if (raw.text.starts_with('{')) return raw.text;
  SW_TRY(const auto value, json::parse_value(raw.text));
  if (!value.is_string() || value.get_string().empty()) {
    return invalid(where + " is neither a text nor a map");
  }
  return std::string(value.get_string());
}

void add_graph_routes(net::Router& router, serving::Endpoints& endpoints) {
  Endpoints<serving::Endpoints> at{router, endpoints};
  at.post("/graphs/check", check,
          {.action = "endpoint.read",
           .summary = "What a graph of models takes, does and answers, or what is wrong with it",
           .body_limit = 1u << 20});
}

}  // namespace slipway::wire::api
