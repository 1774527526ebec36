// SPDX-License-Identifier: Apache-2.0
#include "pipeline/value.h"

#include "base/text.h"
#include "json/value.h"
#include "yaml/yaml.h"

namespace slipway::pipeline {
namespace {

using Kind = Value::Kind;

Value from_json(const json::value& json) {
  switch (json.kind()) {
    case boost::json::kind::null:
      return {};
    case boost::json::kind::bool_:
      return {Kind::boolean, json.get_bool() ? "true" : "false"};
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
      return {Kind::integer, json::dump_value(json)};
    case boost::json::kind::double_:
      return {Kind::real, number_text(json.get_double())};
    case boost::json::kind::string:
      return {Kind::text, std::string(std::string_view(json.get_string()))};
    case boost::json::kind::array:
      return {Kind::list, json::dump_value(json)};
    case boost::json::kind::object:
      return {Kind::map, json::dump_value(json)};
  }
  return {};
}

Error wrong(const std::string& name, Kind wanted, std::string_view got) {
  return invalid("parameter '" + name + "' must be " + std::string(name_of(wanted)) + ", not '" +
                 std::string(got.substr(0, 80)) + "'");
}

std::string_view without_plus(std::string_view text) {
  return text.starts_with('+') ? text.substr(1) : text;
}

}  // namespace

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::null:
      return "nothing";
    case Kind::boolean:
      return "true or false";
    case Kind::integer:
      return "an integer";
    case Kind::real:
      return "a number";
    case Kind::text:
      return "text";
    case Kind::list:
      return "a list";
    case Kind::map:
      return "a map";
  }
  return "a value";
}

Value value_of(const yaml::Node& node) {
  switch (node.kind) {
    case yaml::Node::Kind::null:
      return {};
    case yaml::Node::Kind::boolean:
      return {Kind::boolean, to_lower(node.text)};
    case yaml::Node::Kind::integer:
      return {Kind::integer, node.text};
    case yaml::Node::Kind::real:
      return {Kind::real, node.text};
    case yaml::Node::Kind::text:
      return {Kind::text, node.text};
    case yaml::Node::Kind::list:
      return {Kind::list, yaml::to_json(node)};
    case yaml::Node::Kind::map:
      return {Kind::map, yaml::to_json(node)};
  }
  return {};
}

std::string json_of(const Value& value) {
  switch (value.kind) {
    case Kind::null:
      return "null";
    case Kind::text: {
      std::string out;
      append_json_string(out, value.text);
      return out;
    }
    case Kind::integer:
      return std::string(without_plus(value.text));
    case Kind::real:
      return number_text(parse_double(without_plus(value.text)).value_or(0));
    case Kind::boolean:
    case Kind::list:
    case Kind::map:
      return value.text;
  }
  return "null";
}

std::string json_of(const Params& params) {
  std::string out = "{";
  for (const auto& [name, value] : params) {
    if (out.size() > 1) out += ',';
    append_json_string(out, name);
    (out += ':') += json_of(value);
  }
  return out + "}";
}

Result<Value> value_from_json(std::string_view text) {
  SW_TRY(const auto json, json::parse_value(text));
  return from_json(json);
}

Result<std::vector<Value>> list_from_json(std::string_view text) {
  SW_TRY(const auto json, json::parse_value(text));
  if (!json.is_array()) {
    return invalid("expected a JSON array, got " + std::string(json::kind_of(json)));
  }
  std::vector<Value> out;
  for (const auto& item : json.get_array()) out.push_back(from_json(item));
  return out;
}

Result<Params> params_from_json(std::string_view text) {
  SW_TRY(const auto json, json::parse_value(text));
  if (!json.is_object()) {
    return invalid("params: expected an object, got " + std::string(json::kind_of(json)));
  }
  Params out;
  for (const auto& [name, value] : json.get_object()) {
    out.emplace_back(std::string(name), from_json(value));
  }
  return out;
}

Result<Value> part_of(const Value& value, std::string_view path) {
  if (path.empty()) return value;
  if (value.kind != Kind::list && value.kind != Kind::map) {
    return invalid("'" + std::string(path) + "' asks for a part of " +
                   std::string(name_of(value.kind)));
  }
  SW_TRY(const auto json, json::parse_value(value.text));
  const json::value* at = &json;
  for (const auto part : split(path.substr(1), '.')) {
    const json::value* next = nullptr;
    if (at->is_object()) next = at->get_object().if_contains(part);
    if (at->is_array()) {
      const auto n = parse_int(part);
      if (n && *n >= 0) next = at->get_array().if_contains(static_cast<std::size_t>(*n));
    }
    if (next == nullptr) return invalid("there is no '" + std::string(part) + "' in it");
    at = next;
  }
  return from_json(*at);
}

Result<Value> typed(const std::string& name, const Value& like, std::string_view text) {
  switch (like.kind) {
    case Kind::null:
    case Kind::text:
      return Value{Kind::text, std::string(text)};
    case Kind::boolean: {
      const auto lower = to_lower(text);
      if (lower != "true" && lower != "false") return wrong(name, like.kind, text);
      return Value{Kind::boolean, lower};
    }
    case Kind::integer:
      if (!parse_int(without_plus(text))) return wrong(name, like.kind, text);
      return Value{Kind::integer, std::string(text)};
    case Kind::real:
      if (!parse_double(without_plus(text))) return wrong(name, like.kind, text);
      return Value{Kind::real, std::string(text)};
    case Kind::list:
    case Kind::map: {
      auto value = value_from_json(text);
      if (!value || value->kind != like.kind) {
        auto error = wrong(name, like.kind, text);
        error.hint = "write it as JSON";
        return error;
      }
      return value;
    }
  }
  return like;
}

Result<Value> converted(const std::string& name, const Value& like, Value value) {
  if (value.kind == like.kind || like.kind == Kind::null) return value;
  const bool integer_for_real = like.kind == Kind::real && value.kind == Kind::integer;
  if (integer_for_real) return Value{Kind::real, value.text};
  const bool scalar =
      value.kind != Kind::list && value.kind != Kind::map && value.kind != Kind::null;
  if (scalar) return typed(name, like, value.text);
  return wrong(name, like.kind, json_of(value));
}

std::string shell_quoted(std::string_view text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-";
  if (!text.empty() && text.find_first_not_of(kPlain) == text.npos) return std::string(text);
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\"'\"'";
    } else {
      out += c;
    }
  }
  return out + "'";
}

}  // namespace slipway::pipeline
