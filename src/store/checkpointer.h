// SPDX-License-Identifier: Apache-2.0
// Copies SQLite's write-ahead log into the database on a thread of its own: the writer that did
// that after its commit would halt all others for some ten milliseconds.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "base/pool.h"

namespace slipway::store {

// Of one database file. Thread-safe; starts its thread when there is first something to copy.
class Checkpointer {
 public:
  explicit Checkpointer(std::string path) : path_(std::move(path)) {}

  // Told by the writer after a commit: how many pages the log holds. True when the writer is to
  // copy the rest itself: that is short then, and only with nothing left the log begins anew.
  // Waits only for a log that has become far too long.
  bool committed(std::int64_t pages);

 private:
  void copy(std::int64_t log);

  const std::string path_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool copying_ = false;
  std::int64_t log_ = 0;          // how often the log has begun anew
  std::int64_t seen_ = 0;         // its pages at the last commit
  std::int64_t copied_ = 0;       // of these, by the thread
  std::int64_t next_ = 0;         // pages from which on there is something to do
  std::unique_ptr<Pool> thread_;  // last, so that it ends first
};

}  // namespace slipway::store
