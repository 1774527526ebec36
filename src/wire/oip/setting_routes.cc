// SPDX-License-Identifier: Apache-2.0
// Trace and log settings over HTTP.
#include <utility>

#include "base/text.h"
#include "json/reader.h"
#include "service.h"

namespace slipway::wire::oip {
namespace {

using json::Reader;
using ServicePtr = std::shared_ptr<Service>;

constexpr std::size_t kMaxSettings = 64;

std::string to_json(const Settings::Trace& trace) {
  std::string out = "{";
  for (const auto& [key, values] : trace) {
    if (out.size() > 1) out += ',';
    append_json_string(out, key);
    out += ':';
    if (key != "trace_level") {
      append_json_string(out, values.empty() ? "" : values.front());
      continue;
    }
    out += '[';
    for (const auto& value : values) {
      if (out.back() != '[') out += ',';
      append_json_string(out, value);
    }
    out += ']';
  }
  return out + "}";
}

std::string to_json(const Settings::Log& log) {
  std::string out = "{";
  for (const auto& [key, value] : log) {
    if (out.size() > 1) out += ',';
    append_json_string(out, key);
    out += ':';
    if (const auto* flag = std::get_if<bool>(&value)) {
      out += *flag ? "true" : "false";
    } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
      out += std::to_string(*number);
    } else {
      append_json_string(out, std::get<std::string>(value));
    }
  }
  return out + "}";
}

// A text, or a number as its text.
Result<std::string> read_text(Reader& in) {
  if (in.peek() == Reader::Kind::number) {
    Reader::Number number;
    if (!in.read(number)) return in.error();
    if (!number.is_integer) return invalid("a setting is no text and no integer");
    return std::to_string(number.integer);
  }
  std::string_view text;
  if (in.peek() != Reader::Kind::string && in.ok()) return invalid("a setting is no text");
  if (!in.read(text)) return in.error();
  return std::string(text);
}

Result<Settings::TraceChange> read_trace(const std::string& body) {
  Settings::TraceChange out;
  Reader in(body);
  std::string_view key;
  if (in.peek() != Reader::Kind::object && in.ok()) return invalid("the body is not a JSON object");
  in.begin_object();
  while (in.next_key(key)) {
    const std::string name(key);
    if (out.size() == kMaxSettings) return invalid("too many settings");
    auto& values = out[name];
    if (in.peek() == Reader::Kind::null) {
      in.read_null();
    } else if (in.peek() == Reader::Kind::array) {
      values.emplace();
      in.begin_array();
      while (in.next_element()) {
        if (values->size() == kMaxSettings) return invalid("too many values");
        SW_TRY(auto text, read_text(in));
        values->push_back(std::move(text));
      }
    } else {
      SW_TRY(auto text, read_text(in));
      values.emplace().push_back(std::move(text));
    }
  }
  if (!in.finish()) return in.error();
  return out;
}

Result<Settings::Log> read_log(const std::string& body) {
  Settings::Log out;
  Reader in(body);
  std::string_view key;
  if (in.peek() != Reader::Kind::object && in.ok()) return invalid("the body is not a JSON object");
  in.begin_object();
  while (in.next_key(key)) {
    const std::string name(key);
    if (out.size() == kMaxSettings) return invalid("too many settings");
    if (in.peek() == Reader::Kind::boolean) {
      bool flag = false;
      if (in.read(flag)) out[name] = flag;
    } else if (in.peek() == Reader::Kind::number) {
      Reader::Number number;
      if (in.read(number)) out[name] = number.integer;
      if (!number.is_integer) return invalid("log setting '" + name + "' is no integer");
    } else {
      SW_TRY(auto text, read_text(in));
      out[name] = std::move(text);
    }
  }
  if (!in.finish()) return in.error();
  return out;
}

Result<void> known(const Service& service, const net::Request& request) {
  if (request.param("name").empty()) return {};
  SW_CHECK_OK(service.endpoints.get(request.param("name")));
  return {};
}

Result<net::Response> show_trace(Service& service, const net::Request& request) {
  SW_CHECK_OK(known(service, request));
  return net::Response::json(200, to_json(service.settings.trace(request.param("name"))));
}

Result<net::Response> change_trace(Service& service, const net::Request& request) {
  SW_CHECK_OK(known(service, request));
  SW_TRY(const auto change, read_trace(request.body));
  SW_TRY(const auto now, service.settings.change_trace(request.param("name"), change));
  return net::Response::json(200, to_json(now));
}

Result<net::Response> show_log(Service& service, const net::Request&) {
  return net::Response::json(200, to_json(service.settings.log()));
}

Result<net::Response> change_log(Service& service, const net::Request& request) {
  SW_TRY(const auto change, read_log(request.body));
  SW_TRY(const auto now, service.settings.change_log(change));
  return net::Response::json(200, to_json(now));
}

}  // namespace

void add_setting_routes(net::Router& router, const ServicePtr& service) {
  using net::Method;
  for (const std::string prefix : {"/v2/trace/setting", "/v2/models/{name}/trace/setting"}) {
    add_handler(router, service,
                {Method::get, prefix, "endpoint.read", "Trace settings", show_trace});
    add_handler(router, service,
                {Method::post, prefix, "endpoint.write", "Change trace settings", change_trace});
  }
  add_handler(router, service,
              {Method::get, "/v2/logging", "endpoint.read", "Log settings", show_log});
  add_handler(router, service,
              {Method::post, "/v2/logging", "endpoint.write", "Change log settings", change_log});
}

}  // namespace slipway::wire::oip
