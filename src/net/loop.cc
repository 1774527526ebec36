// SPDX-License-Identifier: Apache-2.0
#include "loop.h"

#include <algorithm>
#include <vector>

#include <boost/asio/post.hpp>
#include <pthread.h>

#include "base/clock.h"
#include "head.h"

namespace slipway::net {

void Loop::start() {
  thread_ = std::thread([self = shared_from_this()] {
    pthread_setname_np(pthread_self(), "net-io");
    self->id_ = std::this_thread::get_id();
    self->sweep();
    self->context.run();
  });
}

void Loop::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  guard_.reset();
  context.stop();
  if (thread_.joinable()) thread_.join();
  // What was still queued ends here: it may hold this loop, which holds the queue.
  context.restart();
  context.poll();
}

void Loop::post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (!stopped_) asio::post(context, std::move(task));
}

void Loop::close_sessions(bool all) {
  for (auto* session : std::vector<Connection*>(sessions.begin(), sessions.end())) {
    if (all) {
      session->close_now();
    } else {
      session->close_if_idle();
    }
  }
}

// Looks after every connection's deadline: one timer a thread, none a connection.
void Loop::sweep() {
  const auto& options = shared->options;
  const int least = std::min(
      {options.header_timeout_ms, options.body_timeout_ms, options.idle_timeout_ms, 1'000});
  sweeper_.expires_after(std::chrono::milliseconds(std::max(least / 4, 5)));
  sweeper_.async_wait([this](error_code ec) {
    if (ec) return;
    const auto now = system_clock().monotonic_ns();
    // A copy: who is found dead leaves the set.
    for (auto* session : std::vector<Connection*>(sessions.begin(), sessions.end())) {
      session->check(now);
    }
    sweep();
  });
}

std::string_view Loop::date() {
  const auto second = system_clock().now().ms / 1000;
  if (second != date_second_) {
    date_second_ = second;
    date_ = http_date(second);
  }
  return date_;
}

}  // namespace slipway::net
