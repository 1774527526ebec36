// SPDX-License-Identifier: Apache-2.0
#include "conversion_queue.h"

#include <chrono>

#include "base/log.h"

namespace slipway::app {
namespace {

constexpr int kLookEveryMs = 5'000;  // in case nobody said that something was added
constexpr std::int64_t kLooked = 200;

}  // namespace

ConversionQueue::ConversionQueue(store::Database& db, Clock& clock) : db_(db), clock_(clock) {}

ConversionQueue::~ConversionQueue() {
  stop(nullptr);
}

void ConversionQueue::start(Work work) {
  work_ = std::move(work);
  worker_ = std::make_unique<Worker>("convert", [this](const auto& sleep) { run(sleep); });
}

void ConversionQueue::stop(const std::function<void()>& end) {
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    if (worker_ != nullptr) worker_->stop();
    // It may be just about to start another process.
    while (at_work_ && end) {
      lock.unlock();
      changed_.notify_all();
      end();
      lock.lock();
      changed_.wait_for(lock, std::chrono::milliseconds(100), [this] { return !at_work_; });
    }
  }
  changed_.notify_all();
  worker_.reset();
}

Result<void> ConversionQueue::add(store::Connection& connection,
                                  const registry::VersionRef& version) {
  SW_CHECK_OK(connection.exec(
      "INSERT INTO conversion_wanted (model, version, attempts, added) VALUES (?, ?, 0, ?) "
      "ON CONFLICT (model, version) DO NOTHING",
      {version.model, version.version, clock_.now().ms}));
  return {};
}

void ConversionQueue::look() {
  if (worker_ != nullptr) worker_->wake();
}

Result<void> ConversionQueue::want(const registry::VersionRef& version) {
  {
    const std::scoped_lock lock(mutex_);
    const Key key{version.model, version.version};
    if (stopping_ || at_work_ == key || failed_.contains(key)) return {};
  }
  SW_CHECK_OK(db_.write([&](store::Connection& db) { return add(db, version); }));
  look();
  return {};
}

void ConversionQueue::wait_for(const registry::VersionRef& version, int ms) {
  const Key key{version.model, version.version};
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
  std::unique_lock lock(mutex_);
  while (!stopping_ && !failed_.contains(key)) {
    lock.unlock();
    const auto waits = db_.read([&](store::Connection& db) {
      return db.first("SELECT attempts FROM conversion_wanted WHERE model = ? AND version = ?",
                      {version.model, version.version},
                      [](const store::Row& row) { return row.int64(0); });
    });
    lock.lock();
    if (!waits || !*waits) return;
    if (std::chrono::steady_clock::now() >= until) return;
    changed_.wait_for(lock, std::chrono::milliseconds(50));
  }
}

Result<std::optional<ConversionQueue::Waiting>> ConversionQueue::next() {
  SW_TRY(const auto waiting, db_.read([&](store::Connection& db) {
    return db.all(
        "SELECT model, version, attempts FROM conversion_wanted ORDER BY attempts, added LIMIT ?",
        {kLooked}, [](const store::Row& row) {
          return Waiting{{std::string(row.text(0)), row.int64(1)}, row.int64(2)};
        });
  }));
  const std::scoped_lock lock(mutex_);
  for (const auto& each : waiting) {
    if (!failed_.contains({each.ref.model, each.ref.version})) return std::optional(each);
  }
  return std::optional<Waiting>();
}

void ConversionQueue::run(const Worker::Sleep& sleep) {
  do {
    while (take_next()) {
    }
  } while (sleep(kLookEveryMs));
}

bool ConversionQueue::take_next() {
  const auto waiting = next();
  if (!waiting) {
    log::warn("conversion.queue", {{"why", waiting.error().message}});
    return false;
  }
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_ || !*waiting) return false;
    at_work_ = Key{(*waiting)->ref.model, (*waiting)->ref.version};
  }
  work_on(**waiting);
  return true;
}

// An attempt counts before it is made: a version that ends the server is not tried for ever.
void ConversionQueue::work_on(const Waiting& waiting) {
  const auto& ref = waiting.ref;
  const auto count = [&](std::int64_t attempts) {
    return db_.write([&](store::Connection& db) -> Result<void> {
      SW_CHECK_OK(
          db.exec("UPDATE conversion_wanted SET attempts = ? WHERE model = ? AND version = ?",
                  {attempts, ref.model, ref.version}));
      return {};
    });
  };
  Result<void> done;
  if (waiting.attempts >= kMostAttempts) {
    work_.give_up(ref, "it was tried " + std::to_string(kMostAttempts) + " times");
  } else if (done = count(waiting.attempts + 1); done) {
    done = work_.convert(ref);
  }
  bool stopping = false;
  {
    const std::scoped_lock lock(mutex_);
    stopping = stopping_;
    if (!done) failed_.insert({ref.model, ref.version});
  }
  if (!done && stopping) {
    (void)count(waiting.attempts).ok();
  } else if (!done && waiting.attempts + 1 >= kMostAttempts) {
    work_.give_up(ref, done.error().message);
    settle(ref);
  } else if (!done) {
    log::warn("conversion.failed",
              {{"model", ref.model}, {"version", ref.version}, {"why", done.error().message}});
  } else {
    settle(ref);
  }
  {
    const std::scoped_lock lock(mutex_);
    at_work_.reset();
  }
  changed_.notify_all();
  if (done && !stopping) work_.then(ref);
}

void ConversionQueue::settle(const registry::VersionRef& version) {
  const auto gone = db_.write([&](store::Connection& db) -> Result<void> {
    SW_CHECK_OK(db.exec("DELETE FROM conversion_wanted WHERE model = ? AND version = ?",
                        {version.model, version.version}));
    return {};
  });
  if (!gone) log::warn("conversion.queue", {{"why", gone.error().message}});
}

}  // namespace slipway::app
