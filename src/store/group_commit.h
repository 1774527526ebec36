// SPDX-License-Identifier: Apache-2.0
// Writers that wait at the same moment share one transaction and so one sync to disk.
//
// The first waiting thread becomes the leader, runs the bodies of all that wait, commits once, and
// hands out the results. A body that fails undoes itself only: then all run again, each under a
// savepoint.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>

#include "base/result.h"
#include "connection.h"

namespace slipway::store {

class GroupCommit {
 public:
  using Body = std::function<Result<void>(Connection&)>;
  // Gives the writer's connection, made anew if it was lost.
  using Source = std::function<Result<DriverConnection*>()>;

  GroupCommit(Source source, std::size_t queue_limit)
      : source_(std::move(source)), queue_limit_(queue_limit) {}

  // Durable, or not at all, when it returns.
  Result<void> write(const Body& body);

 private:
  enum class State : int { waits, leads, done };
  struct Waiter {
    explicit Waiter(const Body* wanted) : body(wanted) {}
    const Body* body;
    Result<void> result;
    // Each waiter sleeps on its own, so that a commit wakes whom it concerns and nobody else.
    std::atomic<State> state{State::waits};
  };

  void lead();
  static void wake(Waiter& waiter, State state);

  void run_batch(const std::deque<Waiter*>& batch);
  // False when the transaction is of no use any more: without savepoints, when one body failed.
  static bool run_bodies(DriverConnection& connection, const std::deque<Waiter*>& batch,
                         bool savepoints);
  void commit(DriverConnection& connection, const std::deque<Waiter*>& batch);
  Result<void> run_alone(const Body& body);
  // A connection with a transaction begun. One that turns out to be lost is made anew, once.
  Result<DriverConnection*> begin();

  Source source_;
  std::size_t queue_limit_;
  std::mutex mutex_;
  std::deque<Waiter*> waiting_;
  bool leading_ = false;
  int careful_ = 0;  // batches that will use savepoints; of the leader
};

}  // namespace slipway::store
