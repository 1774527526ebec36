// SPDX-License-Identifier: Apache-2.0
#include "openapi.h"

#include <map>

#include "base/text.h"

namespace slipway::wire::api {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

// "/models/{name}/{rest...}" -> "/models/{name}/{rest}", and the names.
std::string plain_path(std::string_view pattern, std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern.substr(i, 4) == "...}") i += 3;
    out += pattern[i];
  }
  for (auto open = out.find('{'); open != std::string::npos; open = out.find('{', open + 1)) {
    names.push_back(out.substr(open + 1, out.find('}', open) - open - 1));
  }
  return out;
}

// The noun: what follows /api/v1/.
std::string tag_of(const std::string& pattern) {
  constexpr std::string_view kPrefix = "/api/v1/";
  if (!pattern.starts_with(kPrefix)) return "platform";
  return pattern.substr(kPrefix.size(), pattern.find('/', kPrefix.size()) - kPrefix.size());
}

std::string operation_id(const net::Route& route) {
  std::string out = to_lower(name_of(route.method));
  for (const char c : route.pattern) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (word || c == '_') {
      out += c;
    } else if (!out.ends_with('_')) {
      out += '_';
    }
  }
  while (out.ends_with('_')) out.pop_back();
  return out;
}

bool takes_body(net::Method method) {
  return method == net::Method::post || method == net::Method::put || method == net::Method::patch;
}

std::string operation(const net::Route& route, const std::vector<std::string>& names) {
  std::string out = "{\"operationId\":" + quoted(operation_id(route)) +
                    ",\"summary\":" + quoted(route.summary) + ",\"tags\":[" +
                    quoted(tag_of(route.pattern)) + "],\"parameters\":[";
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += ',';
    out += "{\"name\":" + quoted(names[i]) +
           R"(,"in":"path","required":true,"schema":{"type":"string"}})";
  }
  out += "]";
  if (takes_body(route.method)) {
    const auto schema = route.request_schema.empty() ? "{}" : route.request_schema;
    out += R"(,"requestBody":{"content":{"application/json":{"schema":)" + schema + "}}}";
  }
  const auto schema = route.response_schema.empty() ? "{}" : route.response_schema;
  out += R"(,"responses":{"2XX":{"description":"Done","content":{"application/json":{"schema":)" +
         schema +
         R"(}}},"default":{"description":"A problem","content":{"application/problem+json":)"
         R"({"schema":{"$ref":"#/components/schemas/Problem"}}}}}})";
  return out;
}

constexpr std::string_view kProblem =
    R"({"type":"object","description":"RFC 9457","properties":{"type":{"type":"string"},)"
    R"("title":{"type":"string"},"status":{"type":"integer"},"detail":{"type":"string"},)"
    R"("instance":{"type":"string"},"code":{"type":"string"},"hint":{"type":"string"},)"
    R"("request_id":{"type":"string"}},"required":["type","title","status"]})";

}  // namespace

std::string openapi(const net::Router& router, const std::string& version) {
  std::map<std::string, std::map<std::string, std::string>> paths;
  for (const auto& route : router.routes()) {
    if (route.wire != "api" && route.wire != "prometheus") continue;
    std::vector<std::string> names;
    const auto path = plain_path(route.pattern, names);
    paths[path][to_lower(name_of(route.method))] = operation(route, names);
  }
  std::string out = R"({"openapi":"3.1.0","info":{"title":"Slipway","version":)" + quoted(version) +
                    R"(,"license":{"name":"Apache-2.0","identifier":"Apache-2.0"}},"paths":{)";
  bool first_path = true;
  for (const auto& [path, operations] : paths) {
    if (!first_path) out += ',';
    first_path = false;
    out += quoted(path) + ":{";
    bool first = true;
    for (const auto& [method, text] : operations) {
      if (!first) out += ',';
      first = false;
      out += quoted(method) + ":" + text;
    }
    out += '}';
  }
  out += R"(},"components":{"schemas":{"Problem":)";
  out += kProblem;
  out += "}}}";
  return out;
}

}  // namespace slipway::wire::api
