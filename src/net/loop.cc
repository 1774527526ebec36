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
  looked_at_.reserve(64);
  thread_ = std::thread([self = shared_from_this()] {
    pthread_setname_np(pthread_self(), "net-io");
    self->id_ = std::this_thread::get_id();
    self->begin_here();
    self->sweep();
    self->context.run();
    self->end_here();
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
  // What was still queued or waiting ends here: it may hold this loop, which holds the queue.
  for (auto* session : sessions) session->abandon();
  sessions.clear();
  context.restart();
  context.poll();
}

void Loop::post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (!stopped_) asio::post(context, std::move(task));
}

// What is posted runs after what is ready now, and after another look at what got ready meanwhile.
void Loop::at_end(Callback<void()> task) {
  put_off_.push_back(std::move(task));
  if (put_off_.size() == 1) asio::post(context, [this] { end_round(); });
}

void Loop::end_round() {
  ending_.swap(put_off_);
  forget_plan();
  may_resume_ = is_this_thread();
  for (auto& task : ending_) task();
  may_resume_ = false;
  ending_.clear();
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
    looked_at_.assign(sessions.begin(), sessions.end());
    for (auto* session : looked_at_) session->check(now);
    sweep();
  });
}

std::string_view Loop::date() {
  const auto second = system_clock().now().ms / 1000;
  if (second != date_second_) {
    date_second_ = second;
    write_http_date(date_, second);
  }
  return date_;
}

}  // namespace slipway::net
