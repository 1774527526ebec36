// SPDX-License-Identifier: Apache-2.0
#include "app/middleware.h"

#include <array>
#include <atomic>
#include <memory>
#include <unordered_map>

#include "app/spans.h"
#include "base/log.h"

namespace slipway::app {
namespace {

// The handles of one route, so that a request looks nothing up by name. A route that nobody asks
// for has no series.
struct RouteMeters {
  std::string wire = "none";  // no such route
  std::string pattern;
  std::atomic<meter::Histogram*> seconds{nullptr};
  std::array<std::atomic<meter::Counter*>, 600> by_status{};
};

class Meters {
 public:
  Meters(const net::Router& router, meter::Registry& registry) : registry_(registry) {
    for (const auto& route : router.routes()) {
      auto& meters = routes_[&route];
      meters.wire = route.wire;
      meters.pattern = route.pattern;
    }
  }

  void count(const net::Route* route, int status, double seconds) {
    const auto found = routes_.find(route);
    RouteMeters& meters = found == routes_.end() ? unknown_ : found->second;
    auto* histogram = meters.seconds.load(std::memory_order_acquire);
    if (histogram == nullptr) {
      histogram = &registry_.histogram("slipway_request_duration_seconds",
                                       "Time from the head of a request to the end of its answer",
                                       {{"wire", meters.wire}, {"route", meters.pattern}});
      meters.seconds.store(histogram, std::memory_order_release);
    }
    histogram->observe(seconds);
    auto& slot = meters.by_status[static_cast<std::size_t>(status < 600 ? status : 599)];
    auto* counter = slot.load(std::memory_order_acquire);
    if (counter == nullptr) {
      counter = &registry_.counter(
          "slipway_requests_total", "Requests answered, by status code (0: the client went away)",
          {{"wire", meters.wire}, {"route", meters.pattern}, {"code", std::to_string(status)}});
      slot.store(counter, std::memory_order_release);
    }
    counter->add();
  }

 private:
  meter::Registry& registry_;
  std::unordered_map<const net::Route*, RouteMeters> routes_;  // filled once
  RouteMeters unknown_;
};

constexpr std::string_view kPredicts = "endpoint.invoke";

// Of the caller, or one that begins here.
std::string_view trace_of(const net::Request& request) {
  const std::string_view own = request.traceparent;
  return own.empty() ? own : own.substr(3, 32);
}

// Who brings a trace context gets one of ours below it; of the predictions of others a share
// begins a trace, when there is somebody to export it to.
void trace(net::Request& request, const std::string& action, const Around& around) {
  if (const auto caller = parse_traceparent(request.headers.get("traceparent"))) {
    request.traceparent = own_traceparent(&*caller);
  } else if (around.spans != nullptr && action == kPredicts && around.spans->takes_turn()) {
    request.traceparent = own_traceparent(nullptr);
  }
}

// A name that a client gives itself; it is a claim, recorded as such, until users can sign in.
bool is_sane_name(std::string_view name) {
  if (name.empty() || name.size() > 100) return false;
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  return true;
}

}  // namespace

net::Middleware make_middleware(const net::Router& router, meter::Registry& meters,
                                const Around& around) {
  net::Middleware out;
  out.before = [gate = around.gate, around](net::Request& request,
                                            const net::Route& route) -> Result<void> {
    trace(request, route.action, around);
    const auto actor = request.headers.get("x-slipway-actor");
    if (is_sane_name(actor)) request.principal = actor;
    if (gate == nullptr) return {};
    return gate->allow({.name = request.principal}, route.action, request.path);
  };
  auto counters = std::make_shared<Meters>(router, meters);
  out.after = [counters, around](const net::Request& request, const net::Route* route, int status,
                                 std::int64_t took_ns) {
    counters->count(route, status, static_cast<double>(took_ns) * 1e-9);
    if (around.spans != nullptr && route != nullptr && route->action == kPredicts) {
      around.spans->offer({.traceparent = request.headers.get("traceparent"),
                           .own = request.traceparent,
                           .method = std::string(name_of(request.method)),
                           .route = route->pattern,
                           .name = std::string(name_of(request.method)) + " " + route->pattern,
                           .path = request.path,
                           .request_id = request.request_id,
                           .status = status,
                           .failed = status == 0 || status >= 500,
                           .took_ns = took_ns});
    }
    (around.access_log ? log::info : log::debug)("http.request",
                                                 {{"method", name_of(request.method)},
                                                  {"path", request.path},
                                                  {"status", status},
                                                  {"ms", static_cast<double>(took_ns) * 1e-6},
                                                  {"request_id", request.request_id},
                                                  {"trace_id", trace_of(request)},
                                                  {"remote", request.remote}});
  };
  return out;
}

namespace {

// The handles of one method.
struct MethodMeters {
  std::atomic<meter::Histogram*> seconds{nullptr};
  std::array<std::atomic<meter::Counter*>, 17> by_code{};
};

class GrpcMeters {
 public:
  GrpcMeters(const net::GrpcRouter& router, meter::Registry& registry) : registry_(registry) {
    for (const auto& [path, method] : router.methods()) methods_[&method];
  }

  void count(const net::GrpcMethod* method, net::GrpcCode code, double seconds) {
    const auto found = methods_.find(method);
    MethodMeters& meters = found == methods_.end() ? unknown_ : found->second;
    const std::string path = method == nullptr ? "" : method->path;
    auto* histogram = meters.seconds.load(std::memory_order_acquire);
    if (histogram == nullptr) {
      histogram = &registry_.histogram("slipway_grpc_duration_seconds",
                                       "Time from the head of a call to the end of its answer",
                                       {{"method", path}});
      meters.seconds.store(histogram, std::memory_order_release);
    }
    histogram->observe(seconds);
    auto& slot = meters.by_code[static_cast<std::size_t>(code)];
    auto* counter = slot.load(std::memory_order_acquire);
    if (counter == nullptr) {
      counter = &registry_.counter("slipway_grpc_calls_total", "gRPC calls answered, by code",
                                   {{"method", path}, {"code", std::string(name_of(code))}});
      slot.store(counter, std::memory_order_release);
    }
    counter->add();
  }

 private:
  meter::Registry& registry_;
  std::unordered_map<const net::GrpcMethod*, MethodMeters> methods_;  // filled once
  MethodMeters unknown_;
};

}  // namespace

net::GrpcMiddleware make_grpc_middleware(const net::GrpcRouter& router, meter::Registry& meters,
                                         const Around& around) {
  net::GrpcMiddleware out;
  out.before = [gate = around.gate, around](net::Request& request,
                                            const net::GrpcMethod& method) -> Result<void> {
    trace(request, method.action, around);
    const auto actor = request.headers.get("x-slipway-actor");
    if (is_sane_name(actor)) request.principal = actor;
    if (gate == nullptr) return {};
    return gate->allow({.name = request.principal}, method.action, request.path);
  };
  auto counters = std::make_shared<GrpcMeters>(router, meters);
  out.after = [counters, around](const net::Request& request, const net::GrpcMethod* method,
                                 net::GrpcCode code, std::int64_t took_ns) {
    counters->count(method, code, static_cast<double>(took_ns) * 1e-9);
    if (around.spans != nullptr && method != nullptr && method->action == kPredicts) {
      around.spans->offer({.traceparent = request.headers.get("traceparent"),
                           .own = request.traceparent,
                           .name = method->path.substr(1),
                           .path = request.path,
                           .request_id = request.request_id,
                           .status = static_cast<int>(code),
                           .grpc = true,
                           .failed = code != net::GrpcCode::ok,
                           .took_ns = took_ns});
    }
    (around.access_log ? log::info : log::debug)("grpc.call",
                                                 {{"path", request.path},
                                                  {"code", net::name_of(code)},
                                                  {"ms", static_cast<double>(took_ns) * 1e-6},
                                                  {"request_id", request.request_id},
                                                  {"trace_id", trace_of(request)},
                                                  {"remote", request.remote}});
  };
  return out;
}

}  // namespace slipway::app
