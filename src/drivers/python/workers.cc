// SPDX-License-Identifier: Apache-2.0
#include "workers.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/pool.h"
#include "process/process.h"

namespace slipway::drivers::python {
namespace {

constexpr int kHousekeepingMs = 1000;
constexpr std::int64_t kFirstPauseNs = 1'000'000'000;
constexpr std::int64_t kLongestPauseNs = 30'000'000'000;

struct Idle {
  std::unique_ptr<Worker> worker;
  std::int64_t since_ns = 0;
};

}  // namespace

struct Workers::Impl {
  WorkersOptions options;
  json::value description;

  mutable std::mutex mutex;
  std::condition_variable freed;
  std::vector<Idle> idle;  // the one that worked last is at the end
  int running = 0;         // idle, busy and starting
  std::set<int> pids;      // of the idle and the busy
  // After a start that failed nobody tries again for a while, which doubles each time.
  std::int64_t pause_ns = 0;
  std::int64_t not_before_ns = 0;
  std::string why;

  std::unique_ptr<slipway::Worker> housekeeping;

  Result<std::unique_ptr<Worker>> start_one() {
    auto started = Worker::start(options.command);
    const std::scoped_lock lock(mutex);
    if (started) {
      pause_ns = 0;
      pids.insert((*started)->pid());
      return started;
    }
    --running;
    pause_ns = std::clamp(pause_ns * 2, kFirstPauseNs, kLongestPauseNs);
    not_before_ns = system_clock().monotonic_ns() + pause_ns;
    why = started.error().message;
    freed.notify_one();
    return started;
  }

  Result<std::unique_ptr<Worker>> acquire() {
    std::unique_lock lock(mutex);
    while (true) {
      while (!idle.empty()) {
        auto worker = std::move(idle.back().worker);
        idle.pop_back();
        if (worker->is_alive()) return worker;
        pids.erase(worker->pid());
        --running;  // it died while nobody asked
      }
      if (running < options.most) break;
      freed.wait(lock);
    }
    if (system_clock().monotonic_ns() < not_before_ns) {
      return unavailable("the Python process of the model cannot be started: " + why,
                         "it is tried again in a few seconds");
    }
    ++running;
    lock.unlock();
    return start_one();
  }

  void release(std::unique_ptr<Worker> worker) {
    // One that has grown to nearly its bound would fail soon: better between requests than in one.
    const auto bound = options.command.memory_mib << 20;
    const bool grown = bound > 0 && worker->rss_bytes() > bound / 10 * 8;
    if (grown) {
      log::warn("python.worker_grown",
                {{"model", options.command.name}, {"rss_mib", worker->rss_bytes() >> 20}});
    }
    if (worker->is_broken() || grown) {
      const int pid = worker->pid();
      worker.reset();
      const std::scoped_lock lock(mutex);
      pids.erase(pid);
      --running;
    } else {
      const std::scoped_lock lock(mutex);
      idle.push_back({std::move(worker), system_clock().monotonic_ns()});
    }
    freed.notify_one();
  }

  void end_idle() {
    std::vector<Idle> ended;
    {
      const std::scoped_lock lock(mutex);
      const auto now = system_clock().monotonic_ns();
      while (!idle.empty() &&
             now - idle.front().since_ns > std::int64_t{options.idle_s} * 1'000'000'000) {
        pids.erase(idle.front().worker->pid());
        ended.push_back(std::move(idle.front()));
        idle.erase(idle.begin());
        --running;
      }
    }
    for (const auto& each : ended) {
      (void)each;
      log::info("python.worker_idle", {{"model", options.command.name}});
    }
  }
};

Workers::Workers(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Workers::~Workers() {
  impl_->housekeeping.reset();
}

Result<std::unique_ptr<Workers>> Workers::start(const WorkersOptions& options) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  SW_TRY(auto first, Worker::start(options.command));
  impl->description = first->description();
  impl->running = 1;
  impl->pids.insert(first->pid());
  impl->idle.push_back({std::move(first), system_clock().monotonic_ns()});
  impl->housekeeping = std::make_unique<slipway::Worker>(
      "python-house", [impl = impl.get()](const slipway::Worker::Sleep& sleep) {
        while (sleep(kHousekeepingMs)) impl->end_idle();
      });
  return std::unique_ptr<Workers>(new Workers(std::move(impl)));
}

const json::value& Workers::description() const {
  return impl_->description;
}

int Workers::most() const {
  return impl_->options.most;
}

std::size_t Workers::running() const {
  const std::scoped_lock lock(impl_->mutex);
  return static_cast<std::size_t>(impl_->running);
}

std::size_t Workers::resident_bytes() const {
  const std::scoped_lock lock(impl_->mutex);
  std::size_t sum = 0;
  for (const int pid : impl_->pids) sum += process::resident_bytes(pid);
  return sum;
}

Result<WorkerReply> Workers::call(const json::object& message,
                                  const std::vector<serving::Tensor>& tensors,
                                  const std::string& body) {
  SW_TRY(auto worker, impl_->acquire());
  auto reply = worker->call(message, tensors, body, impl_->options.timeout_s);
  impl_->release(std::move(worker));
  return reply;
}

Result<void> Workers::stream(const std::string& body,
                             const std::function<bool(std::string)>& take) {
  SW_TRY(auto worker, impl_->acquire());
  auto done = worker->stream(body, impl_->options.timeout_s, take);
  impl_->release(std::move(worker));
  return done;
}

}  // namespace slipway::drivers::python
