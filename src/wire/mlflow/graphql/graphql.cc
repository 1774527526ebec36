// SPDX-License-Identifier: Apache-2.0
// /graphql: the questions that MLflow's UI asks in GraphQL, answered by the REST calls beside it.
#include "base/text.h"
#include "endpoint.h"
#include "graphql/check.h"
#include "graphql/execute.h"
#include "wire/mlflow/routes.h"

namespace slipway::wire::mlflow {
namespace {

using net::Method;
using net::Request;
using net::Response;

// A value in a query string: texts as they are, anything else as JSON.
std::string query_text(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : json::dump_value(value);
}

void append_query(std::string& target, std::string_view key, const json::value& value) {
  if (value.is_null()) return;
  if (value.is_array()) {
    for (const auto& item : value.get_array()) append_query(target, key, item);
    return;
  }
  target += target.find('?') == std::string::npos ? '?' : '&';
  target += percent_encode(key) + "=" + percent_encode(query_text(value));
}

Result<json::value> fetch_from(const net::Router& router, const Request& asked,
                               const graphql::Root& root, const json::object& input) {
  Request request;
  request.principal = asked.principal;
  request.remote = asked.remote;
  request.request_id = asked.request_id;
  request.method = root.posted ? Method::post : Method::get;
  request.target = "/api/2.0/mlflow/" + std::string(root.path);
  if (root.posted) {
    request.headers.set("content-type", "application/json");
    request.body = json::dump_value(json::value(input));
  } else {
    for (const auto& [key, value] : input) append_query(request.target, key, value);
  }
  const auto response = router.call(std::move(request));
  SW_TRY(auto answer, json::parse_value(response.body));
  if (response.status < 400) return answer;
  return invalid(json::text_at(answer, "message").value_or("the call failed"));
}

struct Asked {
  std::string query;
  std::string operation;
  json::object variables;
};

Result<Asked> asked_by(const Request& request) {
  SW_TRY(const auto text, json_of(request));
  SW_TRY(const auto in, json::parse_value(text));
  Asked out;
  const auto query = json::text_at(in, "query");
  if (!query) return missing("query");
  out.query = *query;
  out.operation = json::text_at(in, "operationName").value_or("");
  json::value variables;
  if (const auto* found = json::find(in, "variables")) variables = *found;
  if (variables.is_string()) {  // in a query string
    SW_TRY(variables, json::parse_value(std::string_view(variables.get_string())));
  }
  if (variables.is_object()) out.variables = std::move(variables.get_object());
  return out;
}

const graphql::Operation* chosen(const graphql::Document& document, const std::string& name) {
  if (name.empty()) return document.operations.size() == 1 ? &document.operations.front() : nullptr;
  for (const auto& operation : document.operations) {
    if (operation.name == name) return &operation;
  }
  return nullptr;
}

Response answer_of(json::value data, const std::vector<std::string>& errors) {
  json::object out;
  out["data"] = std::move(data);
  json::array texts;
  for (const auto& error : errors) texts.emplace_back(error);
  out["errors"] = errors.empty() ? json::value(nullptr) : json::value(std::move(texts));
  return answer_with(json::dump_value(out));
}

Result<Response> serve(const net::Router& router, const Request& request) {
  SW_TRY(const auto asked, asked_by(request));
  SW_TRY(const auto document, graphql::parse_document(asked.query));
  if (const auto problems = graphql::problems_of(document); !problems.empty()) {
    return answer_of(nullptr, problems);
  }
  const auto* operation = chosen(document, asked.operation);
  if (operation == nullptr) {
    return answer_of(nullptr, {asked.operation.empty()
                                   ? "Must provide operation name if query contains multiple "
                                     "operations."
                                   : "Unknown operation named '" + asked.operation + "'."});
  }
  auto out = graphql::execute(document, *operation, asked.variables,
                              [&](const graphql::Root& root, const json::object& input) {
                                return fetch_from(router, request, root, input);
                              });
  return answer_of(std::move(out.data), out.errors);
}

}  // namespace

void add_graphql_routes(net::Router& router) {
  for (const auto method : {Method::get, Method::post}) {
    for (const auto* path : {"/graphql", "/ajax-api/graphql"}) {
      net::Route route;
      route.method = method;
      route.pattern = path;
      route.wire = "mlflow";
      route.action = "run.read";
      route.summary = "the fixed queries of MLflow's UI";
      route.handler = [&router](const Request& request) {
        auto out = serve(router, request);
        return out ? *std::move(out) : render(out.error());
      };
      router.add(std::move(route));
    }
  }
}

}  // namespace slipway::wire::mlflow
