// SPDX-License-Identifier: Apache-2.0
// A fixed number of threads and a bounded queue of work for them.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace slipway {

// Tasks must not throw; one that does is logged as a defect and dropped. Thread-safe.
class Pool {
 public:
  // `name` shows in thread listings (15 characters at most).
  Pool(std::string name, std::size_t threads, std::size_t queue_limit);
  // Runs what is queued, then joins.
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // False when the queue is full or the pool is stopping: the task was not taken.
  [[nodiscard]] bool post(std::function<void()> task);
  std::size_t queued() const;
  // Blocks until nothing is queued or running.
  void drain();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A long-lived thread of one room: runs `body` until it returns; `stop` (idempotent) asks it to,
// joining is done by the destructor. `body` gets a function that sleeps for at most the given
// milliseconds and returns false once asked to stop.
class Worker {
 public:
  using Sleep = std::function<bool(int ms)>;
  Worker(std::string name, std::function<void(const Sleep&)> body);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void stop();
  void wake();  // ends the current sleep early

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway
