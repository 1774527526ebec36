// SPDX-License-Identifier: Apache-2.0
// The model repository, shared memory and settings over HTTP.
#include <optional>
#include <utility>

#include "base/text.h"
#include "errors.h"
#include "json/reader.h"
#include "service.h"

namespace slipway::wire::oip {
namespace {

using json::Reader;
using ServicePtr = std::shared_ptr<Service>;

// What one of these calls may be told.
struct Told {
  bool ready_only = false;
  std::string key;
  std::optional<std::int64_t> offset;
  std::optional<std::int64_t> size;
  bool overrides = false;  // files or a configuration came with the request
};

Result<void> read_member(Reader& in, std::string_view key, Told& told) {
  if (key == "ready" && in.peek() == Reader::Kind::boolean) {
    in.read(told.ready_only);
  } else if (key == "key" && in.peek() == Reader::Kind::string) {
    std::string_view text;
    if (in.read(text)) told.key = text;
  } else if (key == "offset" || key == "byte_size") {
    Reader::Number number;
    const bool is_number = in.peek() == Reader::Kind::number;
    if (!is_number || !in.read(number) || !number.is_integer || number.integer < 0) {
      return in.ok() ? invalid(std::string(key) + " must be a positive integer") : in.error();
    }
    (key == "offset" ? told.offset : told.size) = number.integer;
  } else if (key == "parameters" && in.peek() == Reader::Kind::object) {
    std::string_view parameter;
    in.begin_object();
    while (in.next_key(parameter)) {
      told.overrides |= parameter == "config" || parameter.starts_with("file:");
      in.skip();
    }
  } else {
    in.skip();
  }
  return {};
}

Result<Told> read_body(const std::string& body) {
  Told told;
  if (trim(body).empty()) return told;
  Reader in(body);
  if (in.peek() != Reader::Kind::object && in.ok()) {
    return invalid("the body is not a JSON object");
  }
  std::string_view key;
  in.begin_object();
  while (in.next_key(key)) {
    const std::string name(key);
    SW_CHECK_OK(read_member(in, name, told));
  }
  if (!in.finish()) return in.error();
  return told;
}

Result<net::Response> index(Service& service, const net::Request& request) {
  SW_TRY(const auto told, read_body(request.body));
  std::string out = "[";
  for (const auto& entry : index_of(service.endpoints, told.ready_only)) {
    out += out.size() == 1 ? "{\"name\":" : ",{\"name\":";
    append_json_string(out, entry.name);
    out += ",\"version\":";
    append_json_string(out, entry.version);
    out += ",\"state\":\"" + std::string(entry.state) + "\",\"reason\":";
    append_json_string(out, entry.reason);
    out += '}';
  }
  return net::Response::json(200, out + "]");
}

Result<net::Response> load(Service& service, const net::Request& request) {
  SW_TRY(const auto told, read_body(request.body));
  if (told.overrides) return no_overrides();
  SW_CHECK_OK(service.endpoints.load(request.param("name"), {.name = request.principal}));
  return net::Response::json(200, "");
}

Result<net::Response> unload(Service& service, const net::Request& request) {
  SW_CHECK_OK(read_body(request.body));
  SW_CHECK_OK(service.endpoints.unload(request.param("name"), {.name = request.principal}));
  return net::Response::json(200, "");
}

Result<net::Response> shared_status(Service& service, const net::Request& request) {
  SW_TRY(const auto regions, service.regions.list(request.param("region")));
  std::string out = "[";
  for (const auto& region : regions) {
    out += out.size() == 1 ? "{\"name\":" : ",{\"name\":";
    append_json_string(out, region.name);
    out += ",\"key\":";
    append_json_string(out, region.key);
    out += ",\"offset\":" + std::to_string(region.offset) +
           ",\"byte_size\":" + std::to_string(region.size) + "}";
  }
  return net::Response::json(200, out + "]");
}

Result<net::Response> shared_register(Service& service, const net::Request& request) {
  SW_CHECK_OK(may_share(request));
  SW_TRY(const auto told, read_body(request.body));
  if (told.key.empty()) return invalid("key is missing");
  if (!told.size) return invalid("byte_size is missing");
  SW_CHECK_OK(service.regions.add({.name = request.param("region"),
                                   .key = told.key,
                                   .offset = static_cast<std::uint64_t>(told.offset.value_or(0)),
                                   .size = static_cast<std::uint64_t>(*told.size)}));
  return net::Response::json(200, "");
}

Result<net::Response> shared_unregister(Service& service, const net::Request& request) {
  SW_CHECK_OK(may_share(request));
  service.regions.remove(request.param("region"));
  return net::Response::json(200, "");
}

net::Response no_device_memory() {
  return net::Response::json(200, "[]");
}

}  // namespace

Error no_overrides() {
  return Error{Code::unimplemented, "a model is loaded as it was registered",
               "register another version instead of sending files or a configuration"};
}

Result<void> may_share(const net::Request& request) {
  if (is_local(request.remote)) return {};
  return Error{Code::permission_denied, "shared memory is for clients on the server's own machine",
               "send tensors in the request"};
}

void add_handler(net::Router& router, const ServicePtr& service, const RouteOf& route) {
  router.add({.method = route.method,
              .pattern = route.pattern,
              .wire = "oip",
              .action = route.action,
              .summary = route.summary,
              .handler =
                  [service, answer = route.answer](const net::Request& request) {
                    auto out = answer(*service, request);
                    return out ? *std::move(out) : render(request, out.error());
                  },
              .body_limit = 1u << 20});
}

void add_repository_routes(net::Router& router, const ServicePtr& service) {
  using net::Method;
  const std::string model = "/v2/repository/models/{name}/";
  add_handler(router, service,
              {Method::post, "/v2/repository/index", "endpoint.read",
               "Endpoints and their versions", index});
  add_handler(router, service,
              {Method::post, model + "load", "endpoint.write",
               "Load an endpoint again, or make one of a registered model", load});
  add_handler(router, service,
              {Method::post, model + "unload", "endpoint.write",
               "Free an endpoint's versions until it is loaded again", unload});
}

void add_shared_memory_routes(net::Router& router, const ServicePtr& service) {
  using net::Method;
  const std::string all = "/v2/systemsharedmemory/";
  const std::string one = all + "region/{region}/";
  for (const auto& prefix : {all, one}) {
    add_handler(router, service,
                {Method::get, prefix + "status", "endpoint.read",
                 "Registered regions of shared memory", shared_status});
    add_handler(router, service,
                {Method::post, prefix + "unregister", "endpoint.invoke",
                 "Forget regions of shared memory", shared_unregister});
  }
  add_handler(router, service,
              {Method::post, one + "register", "endpoint.invoke",
               "Register a region of shared memory of this machine", shared_register});
  add_handler(router, service,
              {Method::get, "/v2/cudasharedmemory/status", "endpoint.read",
               "Registered device memory: none", [](Service&, const net::Request&) {
                 return Result<net::Response>(no_device_memory());
               }});
}

}  // namespace slipway::wire::oip
