// SPDX-License-Identifier: Apache-2.0
// Writers that wait at the same moment share one transaction and so one sync to disk.
//
// The first waiting thread becomes the leader, runs the bodies of all that wait, each under a
// savepoint, commits once, and hands out the results. A body that fails undoes itself only.
#pragma once

#include <condition_variable>
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
  struct Waiter {
    const Body* body;
    Result<void> result;
    bool done = false;
  };

  void run_batch(const std::deque<Waiter*>& batch);
  static Result<void> run_alone(DriverConnection& connection, const Body& body);

  Source source_;
  std::size_t queue_limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiter*> waiting_;
  bool leading_ = false;
};

}  // namespace slipway::store
