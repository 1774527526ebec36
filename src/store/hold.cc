// SPDX-License-Identifier: Apache-2.0
#include "store/hold.h"

#include <chrono>
#include <string_view>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "postgres_connection.h"

namespace slipway::store {
namespace {

constexpr std::string_view kSqlite = "sqlite:///";
// Of sessions; the writers' place is another (postgres_connection.cc).
constexpr int kTries = 20;
constexpr int kTryMs = 100;
constexpr char kTryLock[] = "SELECT CAST(pg_try_advisory_lock(7236837200159) AS INTEGER)";

Result<std::shared_ptr<void>> hold_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return std::shared_ptr<void>();  // opening the database says what is wrong
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    ::close(file);
    return Error{Code::conflict, "another process holds '" + path + "'", {}};
  }
  return std::shared_ptr<void>(nullptr, [file](void*) { ::close(file); });
}

Result<std::shared_ptr<void>> hold_postgres(const std::string& url) {
  SW_TRY(auto connection, open_postgres(url, Durability::disk));
  // The session of a server that was killed may live on for a moment.
  for (int tries = 0; tries < kTries; ++tries) {
    SW_TRY(const auto held,
           connection->first(kTryLock, {}, [](const Row& row) { return row.int64(0) != 0; }));
    if (held.value_or(false)) return std::shared_ptr<void>(std::move(connection));
    std::this_thread::sleep_for(std::chrono::milliseconds(kTryMs));
  }
  return Error{Code::conflict, "another process holds the store", {}};
}

}  // namespace

Result<std::shared_ptr<void>> hold_store(const std::string& url) {
  if (url.starts_with(kSqlite)) return hold_file(url.substr(kSqlite.size()) + ".lock");
  return hold_postgres(url);
}

}  // namespace slipway::store
