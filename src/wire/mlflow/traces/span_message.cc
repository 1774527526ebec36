// SPDX-License-Identifier: Apache-2.0
#include "traces/span_message.h"

#include <cmath>
#include <utility>

#include "base/text.h"
#include "json/value.h"

namespace slipway::wire::mlflow {
namespace {

using json::value;

void append_any(std::string& out, const value& from);

// A list is a member only when it has something in it.
template <class List, class Each>
void append_values(std::string& out, const List& list, const Each& each) {
  out += '{';
  if (!list.empty()) {
    out += "\"values\":[";
    bool first = true;
    for (const auto& item : list) {
      if (!std::exchange(first, false)) out += ',';
      each(item);
    }
    out += ']';
  }
  out += '}';
}

void append_pair(std::string& out, std::string_view key, const value& from) {
  out += "{\"key\":";
  append_json_string(out, key);
  out += ",\"value\":";
  append_any(out, from);
  out += '}';
}

void append_any(std::string& out, const value& from) {
  switch (from.kind()) {
    case boost::json::kind::null:
      out += "{}";
      return;
    case boost::json::kind::bool_:
      out += from.get_bool() ? "{\"bool_value\":true}" : "{\"bool_value\":false}";
      return;
    case boost::json::kind::int64:
      out += "{\"int_value\":" + std::to_string(from.get_int64()) + "}";
      return;
    case boost::json::kind::uint64:  // more than fits: a text keeps every digit
      out += "{\"string_value\":\"" + std::to_string(from.get_uint64()) + "\"}";
      return;
    case boost::json::kind::double_: {
      const double number = from.get_double();
      out += "{\"double_value\":";
      out += std::isfinite(number) ? number_text(number) : "\"" + number_text(number) + "\"";
      out += '}';
      return;
    }
    case boost::json::kind::string:
      out += "{\"string_value\":";
      append_json_string(out, std::string_view(from.get_string()));
      out += '}';
      return;
    case boost::json::kind::array:
      out += "{\"array_value\":";
      append_values(out, from.get_array(), [&](const value& item) { append_any(out, item); });
      out += '}';
      return;
    case boost::json::kind::object:
      out += "{\"kvlist_value\":";
      append_values(out, from.get_object(), [&](const auto& item) {
        append_pair(out, std::string_view(item.key()), item.value());
      });
      out += '}';
      return;
  }
}

// NaN and the infinities as Python writes them are no JSON: they pass the parser as texts of a form
// that nobody writes, and are numbers again afterwards.
constexpr std::string_view kStrange[] = {"-Infinity", "Infinity", "NaN"};
constexpr std::string_view kMark = "\\u0001number ";

std::string with_marks(std::string_view json) {
  std::string out;
  bool quoted = false;
  for (std::size_t i = 0; i < json.size();) {
    if (json[i] == '"') quoted = !quoted;
    if (quoted && json[i] == '\\' && i + 1 < json.size()) out += json[i++];
    std::string_view word;
    for (const auto one : kStrange) {
      if (!quoted && word.empty() && json.substr(i).starts_with(one)) word = one;
    }
    if (word.empty()) {
      out += json[i++];
    } else {
      (((out += '"') += kMark) += word) += '"';
      i += word.size();
    }
  }
  return out;
}

void without_marks(value& in) {
  if (in.is_array()) {
    for (auto& item : in.get_array()) without_marks(item);
  } else if (in.is_object()) {
    for (auto& item : in.get_object()) without_marks(item.value());
  } else if (in.is_string()) {
    const std::string_view text(in.get_string());
    if (text == "\x01number NaN")
      in = std::nan("");
    else if (text == "\x01number Infinity")
      in = HUGE_VAL;
    else if (text == "\x01number -Infinity")
      in = -HUGE_VAL;
  }
}

// An attribute's value is JSON inside a text.
value inner(const value& text) {
  if (!text.is_string()) return text;
  const std::string_view json(text.get_string());
  if (auto parsed = json::parse_value(json)) return *std::move(parsed);
  auto parsed = json::parse_value(with_marks(json));
  if (!parsed) return value(json);
  without_marks(*parsed);
  return *std::move(parsed);
}

void append_attributes(std::string& out, const value* attributes, bool texts) {
  if (attributes == nullptr || !attributes->is_object() || attributes->get_object().empty()) return;
  out += ",\"attributes\":[";
  bool first = true;
  for (const auto& item : attributes->get_object()) {
    if (!std::exchange(first, false)) out += ',';
    append_pair(out, std::string_view(item.key()), texts ? inner(item.value()) : item.value());
  }
  out += ']';
}

void append_text(std::string& out, const char* name, const value& from, std::string_view key) {
  const auto text = json::text_at(from, key);
  if (!text || text->empty()) return;
  (out += out.ends_with('{') ? "\"" : ",\"") += name;
  out += "\":";
  append_json_string(out, *text);
}

void append_number(std::string& out, const char* name, const value& from, std::string_view key) {
  const auto* number = json::find(from, key);
  if (number == nullptr || !number->is_number()) return;
  const auto text = json::dump_value(*number);
  if (text == "0") return;
  ((out += out.ends_with('{') ? "\"" : ",\"") += name) += "\":" + text;
}

void append_events(std::string& out, const value* events) {
  if (events == nullptr || !events->is_array() || events->get_array().empty()) return;
  out += ",\"events\":[";
  bool first = true;
  for (const auto& event : events->get_array()) {
    if (!std::exchange(first, false)) out += ',';
    out += '{';
    append_number(out, "time_unix_nano", event, "time_unix_nano");
    append_text(out, "name", event, "name");
    const auto start = out.size();
    append_attributes(out, json::find(event, "attributes"), false);
    if (out.size() > start && out[start - 1] == '{') out.erase(start, 1);
    out += '}';
  }
  out += ']';
}

void append_links(std::string& out, const value* links) {
  if (links == nullptr || !links->is_array() || links->get_array().empty()) return;
  out += ",\"links\":[";
  bool first = true;
  for (const auto& link : links->get_array()) {
    auto trace = json::text_at(link, "trace_id").value_or("");
    if (trace.starts_with("tr-")) trace.erase(0, 3);
    const auto trace_id = from_hex(trace);
    const auto span_id = from_hex(json::text_at(link, "span_id").value_or(""));
    if (!trace_id || !span_id) continue;
    if (!std::exchange(first, false)) out += ',';
    out += "{\"trace_id\":\"" + to_base64(*trace_id) + "\",\"span_id\":\"" + to_base64(*span_id) +
           "\"";
    append_attributes(out, json::find(link, "attributes"), false);
    out += '}';
  }
  out += ']';
}

}  // namespace

std::string span_message(std::string_view body) {
  const auto span = json::parse_value(body);
  if (!span || !span->is_object()) return "null";
  std::string out = "{";
  append_text(out, "trace_id", *span, "trace_id");
  append_text(out, "span_id", *span, "span_id");
  append_text(out, "parent_span_id", *span, "parent_span_id");
  append_text(out, "name", *span, "name");
  append_number(out, "start_time_unix_nano", *span, "start_time_unix_nano");
  append_number(out, "end_time_unix_nano", *span, "end_time_unix_nano");
  append_attributes(out, json::find(*span, "attributes"), true);
  append_events(out, json::find(*span, "events"));
  append_links(out, json::find(*span, "links"));
  out += ",\"status\":{";
  if (const auto* status = json::find(*span, "status")) {
    append_text(out, "message", *status, "message");
    const auto code = json::text_at(*status, "code");
    if (code && *code != "STATUS_CODE_UNSET") append_text(out, "code", *status, "code");
  }
  return out += "}}";
}

}  // namespace slipway::wire::mlflow
