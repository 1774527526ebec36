// SPDX-License-Identifier: Apache-2.0
#include "batches.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "attributes.h"
#include "base/text.h"
#include "json/spaced.h"
#include "preview.h"
#include "translate.h"
#include "words.h"

namespace slipway::wire::otlp {
namespace {

using json::Escape;
using tracing::SpanBatch;
using tracing::SpanStatus;

constexpr std::size_t kSessionLimit = 250;
constexpr std::size_t kTagKeyLimit = 250;
constexpr std::size_t kTagLimit = 8'000;
constexpr std::size_t kNameLimit = 4'096;
constexpr std::size_t kModelLimit = 500;
constexpr std::uint64_t kLatest = std::numeric_limits<std::int64_t>::max();

// Those whose name is shown on the trace's root.
constexpr std::string_view kKnownServices[] = {"claude-code", "codex_cli_rs", "codex_vscode",
                                               "gemini-cli", "qwen-code"};

std::size_t length_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string cut(std::string text, std::size_t characters) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80 && n++ == characters) {
      text.resize(i);
      break;
    }
  }
  return text;
}

// What MLflow takes for the name of a tag.
bool is_tag_key(std::string_view key) {
  if (key.empty() || length_of(key) > kTagKeyLimit || key.front() == '/' || key.front() == '.' ||
      key.find("//") != std::string_view::npos || key.find("/.") != std::string_view::npos) {
    return false;
  }
  return std::all_of(key.begin(), key.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || std::string_view("_/.- :").find(c) != std::string_view::npos;
  });
}

Result<std::string> padded(const std::string& id, std::size_t size, std::string_view what) {
  if (id.empty()) return invalid("a span has no " + std::string(what));
  if (id.size() > size) {
    return invalid(std::string(what) + " '" + to_hex(id).substr(0, 64) + "' is longer than " +
                   std::to_string(size) + " bytes");
  }
  return std::string(size - id.size(), '\0') + id;
}

// JSON has no NaN and no infinities: here they become texts.
void make_finite(json::value& value) {
  if (value.is_double() && !std::isfinite(value.get_double())) {
    value = json::value(number_text(value.get_double()));
  } else if (value.is_array()) {
    for (auto& item : value.get_array()) make_finite(item);
  } else if (value.is_object()) {
    for (auto& item : value.get_object()) make_finite(item.value());
  }
}

std::string spaced(const Attributes& attributes) {
  json::value finite(attributes);
  make_finite(finite);
  return json::dump_spaced(finite, Escape::none);
}

void append_events(std::string& out, const std::vector<EventIn>& events) {
  out += '[';
  for (std::size_t i = 0; i < events.size(); ++i) {
    out += i == 0 ? "{\"name\": " : ", {\"name\": ";
    json::append_spaced(out, events[i].name, Escape::none);
    out += ", \"time_unix_nano\": " + std::to_string(events[i].at_ns) +
           ", \"attributes\": " + spaced(events[i].attributes) + "}";
  }
  out += ']';
}

void append_links(std::string& out, const std::vector<LinkIn>& links) {
  out += '[';
  bool first = true;
  for (const auto& link : links) {
    const auto trace = padded(link.trace_id, 16, "traceId");
    const auto span = padded(link.span_id, 8, "spanId");
    if (!trace || !span) continue;
    out += first ? "{\"trace_id\": \"tr-" : ", {\"trace_id\": \"tr-";
    first = false;
    out += to_hex(*trace) + "\", \"span_id\": \"" + to_hex(*span) + "\", \"attributes\": " +
           (link.attributes.empty() ? std::string("null") : spaced(link.attributes)) + "}";
  }
  out += ']';
}

struct Ids {
  std::string trace;   // 16 bytes
  std::string span;    // 8
  std::string parent;  // 8, or none
};

// The form of docs/formats/spans.md.
std::string body_of(const SpanIn& in, const Ids& ids, const AttributeTexts& attributes) {
  constexpr std::string_view kCodes[] = {"STATUS_CODE_UNSET", "STATUS_CODE_OK",
                                         "STATUS_CODE_ERROR"};
  std::string out = "{\"trace_id\": \"" + to_base64(ids.trace) + "\", \"span_id\": \"" +
                    to_base64(ids.span) + "\", \"parent_span_id\": " +
                    (ids.parent.empty() ? "null" : "\"" + to_base64(ids.parent) + "\"") +
                    ", \"name\": ";
  json::append_spaced(out, in.name, Escape::none);
  out += ", \"start_time_unix_nano\": " + std::to_string(in.started_ns) +
         ", \"end_time_unix_nano\": " + (in.ended_ns == 0 ? "null" : std::to_string(in.ended_ns)) +
         ", \"events\": ";
  append_events(out, in.events);
  out += ", \"status\": {\"code\": \"";
  out += kCodes[in.status];
  out += "\", \"message\": ";
  json::append_spaced(out, in.status == 2 ? in.message : std::string(), Escape::none);
  out += "}, \"attributes\": {";
  bool first = true;
  for (const auto& [key, text] : attributes.all()) {
    if (!first) out += ", ";
    first = false;
    json::append_spaced(out, key, Escape::none);
    out += ": ";
    json::append_spaced(out, text, Escape::none);
  }
  out += "}, \"links\": ";
  append_links(out, in.links);
  return out += '}';
}

std::optional<tracing::Usage> usage_of(const AttributeTexts& attributes) {
  const auto* text = attributes.find(kTokenUsage);
  if (text == nullptr) return std::nullopt;
  const auto value = json::parse_value(*text);
  if (!value || !value->is_object()) return std::nullopt;
  tracing::Usage out;
  out.input = json::int_at(*value, "input_tokens");
  out.output = json::int_at(*value, "output_tokens");
  out.total = json::int_at(*value, "total_tokens");
  out.cache_read = json::int_at(*value, "cache_read_input_tokens");
  out.cache_write = json::int_at(*value, "cache_creation_input_tokens");
  out.cache_write_1h = json::int_at(*value, "cache_creation_input_tokens_above_1hr");
  return out;
}

std::optional<tracing::Cost> cost_of(const AttributeTexts& attributes) {
  const auto* text = attributes.find(kCost);
  if (text == nullptr) return std::nullopt;
  const auto value = json::parse_value(*text);
  if (!value || !value->is_object()) return std::nullopt;
  tracing::Cost out{json::number_at(*value, "input_cost"), json::number_at(*value, "output_cost"),
                    json::number_at(*value, "total_cost")};
  return out.any() ? std::optional(out) : std::nullopt;
}

// The text of an attribute, or its JSON where it is none.
std::optional<std::string> plain(const AttributeTexts& attributes, std::string_view key) {
  const auto* json = attributes.filled(key);
  if (json == nullptr) return std::nullopt;
  if (auto text = text_of(*json)) return text;
  return *json;
}

void add_tag(SpanBatch& batch, const std::string& key, std::string value) {
  if (!is_tag_key(key)) return;
  if (key == kTraceName) {
    batch.name = cut(std::move(value), kNameLimit);
  } else {
    batch.tags.push_back({key, cut(std::move(value), kTagLimit)});
  }
}

// What the whole trace takes from its root.
void take_root(const AttributeTexts& attributes, SpanBatch& batch) {
  if (const auto* inputs = attributes.filled(kInputs)) batch.request = preview_of(*inputs, "user");
  if (const auto* outputs = attributes.filled(kOutputs)) {
    batch.response = preview_of(*outputs, "assistant");
  }
  for (const auto& [key, json] : attributes.all()) {
    if (!key.starts_with(kTagPrefix)) continue;
    auto text = text_of(json);
    add_tag(batch, key.substr(kTagPrefix.size()), text ? *std::move(text) : json);
  }
}

Result<void> take_any(const AttributeTexts& attributes, SpanBatch& batch) {
  if (!batch.session) {
    auto session = plain(attributes, "session.id");
    if (!session) session = plain(attributes, "gen_ai.conversation.id");
    if (session && length_of(*session) > kSessionLimit) {
      return invalid("the session id is longer than " + std::to_string(kSessionLimit) +
                     " characters");
    }
    batch.session = std::move(session);
  }
  if (batch.metadata.empty()) {
    if (auto user = plain(attributes, "user.id")) {
      batch.metadata.push_back({std::string(kTraceUser), *std::move(user)});
    }
  }
  return {};
}

void take_resource(const Attributes& resource, SpanBatch& batch) {
  for (const auto& [name, value] : resource) {
    const std::string key{std::string_view(name)};
    if (key.starts_with("telemetry.sdk.") || key.starts_with("mlflow.")) continue;
    add_tag(batch, key,
            value.is_string() ? std::string(value.get_string())
                              : json::dump_spaced(value, Escape::ascii));
  }
}

std::optional<std::string> service_of(const Attributes& resource) {
  const auto* name = resource.if_contains("service.name");
  if (name == nullptr || !name->is_string()) return std::nullopt;
  const std::string_view text(name->get_string());
  if (std::find(std::begin(kKnownServices), std::end(kKnownServices), text) ==
      std::end(kKnownServices)) {
    return std::nullopt;
  }
  return std::string(text);
}

Result<Ids> ids_of(const SpanIn& in) {
  Ids out;
  SW_TRY(out.trace, padded(in.trace_id, 16, "traceId"));
  SW_TRY(out.span, padded(in.span_id, 8, "spanId"));
  const bool none =
      std::all_of(in.parent_id.begin(), in.parent_id.end(), [](char c) { return c == '\0'; });
  if (!none) {
    SW_TRY(out.parent, padded(in.parent_id, 8, "parentSpanId"));
  }
  if (in.started_ns > kLatest || in.ended_ns > kLatest) {
    return invalid("a time of a span lies beyond the year 2262");
  }
  return out;
}

}  // namespace

Result<Batches> batches_of(const ExportIn& in) {
  Batches out;
  std::unordered_map<std::string, std::size_t> places;
  for (const auto& resource : in) {
    const auto service = service_of(resource.attributes);
    for (const auto& from : resource.spans) {
      const auto ids = ids_of(from);
      if (!ids) {
        if (out.refused++ == 0) out.why = ids.error().message;
        continue;
      }
      const std::string trace = "tr-" + to_hex(ids->trace);
      AttributeTexts attributes(from.attributes);
      attributes.set(kRequestId, json_text(trace));
      if (service && ids->parent.empty()) attributes.set("service.name", json_text(*service));
      translate(attributes, from.events);

      const auto [place, is_new] = places.emplace(trace, out.batches.size());
      if (is_new) {
        out.batches.emplace_back();
        out.batches.back().trace = tracing::TraceId(trace);
      }
      auto& batch = out.batches[place->second];
      if (batch.tags.empty()) take_resource(resource.attributes, batch);
      SW_CHECK_OK(take_any(attributes, batch));
      if (ids->parent.empty()) {
        take_root(attributes, batch);
        out.rooted.push_back(batch.trace);
      }
      tracing::Span span;
      span.id = to_hex(ids->span);
      span.parent = to_hex(ids->parent);
      span.name = from.name;
      span.type = attributes.text(kSpanType);
      span.status = static_cast<SpanStatus>(from.status);
      span.started_ns = static_cast<std::int64_t>(from.started_ns);
      if (from.ended_ns != 0) span.ended_ns = static_cast<std::int64_t>(from.ended_ns);
      span.usage = usage_of(attributes);
      span.cost = cost_of(attributes);
      if (auto model = attributes.text(kModel)) span.model = cut(*std::move(model), kModelLimit);
      if (auto maker = attributes.text(kProvider)) {
        span.provider = cut(*std::move(maker), kModelLimit);
      }
      span.body = body_of(from, *ids, attributes);
      batch.spans.push_back(std::move(span));
    }
  }
  return out;
}

}  // namespace slipway::wire::otlp
