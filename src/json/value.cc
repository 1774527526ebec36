// SPDX-License-Identifier: Apache-2.0
#include "json/value.h"

#include <cmath>
#include <utility>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/text.h"
#include "json/json.h"

namespace slipway::json {
namespace {

// Numbers as everybody writes them (0.5, not 5E-1). Values come from our parser: depth is bounded.
void append(std::string& out, const value& from) {
  if (from.is_double()) {
    out += std::isfinite(from.get_double()) ? number_text(from.get_double()) : "null";
  } else if (from.is_string()) {
    append_json_string(out, std::string_view(from.get_string()));
  } else if (from.is_array()) {
    out += '[';
    bool first = true;
    for (const auto& item : from.get_array()) {
      if (!std::exchange(first, false)) out += ',';
      append(out, item);
    }
    out += ']';
  } else if (from.is_object()) {
    out += '{';
    bool first = true;
    for (const auto& [key, item] : from.get_object()) {
      if (!std::exchange(first, false)) out += ',';
      append_json_string(out, std::string_view(key));
      out += ':';
      append(out, item);
    }
    out += '}';
  } else {
    out += boost::json::serialize(from);
  }
}

}  // namespace

Result<value> parse_value(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::json::error_code error;
  auto out = boost::json::parse(text, error, {}, options);
  if (error)
    return invalid("malformed JSON: " + error.message(), "send one well-formed JSON value");
  return out;
}

std::string dump_value(const value& value) {
  std::string out;
  append(out, value);
  return out;
}

std::string_view kind_of(const value& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return "null";
    case boost::json::kind::bool_:
      return "a boolean";
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
    case boost::json::kind::double_:
      return "a number";
    case boost::json::kind::string:
      return "a string";
    case boost::json::kind::array:
      return "an array";
    case boost::json::kind::object:
      return "an object";
  }
  return "a value";
}

const value* find(const value& from, std::string_view key) {
  if (!from.is_object()) return nullptr;
  return from.get_object().if_contains(key);
}

std::optional<std::string> text_at(const value& from, std::string_view key) {
  const auto* member = find(from, key);
  if (member == nullptr || !member->is_string()) return std::nullopt;
  return std::string(member->get_string());
}

std::optional<double> number_at(const value& from, std::string_view key) {
  const auto* member = find(from, key);
  if (member == nullptr || !member->is_number()) return std::nullopt;
  return member->to_number<double>();
}

std::optional<std::int64_t> int_at(const value& from, std::string_view key) {
  const auto* member = find(from, key);
  if (member == nullptr || !member->is_number()) return std::nullopt;
  boost::json::error_code error;
  const auto n = member->to_number<std::int64_t>(error);
  if (error) return std::nullopt;
  return n;
}

std::optional<bool> bool_at(const value& from, std::string_view key) {
  const auto* member = find(from, key);
  if (member == nullptr || !member->is_bool()) return std::nullopt;
  return member->get_bool();
}

}  // namespace slipway::json
