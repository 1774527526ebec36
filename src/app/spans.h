// SPDX-License-Identifier: Apache-2.0
// Predictions as spans of distributed traces: W3C trace context in, OTLP/HTTP out.
//
// A request that brings a traceparent is a child of its caller's span, exported when the caller
// samples it; of the others a share is exported as traces of their own. The queue is bounded: what
// does not fit is dropped and counted, and no request waits.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/pool.h"
#include "meter/meter.h"

namespace slipway::app {

struct TraceContext {
  std::string trace_id;   // 32 hex digits
  std::string parent_id;  // 16
  bool sampled = false;
};
// "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"; nothing when it is not one.
std::optional<TraceContext> parse_traceparent(std::string_view text);

// The context of a span of ours below `caller`, or of a trace that begins here.
std::string own_traceparent(const TraceContext* caller);

struct ServedCall {
  std::string_view traceparent;  // as it came; may be empty
  std::string_view own;          // what `begin` made of it
  std::string method;            // "POST"; empty over gRPC
  std::string route;             // "/v2/models/{name}/infer"
  std::string name;              // "POST /v2/models/{name}/infer"
  std::string path;
  std::string request_id;
  int status = 0;  // of HTTP, or a gRPC code
  bool grpc = false;
  bool failed = false;
  std::int64_t took_ns = 0;
};

// Thread-safe.
class SpanExport {
 public:
  // `url` of a collector, "/v1/traces" is added unless it is there. `share` in [0, 1].
  SpanExport(std::string url, double share, meter::Registry& meters);
  ~SpanExport();  // sends what waits, once

  // Whether a request that brought no context begins a trace of its own.
  bool takes_turn();
  // Nothing when the span is not to be exported.
  void offer(const ServedCall& call);

 private:
  void send();

  std::string url_;
  const double share_;
  meter::Counter& sent_;
  meter::Counter& dropped_;
  std::atomic<std::uint64_t> turn_{0};
  std::mutex mutex_;
  std::vector<std::string> waiting_;  // spans as JSON
  std::unique_ptr<Worker> sender_;
};

}  // namespace slipway::app
