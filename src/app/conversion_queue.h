// SPDX-License-Identifier: Apache-2.0
// The versions that wait to be converted: durable, done one after the other by a thread of its own.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/pool.h"
#include "registry/types.h"
#include "store/database.h"

namespace slipway::app {

// Thread-safe.
class ConversionQueue {
 public:
  struct Work {
    // Converts; an error is tried again at the next start of the server, kMostAttempts times in
    // all.
    std::function<Result<void>(const registry::VersionRef&)> convert;
    // Those attempts are over.
    std::function<void(const registry::VersionRef&, const std::string& why)> give_up;
    // After `convert`, when who waits has been told already.
    std::function<void(const registry::VersionRef&)> then;
  };
  static constexpr int kMostAttempts = 3;

  ConversionQueue(store::Database& db, Clock& clock);
  ~ConversionQueue();

  void start(Work work);
  // `end` ends the conversion under way, which is taken up at the next start.
  void stop(const std::function<void()>& end);

  // Within the transaction that makes the version; `look` when it is committed.
  Result<void> add(store::Connection& connection, const registry::VersionRef& version);
  void look();
  // The same for a version that is there; nothing when it waits already, or failed in this life.
  Result<void> want(const registry::VersionRef& version);
  // Until the version does not wait any more, at most so long.
  void wait_for(const registry::VersionRef& version, int ms);

 private:
  using Key = std::pair<std::string, std::int64_t>;
  struct Waiting {
    registry::VersionRef ref;
    std::int64_t attempts = 0;
  };

  void run(const Worker::Sleep& sleep);
  bool take_next();
  Result<std::optional<Waiting>> next();
  void work_on(const Waiting& waiting);
  void settle(const registry::VersionRef& version);

  store::Database& db_;
  Clock& clock_;
  Work work_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<Key> failed_;  // in this life; under the mutex, like what follows
  std::optional<Key> at_work_;
  bool stopping_ = false;
  std::unique_ptr<Worker> worker_;
};

}  // namespace slipway::app
