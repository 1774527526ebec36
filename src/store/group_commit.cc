// SPDX-License-Identifier: Apache-2.0
#include "group_commit.h"

#include <exception>
#include <utility>

namespace slipway::store {
namespace {

constexpr std::size_t kBatchLimit = 256;

// A body runs on another caller's thread: what it throws must not take that caller down.
Result<void> guarded(const GroupCommit::Body& body, Connection& connection) {
  try {
    return body(connection);
  } catch (const std::exception& e) {
    return internal(std::string("a write threw: ") + e.what());
  }
}

}  // namespace

Result<void> GroupCommit::write(const Body& body) {
  Waiter self{&body, {}, false};
  std::unique_lock lock(mutex_);
  if (waiting_.size() >= queue_limit_) {
    return exhausted("too many writes are waiting for the database", "retry in a moment");
  }
  waiting_.push_back(&self);
  while (!self.done) {
    if (leading_) {
      changed_.wait(lock);
      continue;
    }
    leading_ = true;
    std::deque<Waiter*> batch;
    while (!waiting_.empty() && batch.size() < kBatchLimit) {
      batch.push_back(waiting_.front());
      waiting_.pop_front();
    }
    lock.unlock();
    run_batch(batch);
    lock.lock();
    for (auto* waiter : batch) waiter->done = true;
    leading_ = false;
    changed_.notify_all();
  }
  return std::move(self.result);
}

Result<void> GroupCommit::run_alone(DriverConnection& connection, const Body& body) {
  SW_CHECK_OK(connection.begin(true));
  auto result = guarded(body, connection);
  if (result) result = connection.commit();
  if (!result) connection.rollback();
  return result;
}

void GroupCommit::run_batch(const std::deque<Waiter*>& batch) {
  auto source = source_();
  if (!source) {
    for (auto* waiter : batch) waiter->result = source.error();
    return;
  }
  auto& connection = **source;
  if (batch.size() == 1) {
    batch[0]->result = run_alone(connection, *batch[0]->body);
    return;
  }
  auto begun = connection.begin(true);
  bool whole = begun.ok();
  for (std::size_t i = 0; whole && i < batch.size(); ++i) {
    auto& waiter = *batch[i];
    whole = connection.script("SAVEPOINT w").ok();
    if (!whole) break;
    waiter.result = guarded(*waiter.body, connection);
    const bool keep = waiter.result.ok();
    whole = connection.in_transaction() &&
            connection.script(keep ? "RELEASE w" : "ROLLBACK TO w; RELEASE w").ok();
  }
  if (whole) {
    const auto committed = connection.commit();
    if (committed) return;
    if (!connection.usable()) {  // lost while committing: whether it was kept is not known
      for (auto* waiter : batch) waiter->result = committed.error();
      return;
    }
  }
  // The shared transaction broke (a full disk): nothing of it was kept, so each writer gets a
  // transaction and an answer of its own.
  connection.rollback();
  for (auto* waiter : batch) {
    auto again = source_();
    waiter->result = again ? run_alone(**again, *waiter->body) : Result<void>(again.error());
  }
}

}  // namespace slipway::store
