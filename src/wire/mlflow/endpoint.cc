// SPDX-License-Identifier: Apache-2.0
#include "endpoint.h"

#include <map>
#include <vector>

#include "base/text.h"
#include "json/value.h"

namespace slipway::wire::mlflow {
namespace {

// A body that is read in some tens of microseconds, on the I/O thread.
constexpr std::size_t kQuickBody = 8 << 10;

std::string json_of_query(const net::Request& request) {
  std::map<std::string_view, std::vector<std::string_view>> fields;
  for (const auto& [key, value] : request.query) fields[key].push_back(value);
  std::string out = "{";
  for (const auto& [key, values] : fields) {
    if (out.size() > 1) out += ',';
    append_json_string(out, key);
    out += values.size() > 1 ? ":[" : ":";
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i > 0) out += ',';
      append_json_string(out, values[i]);
    }
    if (values.size() > 1) out += ']';
  }
  return out += '}';
}

bool ends_with_any(std::string_view path, std::initializer_list<std::string_view> ends) {
  for (const auto end : ends) {
    if (path.ends_with(end)) return true;
  }
  return false;
}

// Searches are posted, yet only read.
bool only_reads(net::Method method, std::string_view path) {
  return method == net::Method::get ||
         ends_with_any(path, {"/search", "search-datasets", "get-latest-versions", "batchGetInfos",
                              "/metrics", "calculate-filter-correlation"});
}

}  // namespace

Result<std::string> json_of(const net::Request& request) {
  if (request.method == net::Method::get) return json_of_query(request);
  if (request.method == net::Method::post || request.method == net::Method::put) {
    const auto type = request.headers.get("content-type");
    if (type.empty()) return invalid("the Content-Type header is missing", "send application/json");
    if (!equal_ignoring_case(trim(type.substr(0, type.find(';'))), "application/json")) {
      return invalid("the Content-Type '" + std::string(type) + "' is not application/json");
    }
  }
  const auto body = trim(request.body);
  if (body.empty() || body == "null") return std::string("{}");
  if (body.front() != '"') return std::string(body);
  // Old clients send their JSON once more encoded, as a string.
  const auto inner = json::parse_value(body);
  if (inner && inner->is_string()) return std::string(inner->get_string());
  return std::string("{}");
}

bool is_json(std::string_view text) {
  return json::parse_value(text).ok();
}

json::ParseOptions parse_options(const net::Request& request) {
  const bool query = request.method == net::Method::get;
  return {.numbers_from_text = true,
          .camel_case_too = true,
          .flags_from_text = query,
          .list_from_single = query};
}

net::Response answer_with(std::string json) {
  return net::Response::json(200, std::move(json));
}

namespace {

// Calls `fill` for a route of each spelling, and adds it.
template <class Fill>
void add_spellings(net::Router& router, net::Method method, std::string_view version,
                   std::string_view path, std::string_view noun, Fill&& fill) {
  for (const std::string_view root : {"/api/", "/ajax-api/"}) {
    net::Route route;
    route.method = method;
    ((route.pattern = root) += version) += "/mlflow/";
    route.pattern += path;
    route.wire = "mlflow";
    (route.action = noun) += only_reads(method, path) ? ".read" : ".write";
    fill(route);
    router.add(std::move(route));
  }
}

}  // namespace

void add_route(net::Router& router, net::Method method, std::string_view version,
               std::string_view path, std::string_view noun, const Answer& answer) {
  add_spellings(router, method, version, path, noun, [&](net::Route& route) {
    route.handler = [answer](const net::Request& request) {
      auto result = answer(request);
      return result ? *std::move(result) : render(result.error());
    };
  });
}

void add_later_route(net::Router& router, std::string_view version, std::string_view path,
                     std::string_view noun, const AnswerLater& answer) {
  add_spellings(router, net::Method::post, version, path, noun, [&](net::Route& route) {
    route.inline_limit = kQuickBody;
    route.async = [answer](const std::shared_ptr<const net::Request>& request,
                           const std::shared_ptr<net::Reply>& reply) {
      answer(*request, [reply](Result<net::Response> result) {
        reply->send(result ? *std::move(result) : render(result.error()));
      });
    };
  });
}

}  // namespace slipway::wire::mlflow
