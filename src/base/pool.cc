// SPDX-License-Identifier: Apache-2.0
#include "base/pool.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <utility>
#include <vector>

#include <pthread.h>

#include "base/log.h"

namespace slipway {
namespace {

void name_this_thread(const std::string& name) {
  ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
}

// The one catch-all of a job: a throw that gets here is a defect, not control flow.
void run_guarded(const std::string& pool, const std::function<void()>& task) {
  try {
    task();
  } catch (const std::exception& e) {
    log::error("base.task_threw", {{"pool", pool}, {"what", e.what()}});
  } catch (...) {
    log::error("base.task_threw", {{"pool", pool}, {"what", "not a std::exception"}});
  }
}

}  // namespace

struct Pool::Impl {
  std::string name;
  std::size_t limit;
  mutable std::mutex mutex;
  std::condition_variable work;
  std::condition_variable idle;
  std::deque<std::function<void()>> queue;
  std::size_t running = 0;
  bool stopping = false;
  std::vector<std::thread> threads;

  void loop() {
    name_this_thread(name);
    std::unique_lock lock(mutex);
    while (true) {
      work.wait(lock, [this] { return stopping || !queue.empty(); });
      if (queue.empty()) return;
      auto task = std::move(queue.front());
      queue.pop_front();
      ++running;
      lock.unlock();
      run_guarded(name, task);
      task = nullptr;  // captured state dies outside the lock
      lock.lock();
      --running;
      if (queue.empty() && running == 0) idle.notify_all();
    }
  }
};

Pool::Pool(std::string name, std::size_t threads, std::size_t queue_limit)
    : impl_(std::make_unique<Impl>()) {
  impl_->name = std::move(name);
  impl_->limit = queue_limit;
  for (std::size_t i = 0; i < threads; ++i) {
    impl_->threads.emplace_back([impl = impl_.get()] { impl->loop(); });
  }
}

Pool::~Pool() {
  {
    const std::scoped_lock lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->work.notify_all();
  for (auto& thread : impl_->threads) thread.join();
}

bool Pool::post(std::function<void()> task) {
  {
    const std::scoped_lock lock(impl_->mutex);
    if (impl_->stopping || impl_->queue.size() >= impl_->limit) return false;
    impl_->queue.push_back(std::move(task));
  }
  impl_->work.notify_one();
  return true;
}

std::size_t Pool::queued() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->queue.size();
}

void Pool::drain() {
  std::unique_lock lock(impl_->mutex);
  impl_->idle.wait(lock, [this] { return impl_->queue.empty() && impl_->running == 0; });
}

struct Worker::Impl {
  std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false;
  bool woken = false;
  std::thread thread;

  bool sleep(int ms) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, std::chrono::milliseconds(ms), [this] { return stopping || woken; });
    woken = false;
    return !stopping;
  }
};

Worker::Worker(std::string name, std::function<void(const Sleep&)> body)
    : impl_(std::make_unique<Impl>()) {
  impl_->thread = std::thread([impl = impl_.get(), name = std::move(name), body = std::move(body)] {
    name_this_thread(name);
    run_guarded(name, [&] { body([impl](int ms) { return impl->sleep(ms); }); });
  });
}

Worker::~Worker() {
  stop();
  impl_->thread.join();
}

void Worker::stop() {
  {
    const std::scoped_lock lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->changed.notify_all();
}

void Worker::wake() {
  {
    const std::scoped_lock lock(impl_->mutex);
    impl_->woken = true;
  }
  impl_->changed.notify_all();
}

}  // namespace slipway
