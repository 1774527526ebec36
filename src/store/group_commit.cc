// SPDX-License-Identifier: Apache-2.0
#include "group_commit.h"

#include <exception>
#include <memory>
#include <utility>

#include "base/log.h"

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

Error too_many() {
  return exhausted("too many writes are waiting for the database", "retry in a moment");
}

}  // namespace

GroupCommit::~GroupCommit() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !leading_; });
}

std::optional<bool> GroupCommit::enqueue(Waiter& waiter) {
  const std::scoped_lock lock(mutex_);
  if (waiting_.size() >= queue_limit_) return std::nullopt;
  waiting_.push_back(&waiter);
  if (gathering_) changed_.notify_all();
  return !std::exchange(leading_, true);
}

Result<void> GroupCommit::write(const Body& body) {
  Waiter self;
  self.body = &body;
  const auto leads = enqueue(self);
  if (!leads) return too_many();
  if (!*leads) self.state.wait(State::waits);
  if (*leads || self.state == State::leads) lead();
  return std::move(self.result);
}

void GroupCommit::write_later(Body body, Done done) {
  auto waiter = std::make_unique<Waiter>();
  waiter->held = std::move(body);
  waiter->body = &waiter->held;
  waiter->done = std::move(done);
  const auto leads = enqueue(*waiter);
  if (!leads) return waiter->done(too_many());
  (void)waiter.release();  // until it is finished
  if (*leads) lead_elsewhere();
}

void GroupCommit::lead() {
  Shared shared;
  shared.savepoints = careful_ > 0;
  if (careful_ > 0) --careful_;
  for (bool complete = false; !complete;) {
    complete = gather(shared.batch);
    run(shared);
  }
  commit(shared);
  const auto disk = shared.connection == nullptr ? nullptr : shared.connection->disk();
  pass_on();  // the connection is another leader's from here on
  const auto synced = sync(shared, disk.get());
  for (auto* waiter : shared.batch) {
    if (!synced && waiter->result) waiter->result = synced.error();
    finish(*waiter);
  }
}

// Takes those who wait into the batch. While the commit before is synced there is time for more;
// true when the disk is free, and the batch complete.
bool GroupCommit::gather(std::vector<Waiter*>& batch) {
  std::unique_lock lock(mutex_);
  const auto more = [&] { return !waiting_.empty() && batch.size() < kBatchLimit; };
  gathering_ = true;
  changed_.wait(lock, [&] { return !syncing_ || more(); });
  gathering_ = false;
  for (; more(); waiting_.pop_front()) batch.push_back(waiting_.front());
  return !std::exchange(syncing_, true);
}

void GroupCommit::pass_on() {
  Waiter* next = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    if (!waiting_.empty()) next = waiting_.front();
    leading_ = next != nullptr;
    if (!leading_) changed_.notify_all();
  }
  if (next == nullptr) return;
  if (!next->done) return wake(*next, State::leads);
  lead_elsewhere();
}

void GroupCommit::lead_elsewhere() {
  const bool taken = leaders_.post([this] { lead(); });
  SW_ASSERT(taken);  // two lead at most, and the destructor waits for them
}

Result<void> GroupCommit::sync(const Shared& shared, DiskSync* disk) {
  Result<void> synced;
  if (disk != nullptr && shared.first < shared.batch.size()) synced = disk->sync();
  const std::scoped_lock lock(mutex_);
  if (!synced) unsynced_ = true;
  syncing_ = false;
  if (gathering_) changed_.notify_all();
  return synced;
}

// The waiter may be gone as soon as its state is set; notify_one uses its address only.
void GroupCommit::wake(Waiter& waiter, State state) {
  waiter.state.store(state);
  waiter.state.notify_one();
}

void GroupCommit::finish(Waiter& waiter) {
  if (!waiter.done) return wake(waiter, State::done);
  const std::unique_ptr<Waiter> owned(&waiter);
  try {
    owned->done(std::move(owned->result));
  } catch (const std::exception& e) {  // a defect, but those behind it must hear of theirs
    log::error("store.callback_threw", {{"what", e.what()}});
  }
}

Result<DriverConnection*> GroupCommit::begin() {
  SW_TRY(auto* connection, source_());
  if (unsynced_) {
    SW_CHECK_OK(connection->settle());
    unsynced_ = false;
  }
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
  if (!result) {
    connection->rollback();
    return result;
  }
  if (const auto disk = connection->disk()) result = disk->sync();
  if (!result) unsynced_ = true;
  return result;
}

// Runs what of the batch has not run yet, in the shared transaction.
void GroupCommit::run(Shared& shared) {
  auto& [batch, first, ran, connection, savepoints, alone] = shared;
  if (alone || ran == batch.size()) return;
  if (connection == nullptr) {
    auto begun = begin();
    if (!begun) {
      for (; ran < batch.size(); ++ran) batch[ran]->result = begun.error();
      first = ran;
      return;
    }
    connection = *begun;
  }
  if (run_bodies(shared)) return;
  connection->rollback();
  connection = nullptr;
  if (!savepoints && batch.size() == first + 1 && !batch[first]->result) {
    first = ran = batch.size();  // its own failure, and nobody else's
    return;
  }
  // Failures are rare, so the first try did without savepoints: each costs two statements.
  if (!savepoints) {
    careful_ = kCarefulBatches;
    savepoints = true;
    ran = first;
    if (auto begun = begin(); begun) {
      connection = *begun;
      if (run_bodies(shared)) return;
      connection->rollback();
      connection = nullptr;
    }
  }
  alone = true;
}

// False when the transaction is of no use any more: without savepoints, when one body failed.
bool GroupCommit::run_bodies(Shared& shared) {
  auto& connection = *shared.connection;
  for (; shared.ran < shared.batch.size(); ++shared.ran) {
    auto& waiter = *shared.batch[shared.ran];
    if (shared.savepoints && !connection.exec("SAVEPOINT w").ok()) return false;
    waiter.result = guarded(*waiter.body, connection);
    const bool kept = waiter.result.ok();
    if (!connection.in_transaction() || (!kept && !shared.savepoints)) return false;
    if (!shared.savepoints) continue;
    if (!kept && !connection.exec("ROLLBACK TO w").ok()) return false;
    if (!connection.exec("RELEASE w").ok()) return false;
  }
  return true;
}

void GroupCommit::commit(Shared& shared) {
  auto& [batch, first, ran, connection, savepoints, alone] = shared;
  if (connection != nullptr && unsynced_) {  // what came before must be safe first
    connection->rollback();
    connection = nullptr;
    alone = true;
  }
  if (connection != nullptr) {
    const auto committed = connection->commit();
    if (committed) return;
    if (!connection->usable()) {  // lost while committing: whether it was kept is not known
      for (std::size_t i = first; i < batch.size(); ++i) batch[i]->result = committed.error();
      connection = nullptr;
      return;
    }
    // The shared transaction broke (a full disk): nothing of it was kept, so each writer gets a
    // transaction and an answer of its own.
    connection->rollback();
    connection = nullptr;
    alone = true;
  }
  if (!alone) return;
  for (std::size_t i = first; i < batch.size(); ++i) batch[i]->result = run_alone(*batch[i]->body);
}

}  // namespace slipway::store
