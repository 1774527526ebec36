// SPDX-License-Identifier: Apache-2.0
// /api/v1/events: every event of the platform as server-sent events.
#include <algorithm>
#include <mutex>

#include "base/pool.h"
#include "base/text.h"
#include "domain/event.h"
#include "wire/api/problem.h"
#include "wire/api/routes.h"

namespace slipway::wire::api {
namespace {

constexpr std::size_t kMaxStreams = 256;
constexpr int kHeartbeatMs = 15'000;

std::string text_of(const Event& event) {
  std::string data = event.data;
  std::replace(data.begin(), data.end(), '\n', ' ');  // JSON has none within its strings
  std::string out = "event: " + event.type + "\ndata: {\"type\":";
  append_json_string(out, event.type);
  out += ",\"subject\":";
  append_json_string(out, event.subject);
  out += ",\"actor\":";
  append_json_string(out, event.actor);
  out +=
      ",\"at\":\"" + to_rfc3339(event.at) + "\",\"data\":" + (data.empty() ? "{}" : data) + "}\n\n";
  return out;
}

// Everybody who listens. Thread-safe.
class Listeners {
 public:
  explicit Listeners(EventBus& bus)
      : subscription_(bus.subscribe([this](const Event& event) { tell(text_of(event)); })),
        heart_("sse-heart", [this](const Worker::Sleep& sleep) {
          while (sleep(kHeartbeatMs)) tell(": still here\n\n");
        }) {}

  void add(const std::shared_ptr<const net::Request>& request,
           const std::shared_ptr<net::Reply>& reply) {
    const std::lock_guard lock(mutex_);
    if (streams_.size() >= kMaxStreams) {
      return reply->send(problem(*request, exhausted("too many listeners", "close one of them")));
    }
    net::Response head;
    head.headers.add("content-type", "text/event-stream");
    head.headers.add("cache-control", "no-store");
    head.headers.add("x-accel-buffering", "no");
    auto stream = reply->start_stream(std::move(head));
    if (stream->write("retry: 2000\n\n")) streams_.push_back(std::move(stream));
  }

 private:
  void tell(const std::string& text) {
    const std::lock_guard lock(mutex_);
    std::erase_if(streams_, [&](const auto& stream) { return !stream->write(text); });
  }

  std::mutex mutex_;
  std::vector<std::shared_ptr<net::Stream>> streams_;
  std::shared_ptr<void> subscription_;
  Worker heart_;
};

}  // namespace

void add_event_routes(net::Router& router, EventBus& bus) {
  auto listeners = std::make_shared<Listeners>(bus);
  router.add({.method = net::Method::get,
              .pattern = "/api/v1/events",
              .wire = "api",
              .action = "event.read",
              .summary = "What happens, as it happens (server-sent events)",
              .async = [listeners](const auto& request, const auto& reply) {
                listeners->add(request, reply);
              }});
}

}  // namespace slipway::wire::api
