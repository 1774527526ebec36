// SPDX-License-Identifier: Apache-2.0
#include "store/database.h"

#include <utility>

#include "driver.h"
#include "migrate.h"
#include "postgres_connection.h"
#include "sqlite_connection.h"

namespace slipway::store {
namespace {

class DriverDatabase : public Database {
 public:
  DriverDatabase(Connect connect, CopyTo copy_to, const Options& options)
      : connect_(std::move(connect)),
        copy_to_(std::move(copy_to)),
        options_(options),
        commits_([this] { return writer(); }, options.queue_limit) {}

  Result<void> prepare() {
    SW_TRY(auto* const connection, writer());
    dialect_ = connection->dialect();
    return migrate(*connection, embedded_migrations());
  }

  Dialect dialect() const override { return dialect_; }

  Result<void> write_raw(const std::function<Result<void>(Connection&)>& body) override {
    return commits_.write(body);
  }

  void write_later(Body body, Done done) override {
    commits_.write_later(std::move(body), std::move(done));
  }

  Result<void> read_raw(const std::function<Result<void>(Connection&)>& body) override {
    SW_TRY(auto connection, borrow());
    auto result = connection->begin(false);
    if (!result && !connection->usable()) {  // lost while it was idle: nothing has been read yet
      auto made = connect_(true);
      if (made) {
        connection = *std::move(made);
        result = connection->begin(false);
      } else {
        result = made.error();
      }
    }
    if (result) result = body(*connection);
    connection->rollback();
    give_back(std::move(connection));
    return result;
  }

  Result<void> copy_to(const std::string& path) override { return copy_to_(path); }

 private:
  Result<DriverConnection*> writer() {
    if (writer_ == nullptr || !writer_->usable()) {
      SW_TRY(auto made, connect_(false));
      writer_ = std::move(made);
    }
    return writer_.get();
  }

  Result<std::unique_ptr<DriverConnection>> borrow() {
    {
      std::unique_lock lock(mutex_);
      returned_.wait(lock, [this] { return !idle_.empty() || made_ < options_.readers; });
      if (!idle_.empty()) {
        auto out = std::move(idle_.back());
        idle_.pop_back();
        return out;
      }
      ++made_;
    }
    auto made = connect_(true);
    if (!made) forget_one();
    return made;
  }

  void give_back(std::unique_ptr<DriverConnection> connection) {
    if (!connection->usable()) return forget_one();
    {
      const std::scoped_lock lock(mutex_);
      idle_.push_back(std::move(connection));
    }
    returned_.notify_one();
  }

  void forget_one() {
    {
      const std::scoped_lock lock(mutex_);
      --made_;
    }
    returned_.notify_one();
  }

  Connect connect_;
  CopyTo copy_to_;
  Options options_;
  Dialect dialect_ = Dialect::sqlite;
  std::unique_ptr<DriverConnection> writer_;  // touched by the leading writer only
  GroupCommit commits_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<DriverConnection>> idle_;
  std::size_t made_ = 0;
};

// One connection, one snapshot at a time.
class ForeignDatabase : public Database {
 public:
  ForeignDatabase(Connect connect, Dialect dialect)
      : connect_(std::move(connect)), dialect_(dialect) {}

  Dialect dialect() const override { return dialect_; }

  Result<void> read_raw(const std::function<Result<void>(Connection&)>& body) override {
    const std::scoped_lock lock(mutex_);
    if (connection_ == nullptr || !connection_->usable()) {
      SW_TRY(connection_, connect_(true));
    }
    SW_CHECK_OK(connection_->begin(false));
    auto result = body(*connection_);
    connection_->rollback();
    return result;
  }

  Result<void> write_raw(const std::function<Result<void>(Connection&)>&) override {
    return precondition("a foreign database is only read");
  }
  Result<void> copy_to(const std::string&) override {
    return precondition("a foreign database is only read");
  }

 private:
  Connect connect_;
  Dialect dialect_;
  std::mutex mutex_;
  std::unique_ptr<DriverConnection> connection_;
};

}  // namespace

Result<std::unique_ptr<Database>> make_database(Connect connect, CopyTo copy_to,
                                                const Options& options) {
  auto database = std::make_unique<DriverDatabase>(std::move(connect), std::move(copy_to), options);
  SW_CHECK_OK(database->prepare());
  return std::unique_ptr<Database>(std::move(database));
}

Result<std::unique_ptr<Database>> Database::open(const std::string& url, const Options& options) {
  constexpr std::string_view kSqlite = "sqlite:///";
  if (url.starts_with(kSqlite) && url.size() > kSqlite.size()) {
    return open_sqlite_database(url.substr(kSqlite.size()), options);
  }
  if (url.starts_with("postgresql://") || url.starts_with("postgres://")) {
    return open_postgres_database(url, options);
  }
  return invalid("'" + url + "' is not a database that slipway knows",
                 "use sqlite:///FILE or postgresql://USER@HOST:PORT/NAME");
}

Result<std::unique_ptr<Database>> Database::open_foreign(const std::string& url) {
  constexpr std::string_view kSqlite = "sqlite:///";
  Connect connect;
  Dialect dialect = Dialect::postgres;
  if (url.starts_with(kSqlite) && url.size() > kSqlite.size()) {
    dialect = Dialect::sqlite;
    connect = [path = url.substr(kSqlite.size())](bool) { return open_sqlite_to_read(path); };
  } else if (url.starts_with("postgresql://") || url.starts_with("postgres://")) {
    connect = [url](bool) { return open_postgres(url, Durability::disk); };
  } else {
    return invalid("'" + url + "' is not a database that slipway knows",
                   "use sqlite:///FILE or postgresql://USER@HOST:PORT/NAME");
  }
  auto database = std::make_unique<ForeignDatabase>(std::move(connect), dialect);
  SW_CHECK_OK(database->read_raw([](Connection&) { return Result<void>(); }));
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace slipway::store
