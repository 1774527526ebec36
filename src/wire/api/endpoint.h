// SPDX-License-Identifier: Apache-2.0
// From a function over structs to a route. Private to wire/api.
//
//   Result<Model> show(Registry& registry, const net::Request& request);
//   Result<Alias> set(Registry& registry, const SetAlias& in, const net::Request& request);
//
//   Endpoints at{router, registry};
//   at.get("/models/{name}", show, {.action = "model.read", .summary = "One model"});
//   at.put("/models/{name}/aliases/{alias}", set, {.action = "model.write", .summary = ".."});
//
// The body is read as the struct, the result is written as JSON (Result<void>: 204; a net::Response
// as it is), an error as a problem document.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/result.h"
#include "domain/context.h"
#include "domain/types.h"
#include "json/json.h"
#include "json/value.h"
#include "net/http.h"
#include "wire/api/problem.h"

namespace slipway::wire::api {

struct About {
  std::string action = "read";
  std::string summary;
  int status = 200;  // of success
  std::size_t body_limit = 64u << 20;
};

Context context_of(const net::Request& request);
// ?page_size= (1 .. 1000) and ?page_token=
Result<PageRequest> page_of(const net::Request& request, std::size_t fallback = 100);
// ?key= as a number in [least, most]; `fallback` when absent.
Result<std::int64_t> int_query(const net::Request& request, std::string_view key,
                               std::int64_t fallback, std::int64_t least, std::int64_t most);

// The array `items` of a body; `kind` is what its members look like, for the error.
Result<const json::array*> items_of(const json::value& body, const std::string& kind,
                                    std::size_t most);

template <class Service>
class Endpoints {
 public:
  Endpoints(net::Router& router, Service& service) : router_(router), service_(service) {}
  // The routes keep `service` alive.
  Endpoints(net::Router& router, std::shared_ptr<Service> service)
      : router_(router), service_(*service), owned_(std::move(service)) {}

  template <class Function>
  void get(std::string path, Function function, About about) {
    add(net::Method::get, std::move(path), function, std::move(about));
  }
  template <class Function>
  void post(std::string path, Function function, About about) {
    add(net::Method::post, std::move(path), function, std::move(about));
  }
  template <class Function>
  void put(std::string path, Function function, About about) {
    add(net::Method::put, std::move(path), function, std::move(about));
  }
  template <class Function>
  void del(std::string path, Function function, About about) {
    add(net::Method::del, std::move(path), function, std::move(about));
  }

 private:
  template <class Out>
  static net::Response answer(const net::Request& request, const Result<Out>& result, int status) {
    if (!result) return problem(request, result.error());
    if constexpr (std::is_same_v<Out, void>) {
      net::Response out;
      out.status = 204;
      return out;
    } else if constexpr (std::is_same_v<Out, net::Response>) {
      return *result;
    } else {
      return net::Response::json(status, json::dump(*result));
    }
  }

  template <class Out>
  void add(net::Method method, std::string path,
           Result<Out> (*function)(Service&, const net::Request&), About about) {
    Service& service = service_;
    route(method, std::move(path), about, "", schema_of<Out>(),
          [&service, keep = owned_, function, status = about.status](const net::Request& request) {
            return answer(request, function(service, request), status);
          });
  }

  template <class Out, class In>
  void add(net::Method method, std::string path,
           Result<Out> (*function)(Service&, const In&, const net::Request&), About about) {
    Service& service = service_;
    route(method, std::move(path), about, json::schema<In>(), schema_of<Out>(),
          [&service, keep = owned_, function, status = about.status](const net::Request& request) {
            const auto in = json::parse<In>(request.body.empty() ? "{}" : request.body);
            if (!in) return problem(request, in.error());
            return answer(request, function(service, *in, request), status);
          });
  }

  template <class Out>
  static std::string schema_of() {
    if constexpr (std::is_same_v<Out, void> || std::is_same_v<Out, net::Response>) {
      return {};
    } else {
      return json::schema<Out>();
    }
  }

  void route(net::Method method, std::string path, const About& about, std::string request_schema,
             std::string response_schema, net::Handler handler) {
    router_.add({.method = method,
                 .pattern = "/api/v1" + path,
                 .wire = "api",
                 .action = about.action,
                 .summary = about.summary,
                 .request_schema = std::move(request_schema),
                 .response_schema = std::move(response_schema),
                 .handler = std::move(handler),
                 .body_limit = about.body_limit});
  }

  net::Router& router_;
  Service& service_;
  std::shared_ptr<Service> owned_;  // null: somebody else's
};

}  // namespace slipway::wire::api
