// SPDX-License-Identifier: Apache-2.0
#include "span_bytes.h"

#include <algorithm>
#include <limits>

#include "api.h"
#include "base/protobuf_write.h"
#include "base/text.h"

namespace slipway::drivers::mlflow {
namespace {

constexpr std::string_view kPrefix = "tr-";
constexpr std::size_t kTraceDigits = 32;

std::string any_value(const value& from);

std::string key_value(std::string_view key, const value& from) {
  std::string out;
  put_text(out, 1, key);
  put_bytes(out, 2, any_value(from));
  return out;
}

// Members of AnyValue: a oneof, so a default is written too.
std::string any_value(const value& from) {
  std::string out;
  switch (from.kind()) {
    case boost::json::kind::null:
      break;
    case boost::json::kind::string:
      put_bytes(out, 1, std::string_view(from.get_string()));
      break;
    case boost::json::kind::bool_:
      put_number(out, 2, from.get_bool() ? 1 : 0);
      break;
    case boost::json::kind::int64:
      put_number(out, 3, static_cast<std::uint64_t>(from.get_int64()));
      break;
    case boost::json::kind::uint64:  // more than fits: a text keeps every digit
      put_bytes(out, 1, std::to_string(from.get_uint64()));
      break;
    case boost::json::kind::double_:
      put_fixed(out, 4, from.get_double());
      break;
    case boost::json::kind::array: {
      std::string inner;
      for (const auto& item : from.get_array()) put_bytes(inner, 1, any_value(item));
      put_bytes(out, 5, inner);
      break;
    }
    case boost::json::kind::object: {
      std::string inner;
      for (const auto& item : from.get_object()) {
        put_bytes(inner, 1, key_value(std::string_view(item.key()), item.value()));
      }
      put_bytes(out, 6, inner);
      break;
    }
  }
  return out;
}

// The value of an attribute is JSON inside a text.
value inner_of(const value& from) {
  if (!from.is_string()) return from;
  const std::string_view json(from.get_string());
  using Limits = std::numeric_limits<double>;
  if (json == "NaN") return value(Limits::quiet_NaN());
  if (json == "Infinity") return value(Limits::infinity());
  if (json == "-Infinity") return value(-Limits::infinity());
  auto parsed = json::parse_value(json);
  return parsed ? *std::move(parsed) : value(json);
}

void put_attributes(std::string& out, std::uint32_t field, const value& from, bool texts) {
  const auto& all = member(from, "attributes");
  if (!all.is_object()) return;
  for (const auto& item : all.get_object()) {
    const auto pair =
        key_value(std::string_view(item.key()), texts ? inner_of(item.value()) : item.value());
    put_bytes(out, field, pair);
  }
}

void put_time(std::string& out, std::uint32_t field, const value& from, std::string_view key) {
  if (const auto at = whole(from, key)) put_fixed(out, field, static_cast<std::uint64_t>(*at));
}

void put_events(std::string& out, const value& span) {
  for (const auto& event : list(span, "events")) {
    std::string inner;
    put_time(inner, 1, event, "time_unix_nano");
    put_text(inner, 2, text(event, "name"));
    put_attributes(inner, 3, event, false);
    put_bytes(out, 11, inner);
  }
}

void put_links(std::string& out, const value& span) {
  for (const auto& link : list(span, "links")) {
    auto trace = text(link, "trace_id");
    if (trace.starts_with(kPrefix)) trace.erase(0, kPrefix.size());
    const auto trace_id = from_hex(trace);
    const auto span_id = from_hex(text(link, "span_id"));
    if (!trace_id || !span_id) continue;
    std::string inner;
    put_bytes(inner, 1, *trace_id);
    put_bytes(inner, 2, *span_id);
    put_attributes(inner, 4, link, false);
    put_bytes(out, 13, inner);
  }
}

void put_status(std::string& out, const value& span) {
  const auto& status = member(span, "status");
  const auto code = text(status, "code");
  std::string inner;
  put_text(inner, 2, text(status, "message"));
  if (code == "STATUS_CODE_OK") put_number(inner, 3, 1);
  if (code == "STATUS_CODE_ERROR") put_number(inner, 3, 2);
  if (!inner.empty()) put_bytes(out, 15, inner);
}

}  // namespace

bool has_otlp_id(const std::string& trace) {
  if (!trace.starts_with(kPrefix) || trace.size() != kPrefix.size() + kTraceDigits) return false;
  return from_hex(std::string_view(trace).substr(kPrefix.size())).has_value();
}

Result<std::string> spans_to_otlp(const transfer::TraceRecord& trace) {
  const auto trace_id = from_hex(std::string_view(trace.id).substr(kPrefix.size()));
  std::string scope;
  for (const auto& record : trace.spans) {
    SW_TRY(const auto span, json::parse_value(record.body));
    const auto id = from_hex(record.id);
    const auto parent = from_hex(record.parent);
    if (!trace_id || !id || !parent) return invalid("a span of '" + trace.id + "' has a bad id");
    std::string out;
    put_bytes(out, 1, *trace_id);
    put_bytes(out, 2, *id);
    if (!parent->empty()) put_bytes(out, 4, *parent);
    put_text(out, 5, record.name);
    put_time(out, 7, span, "start_time_unix_nano");
    put_time(out, 8, span, "end_time_unix_nano");
    put_attributes(out, 9, span, true);
    put_events(out, span);
    put_links(out, span);
    put_status(out, span);
    put_bytes(scope, 2, out);
  }
  std::string resource;
  put_bytes(resource, 2, scope);
  std::string request;
  put_bytes(request, 1, resource);
  return request;
}

}  // namespace slipway::drivers::mlflow
