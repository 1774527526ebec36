// SPDX-License-Identifier: Apache-2.0
// Hooks: addresses at which other systems start pipelines.
#include "pipeline/hooks.h"

#include "base/text.h"
#include "endpoint.h"
#include "json/value.h"
#include "wire/api/routes.h"

namespace slipway::wire::api {
namespace {

constexpr std::size_t kBodyLimit = std::size_t{1} << 20;

using pipeline::Hook;
using pipeline::Hooks;

json::object to_wire(const Hook& hook) {
  json::object labels;
  for (const auto& [key, value] : hook.labels) labels[key] = value;
  return {{"name", hook.name},
          {"pipeline", hook.pipeline},
          {"params", json::parse_value(hook.params).value_or({})},
          {"labels", std::move(labels)},
          {"cooldown_s", hook.cooldown_s},
          {"path", "/api/v1/hooks/" + hook.name + "/alerts"},
          {"created_by", hook.created_by},
          {"created", to_rfc3339(hook.created)}};
}

Result<std::string> text_field(const json::value& value, const std::string& field) {
  if (!value.is_string()) {
    return invalid("$." + field + ": expected a string, got " + std::string(json::kind_of(value)));
  }
  return std::string(value.get_string());
}

Result<void> read_field(const std::string& key, const json::value& value, Hook& hook,
                        std::string& secret) {
  if (key == "name") {
    SW_TRY(hook.name, text_field(value, key));
  } else if (key == "pipeline") {
    SW_TRY(hook.pipeline, text_field(value, key));
  } else if (key == "secret") {
    SW_TRY(secret, text_field(value, key));
  } else if (key == "params") {
    if (!value.is_object()) return invalid("$.params: expected an object");
    hook.params = json::dump_value(value);
  } else if (key == "labels") {
    if (!value.is_object()) return invalid("$.labels: expected an object of texts");
    for (const auto& [label, wanted] : value.get_object()) {
      SW_TRY(hook.labels[std::string(label)], text_field(wanted, "labels." + std::string(label)));
    }
  } else if (key == "cooldown_s") {
    if (!value.is_int64()) return invalid("$.cooldown_s: expected an integer");
    hook.cooldown_s = value.get_int64();
  } else {
    return invalid("unknown field '" + key + "'",
                   "known: name, pipeline, params, labels, cooldown_s, secret");
  }
  return {};
}

Result<net::Response> put(Hooks& hooks, const net::Request& request) {
  SW_TRY(const auto parsed, json::parse_value(request.body));
  if (!parsed.is_object()) return invalid("$: expected an object");
  Hook hook{.created_by = request.principal};
  std::string secret;
  for (const auto& [key, value] : parsed.get_object()) {
    if (value.is_null()) continue;
    SW_CHECK_OK(read_field(std::string(key), value, hook, secret));
  }
  SW_TRY(const auto made, hooks.put(hook, secret));
  SW_TRY(const auto stored, hooks.get(hook.name));
  auto out = to_wire(stored);
  out["secret"] = made;  // told this once
  return net::Response::json(201, json::dump_value(out));
}

Result<net::Response> list(Hooks& hooks, const net::Request&) {
  SW_TRY(const auto all, hooks.list());
  json::array items;
  for (const auto& hook : all) items.push_back(to_wire(hook));
  return net::Response::json(200, json::dump_value(json::object{{"items", std::move(items)}}));
}

Result<net::Response> show(Hooks& hooks, const net::Request& request) {
  SW_TRY(const auto hook, hooks.get(request.param("name")));
  return net::Response::json(200, json::dump_value(to_wire(hook)));
}

Result<net::Response> remove(Hooks& hooks, const net::Request& request) {
  SW_CHECK_OK(hooks.remove(request.param("name")));
  return net::Response::json(200, "{}");
}

}  // namespace

void add_hook_routes(net::Router& router, pipeline::Hooks& hooks) {
  Endpoints at{router, hooks};
  at.post("/hooks", put,
          {.action = "pipeline.write",
           .summary = "Let alerts of other systems start a pipeline; tells the secret once",
           .body_limit = kBodyLimit});
  at.get("/hooks", list, {.action = "pipeline.read", .summary = "Hooks of other systems"});
  at.get("/hooks/{name}", show, {.action = "pipeline.read", .summary = "One hook"});
  at.del("/hooks/{name}", remove,
         {.action = "pipeline.write", .summary = "It starts nothing any more"});
}

}  // namespace slipway::wire::api
