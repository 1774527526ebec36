// SPDX-License-Identifier: Apache-2.0
#include "group_commit.h"

#include <exception>
#include <utility>

namespace slipway::store {
namespace {

constexpr std::size_t kBatchLimit = 256;
constexpr int kCarefulBatches = 64;  // with savepoints, after a body has failed

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
  Waiter self(&body);
  {
    const std::scoped_lock lock(mutex_);
    if (waiting_.size() >= queue_limit_) {
      return exhausted("too many writes are waiting for the database", "retry in a moment");
    }
    waiting_.push_back(&self);
    if (!leading_) self.state = State::leads;
    leading_ = true;
  }
  self.state.wait(State::waits);
  if (self.state == State::leads) lead();
  return std::move(self.result);
}

void GroupCommit::lead() {
  std::deque<Waiter*> batch;
  {
    const std::scoped_lock lock(mutex_);
    while (!waiting_.empty() && batch.size() < kBatchLimit) {
      batch.push_back(waiting_.front());
      waiting_.pop_front();
    }
  }
  run_batch(batch);
  Waiter* next = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    if (!waiting_.empty()) next = waiting_.front();
    leading_ = next != nullptr;
  }
  if (next != nullptr) wake(*next, State::leads);
  // The leader is the first of the batch and needs no wake-up.
  for (std::size_t i = 1; i < batch.size(); ++i) wake(*batch[i], State::done);
}

// The waiter may be gone as soon as its state is set; notify_one uses its address only.
void GroupCommit::wake(Waiter& waiter, State state) {
  waiter.state.store(state);
  waiter.state.notify_one();
}

Result<DriverConnection*> GroupCommit::begin() {
  SW_TRY(auto* connection, source_());
  auto begun = connection->begin(true);
  if (!begun && !connection->usable()) {
    SW_TRY(connection, source_());
    begun = connection->begin(true);
  }
  if (begun) return connection;
  connection->rollback();
  return std::move(begun.error());
}

Result<void> GroupCommit::run_alone(const Body& body) {
  SW_TRY(auto* const connection, begin());
  auto result = guarded(body, *connection);
  if (result) result = connection->commit();
  if (!result) connection->rollback();
  return result;
}

void GroupCommit::run_batch(const std::deque<Waiter*>& batch) {
  if (batch.size() == 1) {
    batch[0]->result = run_alone(*batch[0]->body);
    return;
  }
  auto begun = begin();
  if (!begun) {
    for (auto* waiter : batch) waiter->result = begun.error();
    return;
  }
  auto& connection = **begun;
  // Failures are rare, so the first try does without savepoints: each would cost two statements.
  if (careful_ == 0 && run_bodies(connection, batch, false)) return commit(connection, batch);
  if (careful_ == 0) {
    careful_ = kCarefulBatches;
    connection.rollback();
    begun = begin();
  }
  --careful_;
  if (begun && run_bodies(**begun, batch, true)) return commit(**begun, batch);
  if (begun) (*begun)->rollback();
  for (auto* waiter : batch) waiter->result = run_alone(*waiter->body);
}

bool GroupCommit::run_bodies(DriverConnection& connection, const std::deque<Waiter*>& batch,
                             bool savepoints) {
  for (auto* waiter : batch) {
    if (savepoints && !connection.exec("SAVEPOINT w").ok()) return false;
    waiter->result = guarded(*waiter->body, connection);
    const bool kept = waiter->result.ok();
    if (!connection.in_transaction() || (!kept && !savepoints)) return false;
    if (!savepoints) continue;
    if (!kept && !connection.exec("ROLLBACK TO w").ok()) return false;
    if (!connection.exec("RELEASE w").ok()) return false;
  }
  return true;
}

void GroupCommit::commit(DriverConnection& connection, const std::deque<Waiter*>& batch) {
  const auto committed = connection.commit();
  if (committed) return;
  if (!connection.usable()) {  // lost while committing: whether it was kept is not known
    for (auto* waiter : batch) waiter->result = committed.error();
    return;
  }
  // The shared transaction broke (a full disk): nothing of it was kept, so each writer gets a
  // transaction and an answer of its own.
  connection.rollback();
  for (auto* waiter : batch) waiter->result = run_alone(*waiter->body);
}

}  // namespace slipway::store
