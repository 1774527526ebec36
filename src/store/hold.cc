// SPDX-License-Identifier: Apache-2.0
#include "store/hold.h"

#include <chrono>
#include <string_view>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "postgres_connection.h"

namespace slipway::store {
namespace {

constexpr std::string_view kSqlite = "sqlite:///";
// Of sessions; the writers' place is another (postgres_connection.cc).
constexpr int kTries = 20;
constexpr int kTryMs = 100;
constexpr char kTryLock[] = "SELECT CAST(pg_try_advisory_lock(7236837200159) AS INTEGER)";
constexpr char kAsk[] = "SELECT 1";

Error held_already(const std::string& what) {
  return {Code::conflict, "another process holds " + what, {}};
}

class FileHold : public Hold {
 public:
  explicit FileHold(std::string path) : path_(std::move(path)) {}
  ~FileHold() override {
    if (file_ >= 0) ::close(file_);
  }

  // False: there can be no such file, and no such database.
  Result<bool> take() {
    const int file = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0) return false;  // opening the database says what is wrong
    if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
      ::close(file);
      return held_already("'" + path_ + "'");
    }
    if (file_ >= 0) ::close(file_);
    file_ = file;
    return true;
  }

  Result<void> check() override {
    struct stat held {};
    struct stat there {};
    const bool same = ::fstat(file_, &held) == 0 && ::stat(path_.c_str(), &there) == 0 &&
                      held.st_dev == there.st_dev && held.st_ino == there.st_ino;
    if (same) return {};
    SW_TRY(const bool taken, take());
    if (taken) return {};
    return unavailable("cannot open '" + path_ + "'");
  }

 private:
  const std::string path_;
  int file_ = -1;
};

class PostgresHold : public Hold {
 public:
  explicit PostgresHold(std::string url) : url_(std::move(url)) {}

  // The session of a server that was killed may live on for a moment.
  Result<void> take(int tries) {
    SW_TRY(auto connection, open_postgres(url_, Durability::disk));
    for (; tries > 0; --tries) {
      SW_TRY(const auto held,
             connection->first(kTryLock, {}, [](const Row& row) { return row.int64(0) != 0; }));
      if (held.value_or(false)) {
        connection_ = std::move(connection);
        return {};
      }
      if (tries > 1) std::this_thread::sleep_for(std::chrono::milliseconds(kTryMs));
    }
    return held_already("the store");
  }

  Result<void> check() override {
    if (connection_ != nullptr) {
      const auto there = connection_->first(kAsk, {}, [](const Row& row) { return row.int64(0); });
      if (there) return {};
      connection_.reset();  // what it held is free now
    }
    return take(kTries);
  }

 private:
  const std::string url_;
  std::unique_ptr<DriverConnection> connection_;
};

}  // namespace

Result<std::unique_ptr<Hold>> hold_store(const std::string& url) {
  if (url.starts_with(kSqlite)) {
    auto out = std::make_unique<FileHold>(url.substr(kSqlite.size()) + ".lock");
    SW_TRY(const bool taken, out->take());
    return taken ? std::unique_ptr<Hold>(std::move(out)) : nullptr;
  }
  auto out = std::make_unique<PostgresHold>(url);
  SW_CHECK_OK(out->take(kTries));
  return std::unique_ptr<Hold>(std::move(out));
}

}  // namespace slipway::store
