// SPDX-License-Identifier: Apache-2.0
// Writers that wait at the same moment share one transaction and so one sync to disk.
//
// The first of them leads: it runs the bodies of all that wait, commits once, syncs, and hands out
// the results. While it syncs, the next leader runs what has come meanwhile in a transaction that
// is committed when the disk is free. A body that fails undoes itself only: then all run again,
// each under a savepoint.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "base/pool.h"
#include "base/result.h"
#include "connection.h"

namespace slipway::store {

class GroupCommit {
 public:
  using Body = Database::Body;
  using Done = Database::Done;
  // Gives the writer's connection, made anew if it was lost.
  using Source = std::function<Result<DriverConnection*>()>;

  GroupCommit(Source source, std::size_t queue_limit)
      : source_(std::move(source)), queue_limit_(queue_limit) {}
  // What was given to write_later is finished first.
  ~GroupCommit();

  // Durable, or not at all, when it returns.
  Result<void> write(const Body& body);
  void write_later(Body body, Done done);

 private:
  enum class State : int { waits, leads, done };
  struct Waiter {
    const Body* body = nullptr;
    Result<void> result;
    // Each waiter sleeps on its own, so that a commit wakes whom it concerns and nobody else.
    std::atomic<State> state{State::waits};
    // Of one that does not wait: it is told, and this deleted.
    Done done;
    Body held;
  };

  // What one leader carries through: a transaction and who is in it.
  struct Shared {
    std::vector<Waiter*> batch;
    std::size_t first = 0;                   // those before have their result
    std::size_t ran = 0;                     // in the transaction
    DriverConnection* connection = nullptr;  // null: no transaction
    bool savepoints = false;
    bool alone = false;  // sharing has failed: each gets a transaction of its own
  };

  // Puts it in the queue: nothing when that is full, else whether it leads.
  std::optional<bool> enqueue(Waiter& waiter);
  void lead();
  void lead_elsewhere();  // on a thread of the pool
  void pass_on();
  bool gather(std::vector<Waiter*>& batch);
  void run(Shared& shared);
  static bool run_bodies(Shared& shared);
  void commit(Shared& shared);
  Result<void> sync(const Shared& shared, DiskSync* disk);
  Result<void> run_alone(const Body& body);
  // A connection with a transaction begun. One that turns out to be lost is made anew, once.
  Result<DriverConnection*> begin();
  static void wake(Waiter& waiter, State state);
  static void finish(Waiter& waiter);

  Source source_;
  std::size_t queue_limit_;
  std::mutex mutex_;
  std::condition_variable changed_;  // for the leader that gathers, and for the destructor
  std::deque<Waiter*> waiting_;
  bool leading_ = false;               // somebody runs bodies, or is about to
  bool syncing_ = false;               // somebody commits and syncs
  bool gathering_ = false;             // the leader sleeps until there is more or the disk is free
  std::atomic<bool> unsynced_{false};  // a sync has failed: what it was for may be lost
  int careful_ = 0;                    // batches that will use savepoints; of the leader
  Pool leaders_{"store-commit", 2, 64};  // lead when nobody waits: one syncs while one runs
};

}  // namespace slipway::store
