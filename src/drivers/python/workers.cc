// SPDX-License-Identifier: Apache-2.0
#include "workers.h"

#include <algorithm>
#include <atomic>
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

// Where the same process is found again; its memory has another number with each process.
struct Place {
  std::unique_ptr<Worker> worker;  // null: none, or it is at work
  bool at_work = false;
  std::uint64_t memory = 0;
  std::int64_t since_ns = 0;
};

std::uint64_t next_memory() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

Error forgotten() {
  return {Code::failed_precondition, "the Python process that remembered this sequence has ended",
          "begin the sequence again with sequence_start"};
}

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
  std::vector<Idle> idle;     // the one that worked last is at the end
  std::vector<Place> places;  // instead, where the processes are pinned
  int running = 0;            // idle, busy and starting
  std::set<int> pids;         // of the idle and the busy
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
    if (system_clock().monotonic_ns() < not_before_ns) return paused();
    ++running;
    lock.unlock();
    return start_one();
  }

  // The process of a place, to be given back with `leave`; a new one where none lives, or an error
  // when `memory` is not the number of what it remembers.
  Result<std::unique_ptr<Worker>> enter(Place& place, std::uint64_t memory) {
    std::unique_lock lock(mutex);
    freed.wait(lock, [&] { return !place.at_work; });
    if (place.worker != nullptr && !place.worker->is_alive()) {  // it died while nobody asked
      pids.erase(place.worker->pid());
      place.worker.reset();
      --running;
    }
    if (memory != 0 && (place.worker == nullptr || place.memory != memory)) return forgotten();
    if (place.worker == nullptr && system_clock().monotonic_ns() < not_before_ns) return paused();
    place.at_work = true;
    if (place.worker != nullptr) return std::move(place.worker);
    place.memory = next_memory();
    ++running;
    lock.unlock();
    auto started = start_one();
    if (!started) leave(place, nullptr);
    return started;
  }

  void leave(Place& place, std::unique_ptr<Worker> worker) {
    int ended = 0;
    if (worker != nullptr && is_spent(*worker)) {
      ended = worker->pid();
      worker.reset();
    }
    const std::scoped_lock lock(mutex);
    if (ended != 0) {
      pids.erase(ended);
      --running;
    }
    place.worker = std::move(worker);
    place.since_ns = system_clock().monotonic_ns();
    place.at_work = false;
    freed.notify_all();
  }

  bool is_spent(const Worker& worker) const {
    // One that has grown to nearly its bound would fail soon: better between requests than in one.
    const auto bound = options.command.memory_mib << 20;
    const bool grown = bound > 0 && worker.rss_bytes() > bound / 10 * 8;
    if (grown) {
      log::warn("python.worker_grown",
                {{"model", options.command.name}, {"rss_mib", worker.rss_bytes() >> 20}});
    }
    return worker.is_broken() || grown;
  }

  Error paused() const {
    return unavailable("the Python process of the model cannot be started: " + why,
                       "it is tried again in a few seconds");
  }

  void release(std::unique_ptr<Worker> worker) {
    if (is_spent(*worker)) {
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
      for (auto& place : places) {
        if (place.worker == nullptr ||
            now - place.since_ns <= std::int64_t{options.idle_s} * 1'000'000'000) {
          continue;
        }
        pids.erase(place.worker->pid());
        ended.push_back({std::move(place.worker), 0});
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
  const auto now = system_clock().monotonic_ns();
  if (options.pinned) {
    impl->places.resize(static_cast<std::size_t>(std::max(options.most, 1)));
    impl->places.front() = {.worker = std::move(first), .memory = next_memory(), .since_ns = now};
  } else {
    impl->idle.push_back({std::move(first), now});
  }
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

bool Workers::pinned() const {
  return impl_->options.pinned;
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

Result<WorkerReply> Workers::call(const json::object& message, const serving::Tensors& tensors,
                                  const std::string& body) {
  if (!impl_->places.empty()) return internal("a call of a pinned process names its place");
  SW_TRY(auto worker, impl_->acquire());
  auto reply = worker->call(message, tensors, body, impl_->options.timeout_s);
  impl_->release(std::move(worker));
  return reply;
}

Result<WorkerReply> Workers::call_at(int at, std::uint64_t& memory, const json::object& message,
                                     const serving::Tensors& tensors) {
  auto& place = impl_->places.at(static_cast<std::size_t>(at));
  SW_TRY(auto worker, impl_->enter(place, memory));
  auto reply = worker->call(message, tensors, {}, impl_->options.timeout_s);
  memory = place.memory;  // nobody else changes it while the place is at work
  impl_->leave(place, std::move(worker));
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
