// SPDX-License-Identifier: Apache-2.0
#include "checkpointer.h"

#include <algorithm>

#include "base/log.h"
#include "sqlite_connection.h"

namespace slipway::store {
namespace {

// In pages of 4 KiB. From kWorthIt on the thread copies; a rest of kShort is the writer's; at
// kTooLong the writers wait for the disk.
constexpr std::int64_t kWorthIt = 4'000;
constexpr std::int64_t kShort = 1'000;
constexpr std::int64_t kTooLong = 32'000;

}  // namespace

bool Checkpointer::committed(std::int64_t pages) {
  std::unique_lock lock(mutex_);
  if (pages < seen_) {
    copied_ = next_ = 0;
    ++log_;
  }
  seen_ = pages;
  if (pages < std::max(next_, kWorthIt)) return false;
  if (copying_) {
    if (pages < kTooLong) return false;
    changed_.wait(lock, [this] { return !copying_; });
  }
  // A reader may hold the log back, so neither is tried again at once.
  next_ = pages + kShort;
  if (pages >= kTooLong || (copied_ > 0 && pages - copied_ <= kShort)) {
    copied_ = 0;
    return true;
  }
  if (thread_ == nullptr) thread_ = std::make_unique<Pool>("store-log", 1, 1);
  copying_ = thread_->post([this, log = log_] { copy(log); });
  return false;
}

void Checkpointer::copy(std::int64_t log) {
  std::int64_t copied = 0;
  auto connection = open_sqlite(path_, SqliteUse::reader);
  Result<void> done;
  if (connection) {
    done = (*connection)->query("PRAGMA wal_checkpoint(PASSIVE)", {}, [&](const Row& row) {
      copied = std::max<std::int64_t>(0, row.int64(2));
      return true;
    });
  } else {
    done = connection.error();
  }
  // Nothing is lost by it: the log stays, and what follows is told to those who write.
  if (!done) log::warn("store.checkpoint_failed", {{"problem", done.error().message}});
  const std::scoped_lock lock(mutex_);
  if (done && log == log_) {
    copied_ = copied;
    if (seen_ - copied_ <= kShort) next_ = 0;  // so the writer finishes it with its next commit
  }
  copying_ = false;
  changed_.notify_all();
}

}  // namespace slipway::store
