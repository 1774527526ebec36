// SPDX-License-Identifier: Apache-2.0
// The JSON encoding of the same request: ids in hex, 64-bit numbers as texts or numbers, names in
// camelCase (those of the .proto files are taken too).
#include <cmath>
#include <limits>

#include "base/text.h"
#include "export.h"

namespace slipway::wire::otlp {
namespace {

using json::object;
using json::value;

Error malformed(std::string_view what) {
  return invalid("Invalid OpenTelemetry format: " + std::string(what));
}

// The member under either name; null when it is absent or null.
const value* member(const object& from, std::string_view camel, std::string_view snake) {
  const auto* found = from.if_contains(camel);
  if (found == nullptr) found = from.if_contains(snake);
  return found == nullptr || found->is_null() ? nullptr : found;
}
const value* member(const object& from, std::string_view name) {
  return member(from, name, name);
}

Result<std::string> text(const value* from, std::string_view what) {
  if (from == nullptr) return std::string();
  if (!from->is_string()) return malformed(std::string(what) + " is no text");
  return std::string(from->get_string());
}

Result<std::string> id(const value* from, std::string_view what) {
  SW_TRY(const auto hex, text(from, what));
  auto bytes = from_hex(hex);
  if (!bytes) return malformed(std::string(what) + " is not hex");
  return *std::move(bytes);
}

Result<std::uint64_t> nanos(const value* from, std::string_view what) {
  if (from == nullptr) return std::uint64_t{0};
  if (from->is_uint64()) return from->get_uint64();
  if (from->is_int64() && from->get_int64() >= 0) {
    return static_cast<std::uint64_t>(from->get_int64());
  }
  if (from->is_string()) {
    const auto number = parse_int(std::string_view(from->get_string()));
    if (number && *number >= 0) return static_cast<std::uint64_t>(*number);
  }
  return malformed(std::string(what) + " is no time");
}

// Calls `each` with the objects of a list that may be absent.
template <class Each>
Result<void> for_each(const value* list, std::string_view what, const Each& each) {
  if (list == nullptr) return {};
  if (!list->is_array()) return malformed(std::string(what) + " is no list");
  for (const auto& item : list->get_array()) {
    if (!item.is_object()) return malformed(std::string(what) + " has an item that is no object");
    SW_CHECK_OK(each(item.get_object()));
  }
  return {};
}

Result<value> any_value(const object& from);

Result<void> attributes(const value* list, Attributes& into) {
  return for_each(list, "attributes", [&](const object& pair) -> Result<void> {
    SW_TRY(const auto key, text(member(pair, "key"), "a key"));
    value made;
    if (const auto* given = member(pair, "value")) {
      if (!given->is_object()) return malformed("a value is no object");
      SW_TRY(made, any_value(given->get_object()));
    }
    into.insert_or_assign(key, std::move(made));
    return {};
  });
}

Result<value> real(const value& from) {
  if (from.is_number()) return value(from.to_number<double>());
  if (from.is_string()) {
    const std::string_view word(from.get_string());
    constexpr auto kInfinity = std::numeric_limits<double>::infinity();
    if (word == "NaN") return value(std::numeric_limits<double>::quiet_NaN());
    if (word == "Infinity") return value(kInfinity);
    if (word == "-Infinity") return value(-kInfinity);
    if (const auto number = parse_double(word)) return value(*number);
  }
  return malformed("doubleValue is no number");
}

Result<value> integer(const value& from) {
  if (from.is_int64()) return value(from.get_int64());
  if (from.is_string()) {
    if (const auto number = parse_int(std::string_view(from.get_string()))) return value(*number);
  }
  if (from.is_double() && from.get_double() == std::floor(from.get_double()) &&
      std::abs(from.get_double()) < 9e18) {
    return value(static_cast<std::int64_t>(from.get_double()));
  }
  return malformed("intValue is no integer");
}

// The reader of JSON bounds how deep they lie.
Result<value> any_value(const object& from) {
  if (const auto* given = member(from, "stringValue", "string_value")) {
    SW_TRY(const auto made, text(given, "stringValue"));
    return value(made);
  }
  if (const auto* given = member(from, "boolValue", "bool_value")) {
    if (!given->is_bool()) return malformed("boolValue is no flag");
    return value(given->get_bool());
  }
  if (const auto* given = member(from, "intValue", "int_value")) return integer(*given);
  if (const auto* given = member(from, "doubleValue", "double_value")) return real(*given);
  if (const auto* given = member(from, "bytesValue", "bytes_value")) {
    SW_TRY(const auto made, text(given, "bytesValue"));
    const auto bytes = from_base64(made);
    if (!bytes) return malformed("bytesValue is not base64");
    return value(shown_bytes(*bytes));
  }
  if (const auto* given = member(from, "arrayValue", "array_value")) {
    if (!given->is_object()) return malformed("arrayValue is no object");
    json::array out;
    SW_CHECK_OK(for_each(member(given->get_object(), "values"), "values",
                         [&](const object& item) -> Result<void> {
                           SW_TRY(auto made, any_value(item));
                           out.push_back(std::move(made));
                           return {};
                         }));
    return value(std::move(out));
  }
  if (const auto* given = member(from, "kvlistValue", "kvlist_value")) {
    if (!given->is_object()) return malformed("kvlistValue is no object");
    Attributes out;
    SW_CHECK_OK(attributes(member(given->get_object(), "values"), out));
    return value(std::move(out));
  }
  return value(nullptr);
}

Result<int> status_code(const value* from) {
  if (from == nullptr) return 0;
  if (from->is_int64()) return from->get_int64() == 1 ? 1 : from->get_int64() == 2 ? 2 : 0;
  if (from->is_string()) {
    const std::string_view name(from->get_string());
    if (name == "STATUS_CODE_UNSET") return 0;
    if (name == "STATUS_CODE_OK") return 1;
    if (name == "STATUS_CODE_ERROR") return 2;
  }
  return malformed("a status code is unknown");
}

Result<SpanIn> span(const object& from) {
  SpanIn out;
  SW_TRY(out.trace_id, id(member(from, "traceId", "trace_id"), "traceId"));
  SW_TRY(out.span_id, id(member(from, "spanId", "span_id"), "spanId"));
  SW_TRY(out.parent_id, id(member(from, "parentSpanId", "parent_span_id"), "parentSpanId"));
  SW_TRY(out.name, text(member(from, "name"), "name"));
  SW_TRY(out.started_ns,
         nanos(member(from, "startTimeUnixNano", "start_time_unix_nano"), "startTimeUnixNano"));
  SW_TRY(out.ended_ns,
         nanos(member(from, "endTimeUnixNano", "end_time_unix_nano"), "endTimeUnixNano"));
  SW_CHECK_OK(attributes(member(from, "attributes"), out.attributes));
  if (const auto* given = member(from, "status")) {
    if (!given->is_object()) return malformed("status is no object");
    SW_TRY(out.status, status_code(member(given->get_object(), "code")));
    SW_TRY(out.message, text(member(given->get_object(), "message"), "message"));
  }
  SW_CHECK_OK(for_each(member(from, "events"), "events", [&](const object& event) -> Result<void> {
    EventIn made;
    SW_TRY(made.name, text(member(event, "name"), "name"));
    SW_TRY(made.at_ns, nanos(member(event, "timeUnixNano", "time_unix_nano"), "timeUnixNano"));
    SW_CHECK_OK(attributes(member(event, "attributes"), made.attributes));
    out.events.push_back(std::move(made));
    return {};
  }));
  SW_CHECK_OK(for_each(member(from, "links"), "links", [&](const object& link) -> Result<void> {
    LinkIn made;
    SW_TRY(made.trace_id, id(member(link, "traceId", "trace_id"), "traceId"));
    SW_TRY(made.span_id, id(member(link, "spanId", "span_id"), "spanId"));
    SW_CHECK_OK(attributes(member(link, "attributes"), made.attributes));
    out.links.push_back(std::move(made));
    return {};
  }));
  return out;
}

}  // namespace

Result<ExportIn> read_json(std::string_view text) {
  const auto document = json::parse_value(text);
  if (!document || !document->is_object()) return malformed("the body is no JSON object");
  ExportIn out;
  SW_CHECK_OK(for_each(
      member(document->get_object(), "resourceSpans", "resource_spans"), "resourceSpans",
      [&](const object& one) -> Result<void> {
        ResourceIn made;
        if (const auto* resource = member(one, "resource")) {
          if (!resource->is_object()) return malformed("resource is no object");
          SW_CHECK_OK(attributes(member(resource->get_object(), "attributes"), made.attributes));
        }
        SW_CHECK_OK(for_each(member(one, "scopeSpans", "scope_spans"), "scopeSpans",
                             [&](const object& scope) {
                               return for_each(member(scope, "spans"), "spans",
                                               [&](const object& from) -> Result<void> {
                                                 SW_TRY(auto each, span(from));
                                                 made.spans.push_back(std::move(each));
                                                 return {};
                                               });
                             }));
        out.push_back(std::move(made));
        return {};
      }));
  return out;
}

}  // namespace slipway::wire::otlp
