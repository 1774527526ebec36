// SPDX-License-Identifier: Apache-2.0
#include "json/value.h"

#include <cmath>
#include <utility>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_stack.hpp>

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

// Builds the tree as Boost's own parser does, but reads doubles exactly: Boost 1.81's are off by a
// unit in the last place for one number in eight.
class Builder {
 public:
  using error_code = boost::json::error_code;
  using text = boost::json::string_view;
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  value release() { return stack_.release(); }

  bool on_document_begin(error_code&) {
    stack_.reset();
    return true;
  }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return true; }
  bool on_object_end(std::size_t size, error_code&) { return stack_.push_object(size), true; }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t size, error_code&) { return stack_.push_array(size), true; }
  bool on_key_part(text part, std::size_t, error_code&) { return stack_.push_chars(part), true; }
  bool on_key(text part, std::size_t, error_code&) { return stack_.push_key(part), true; }
  bool on_string_part(text part, std::size_t, error_code&) { return stack_.push_chars(part), true; }
  bool on_string(text part, std::size_t, error_code&) { return stack_.push_string(part), true; }
  bool on_number_part(text part, error_code&) {
    number_.append(part.data(), part.size());
    return true;
  }
  bool on_int64(std::int64_t number, text, error_code&) {
    number_.clear();
    return stack_.push_int64(number), true;
  }
  bool on_uint64(std::uint64_t number, text, error_code&) {
    number_.clear();
    return stack_.push_uint64(number), true;
  }
  bool on_double(double near, text part, error_code&) {
    number_.append(part.data(), part.size());
    stack_.push_double(parse_double(number_).value_or(near));
    number_.clear();
    return true;
  }
  bool on_bool(bool truth, error_code&) { return stack_.push_bool(truth), true; }
  bool on_null(error_code&) { return stack_.push_null(), true; }
  bool on_comment_part(text, error_code&) { return true; }
  bool on_comment(text, error_code&) { return true; }

 private:
  boost::json::value_stack stack_;
  std::string number_;
};

}  // namespace

Result<value> parse_value(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::json::basic_parser<Builder> parser(options);
  boost::json::error_code error;
  const auto read = parser.write_some(false, text.data(), text.size(), error);
  if (!error && read < text.size()) error = boost::json::error::extra_data;
  if (error) {
    return invalid("malformed JSON: " + error.message(), "send one well-formed JSON value");
  }
  return parser.handler().release();
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
