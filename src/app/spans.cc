// SPDX-License-Identifier: Apache-2.0
#include "app/spans.h"

#include <cstdio>
#include <utility>

#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/text.h"
#include "fetch/fetch.h"

namespace slipway::app {
namespace {

constexpr std::size_t kMostWaiting = 8192;
constexpr std::size_t kAtOnce = 512;
constexpr int kEveryMs = 1000;
constexpr int kTimeoutMs = 5000;

bool is_hex(std::string_view text) {
  bool any = false;
  for (const char c : text) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
    any = any || c != '0';
  }
  return any;  // all zeros is no id
}

std::string random_hex(int words) {
  std::string out;
  for (int i = 0; i < words; ++i) {
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(random_u64()));
    out += text;
  }
  return out;
}

void append_attribute(std::string& out, std::string_view key, const std::string& value) {
  if (out.back() != '[') out += ',';
  out += "{\"key\":\"" + std::string(key) + "\",\"value\":{\"stringValue\":";
  append_json_string(out, value);
  out += "}}";
}

void append_attribute(std::string& out, std::string_view key, std::int64_t value) {
  if (out.back() != '[') out += ',';
  out += "{\"key\":\"" + std::string(key) + "\",\"value\":{\"intValue\":\"" +
         std::to_string(value) + "\"}}";
}

// By the semantic conventions of OpenTelemetry.
void append_attributes(std::string& out, const ServedCall& call) {
  if (call.grpc) {
    const auto slash = call.name.find('/');
    append_attribute(out, "rpc.system", "grpc");
    append_attribute(out, "rpc.service", call.name.substr(0, slash));
    append_attribute(out, "rpc.method", call.name.substr(slash + 1));
    append_attribute(out, "rpc.grpc.status_code", call.status);
  } else {
    append_attribute(out, "http.request.method", call.method);
    append_attribute(out, "http.route", call.route);
    append_attribute(out, "http.response.status_code", call.status);
  }
  append_attribute(out, "url.path", call.path);
  append_attribute(out, "slipway.request_id", call.request_id);
}

// `own`: the context that was given to the caller and to whoever was asked on its behalf.
std::string span_json(const ServedCall& call, const TraceContext& own, const std::string& parent) {
  const auto end = system_clock().now().ms * 1'000'000;
  std::string out = "{\"traceId\":\"" + own.trace_id + "\",\"spanId\":\"" + own.parent_id + "\"";
  if (!parent.empty()) out += ",\"parentSpanId\":\"" + parent + "\"";
  out += ",\"name\":";
  append_json_string(out, call.name);
  out += ",\"kind\":2,\"startTimeUnixNano\":\"" + std::to_string(end - call.took_ns) +
         "\",\"endTimeUnixNano\":\"" + std::to_string(end) + "\",\"attributes\":[";
  append_attributes(out, call);
  return out + "],\"status\":{\"code\":" + (call.failed ? "2" : "1") + "}}";
}

}  // namespace

std::optional<TraceContext> parse_traceparent(std::string_view text) {
  constexpr std::size_t kSize = 55;
  if (text.size() < kSize || text[2] != '-' || text[35] != '-' || text[52] != '-') {
    return std::nullopt;
  }
  const auto version = text.substr(0, 2);
  if (version == "ff" || (version == "00" && text.size() != kSize)) return std::nullopt;
  if (version != "00" && !is_hex(version)) return std::nullopt;
  if (text.size() > kSize && text[kSize] != '-') return std::nullopt;
  TraceContext out{.trace_id = std::string(text.substr(3, 32)),
                   .parent_id = std::string(text.substr(36, 16))};
  const auto flags = text.substr(53, 2);
  if (!is_hex(out.trace_id) || !is_hex(out.parent_id)) return std::nullopt;
  const auto bits = from_hex(flags);
  if (!bits || bits->size() != 1) return std::nullopt;
  out.sampled = (static_cast<unsigned char>(bits->front()) & 1) != 0;
  return out;
}

std::string own_traceparent(const TraceContext* caller) {
  const bool sampled = caller == nullptr || caller->sampled;
  return "00-" + (caller == nullptr ? random_hex(2) : caller->trace_id) + "-" + random_hex(1) +
         (sampled ? "-01" : "-00");
}

SpanExport::SpanExport(std::string url, double share, meter::Registry& meters)
    : url_(std::move(url)),
      share_(share),
      sent_(meters.counter("slipway_spans_exported_total", "Spans that the collector took")),
      dropped_(meters.counter("slipway_spans_dropped_total",
                              "Spans that did not fit into the queue or were not taken")) {
  if (!url_.ends_with("/v1/traces")) url_ += url_.ends_with('/') ? "v1/traces" : "/v1/traces";
  sender_ = std::make_unique<Worker>("span-export", [this](const Worker::Sleep& sleep) {
    while (sleep(kEveryMs)) send();
    send();
  });
}

SpanExport::~SpanExport() {
  sender_.reset();
}

bool SpanExport::takes_turn() {
  const auto turn = turn_.fetch_add(1, std::memory_order_relaxed);
  return static_cast<double>((turn * 0x9E3779B97F4A7C15ULL) >> 11) * 0x1.0p-53 < share_;
}

void SpanExport::offer(const ServedCall& call) {
  const auto own = parse_traceparent(call.own);
  if (!own || !own->sampled) return;
  const auto caller = parse_traceparent(call.traceparent);
  auto span = span_json(call, *own, caller ? caller->parent_id : std::string());
  const std::scoped_lock lock(mutex_);
  if (waiting_.size() >= kMostWaiting) return dropped_.add();
  waiting_.push_back(std::move(span));
}

void SpanExport::send() {
  while (true) {
    std::string body =
        "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\","
        "\"value\":{\"stringValue\":\"slipway\"}}]},\"scopeSpans\":[{\"scope\":{\"name\":"
        "\"slipway.serving\"},\"spans\":[";
    std::size_t count = 0;
    {
      const std::scoped_lock lock(mutex_);
      if (waiting_.empty()) return;
      for (; count < waiting_.size() && count < kAtOnce; ++count) {
        if (count > 0) body += ',';
        body += waiting_[count];
      }
      waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
    }
    body += "]}]}]}";
    const auto answer = fetch::send({.method = "POST",
                                     .url = url_,
                                     .headers = {{"content-type", "application/json"}},
                                     .body = std::move(body),
                                     .timeout_ms = kTimeoutMs});
    if (answer && answer->status / 100 == 2) {
      sent_.add(static_cast<double>(count));
      continue;
    }
    dropped_.add(static_cast<double>(count));
    log::warn("spans.not_exported", {{"url", url_},
                                     {"spans", count},
                                     {"why", answer ? "status " + std::to_string(answer->status)
                                                    : answer.error().message}});
    return;
  }
}

}  // namespace slipway::app
