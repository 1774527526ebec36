// SPDX-License-Identifier: Apache-2.0
#include "sqlite_connection.h"

#include <cerrno>
#include <cstring>
#include <unordered_map>
#include <utility>

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

namespace slipway::store {
namespace {

constexpr std::size_t kStatementLimit = 500;

// FULL: a commit that returned survives the loss of power. A checkpoint halts the writers, so it is
// done every 32 MB only (and elsewhere, see Checkpointer). The write-ahead log is cut back after
// one, so that one large transaction does not occupy the disk for ever.
constexpr char kPragmas[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
    "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-8192; PRAGMA wal_autocheckpoint=8000; "
    "PRAGMA journal_size_limit=67108864;";

Error to_error(sqlite3* db, int code, std::string_view sql) {
  const std::string what = db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  const int extended = db != nullptr ? sqlite3_extended_errcode(db) : code;
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
      if (extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY ||
          extended == SQLITE_CONSTRAINT_ROWID) {
        return already_exists(what);
      }
      return precondition(what);
    case SQLITE_FULL:
      return unavailable("the disk that holds the database is full", "free some space and retry");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return unavailable("the database cannot be written: " + what,
                         "check the rights on the data folder");
    case SQLITE_IOERR:
      return unavailable("the disk that holds the database failed: " + what,
                         "check the disk and its free space");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return unavailable("another process holds the database", "retry in a moment");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {Code::data_loss, "the database file is damaged: " + what, "restore a backup"};
    default:
      return internal("SQL failed: " + what + " in: " + std::string(sql.substr(0, 200)));
  }
}

// The write-ahead log beside a database. SQLite locks the database file only, so that to open and
// close the log once more is harmless.
class LogFile : public DiskSync {
 public:
  static std::shared_ptr<LogFile> open(const char* path) {
    const int file = ::open(path, O_RDWR | O_CLOEXEC);
    return file < 0 ? nullptr : std::make_shared<LogFile>(file);
  }
  explicit LogFile(int file) : file_(file) {}
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;
  ~LogFile() override { ::close(file_); }

  Result<void> sync() override {
    int code = ::fdatasync(file_);
    while (code != 0 && errno == EINTR) code = ::fdatasync(file_);
    if (code == 0) return {};
    return unavailable(
        std::string("the disk that holds the database failed: ") + std::strerror(errno),
        "check the disk and its free space");
  }

 private:
  int file_;
};

class SqliteRow : public Row {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}
  bool is_null(int column) const override {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  std::int64_t int64(int column) const override { return sqlite3_column_int64(statement_, column); }
  double real(int column) const override { return sqlite3_column_double(statement_, column); }
  std::string_view text(int column) const override {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }

 private:
  sqlite3_stmt* statement_;
};

struct Bind {
  sqlite3_stmt* statement;
  int at;
  int operator()(std::nullptr_t) const { return sqlite3_bind_null(statement, at); }
  int operator()(std::int64_t n) const { return sqlite3_bind_int64(statement, at, n); }
  int operator()(double x) const { return sqlite3_bind_double(statement, at, x); }
  int operator()(const std::string& s) const {
    return sqlite3_bind_text64(statement, at, s.data(), s.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  int operator()(const Blob& b) const {
    return sqlite3_bind_blob64(statement, at, b.bytes.data(), b.bytes.size(), SQLITE_STATIC);
  }
};

struct CloseDatabase {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using StatementPtr = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

// Resets on the way out, so that no cursor stays open between calls.
struct ResetStatement {
  void operator()(sqlite3_stmt* statement) const {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
  }
};
using BoundStatement = std::unique_ptr<sqlite3_stmt, ResetStatement>;

struct HashText {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

class SqliteConnection : public DriverConnection {
 public:
  explicit SqliteConnection(sqlite3* db) : db_(db) {}

  Dialect dialect() const override { return Dialect::sqlite; }

  Result<std::int64_t> exec(std::string_view sql, const Cells& parameters) override {
    SW_TRY(const auto statement, prepare(sql, parameters));
    int code = sqlite3_step(statement.get());
    while (code == SQLITE_ROW) code = sqlite3_step(statement.get());
    if (code != SQLITE_DONE) return to_error(db_.get(), code, sql);
    return static_cast<std::int64_t>(sqlite3_changes64(db_.get()));
  }

  Result<void> query(std::string_view sql, const Cells& parameters,
                     const std::function<bool(const Row&)>& each) override {
    SW_TRY(const auto statement, prepare(sql, parameters));
    const SqliteRow row(statement.get());
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement.get())) == SQLITE_ROW) {
      if (!each(row)) return {};
    }
    if (code != SQLITE_DONE) return to_error(db_.get(), code, sql);
    return {};
  }

  Result<void> exec_many(std::string_view sql, const std::vector<Cells>& lists) override {
    if (lists.empty()) return {};
    SW_TRY(const auto statement, prepare(sql, lists.front()));
    for (std::size_t i = 0; i < lists.size(); ++i) {
      if (i > 0) SW_CHECK_OK(bind(statement.get(), sql, lists[i]));
      int code = sqlite3_step(statement.get());
      while (code == SQLITE_ROW) code = sqlite3_step(statement.get());
      if (code != SQLITE_DONE) return to_error(db_.get(), code, sql);
      sqlite3_reset(statement.get());
    }
    return {};
  }

  Result<void> script(const std::string& sql) override {
    const int code = sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return to_error(db_.get(), code, sql);
    return {};
  }

  Result<void> begin(bool write) override {
    // On a full disk a checkpoint makes room: the log gives back what it occupies.
    if (write && std::exchange(full_, false)) (void)checkpoint("TRUNCATE").ok();
    return step(write ? "BEGIN IMMEDIATE" : "BEGIN");
  }
  Result<void> commit() override {
    SW_CHECK_OK(step("COMMIT"));
    if (leaves_sync_ && log_ == nullptr) leave_sync_to_others();
    return {};
  }
  void rollback() override {
    full_ = full_ || (sqlite3_errcode(db_.get()) & 0xff) == SQLITE_FULL;
    if (in_transaction()) (void)step("ROLLBACK").ok();
  }
  bool in_transaction() const override { return sqlite3_get_autocommit(db_.get()) == 0; }
  bool usable() const override { return true; }

  // NORMAL writes a commit to the log without a sync. The log is checked from its beginning when it
  // is read after a crash, so what is synced up to a commit is found up to there. Until there is a
  // log (a new file) SQLite syncs.
  void leave_sync_to_others() {
    leaves_sync_ = true;
    auto log = LogFile::open(sqlite3_filename_wal(sqlite3_db_filename(db_.get(), "main")));
    if (log == nullptr) return;
    if (!script("PRAGMA synchronous=NORMAL; PRAGMA cache_size=-24576").ok()) return;
    log_ = std::move(log);
  }
  std::shared_ptr<DiskSync> disk() const override { return log_; }

  // The hook takes the place of SQLite's own checkpoints.
  void leave_log_to(std::shared_ptr<Checkpointer> checkpointer) {
    checkpointer_ = std::move(checkpointer);
    const auto committed = [](void* self, sqlite3* db, const char* name, int pages) {
      // As SQLite's own: what fails here is tried again after a later commit.
      if (static_cast<Checkpointer*>(self)->committed(pages)) {
        sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
      }
      return SQLITE_OK;
    };
    sqlite3_wal_hook(db_.get(), committed, checkpointer_.get());
  }

  // A checkpoint reads the log, writes the database and syncs that.
  Result<void> settle() override {
    return log_ == nullptr ? Result<void>{} : checkpoint("TRUNCATE");
  }

 private:
  Result<void> checkpoint(const std::string& mode) {
    SW_TRY(const auto busy, first("PRAGMA wal_checkpoint(" + mode + ")", {},
                                  [](const Row& row) { return row.int64(0); }));
    if (busy == std::int64_t{0}) return {};
    return unavailable("the disk that holds the database has failed before", "retry in a moment");
  }

  Result<void> step(std::string_view sql) {
    SW_CHECK_OK(exec(sql, {}));
    return {};
  }

  Result<sqlite3_stmt*> cached(std::string_view sql) {
    std::string numbered;
    const auto found = statements_.find(sql);
    if (found != statements_.end()) {
      // A statement that is still being stepped (a query within a query's rows) is not shared.
      if (sqlite3_stmt_busy(found->second.get()) == 0) return found->second.get();
      numbered = "\n--" + std::to_string(++nested_);
    }
    std::string key = std::string(sql) + numbered;
    if (statements_.size() >= kStatementLimit) drop_idle();
    sqlite3_stmt* made = nullptr;
    const int code = sqlite3_prepare_v3(db_.get(), key.data(), static_cast<int>(key.size()),
                                        SQLITE_PREPARE_PERSISTENT, &made, nullptr);
    if (code != SQLITE_OK) return to_error(db_.get(), code, sql);
    SW_ASSERT(made != nullptr);
    statements_[std::move(key)] = StatementPtr(made);
    return made;
  }

  void drop_idle() {
    std::erase_if(statements_, [](const auto& e) { return !sqlite3_stmt_busy(e.second.get()); });
  }

  Result<BoundStatement> prepare(std::string_view sql, const Cells& parameters) {
    SW_TRY(auto* const statement, cached(sql));
    BoundStatement out(statement);
    SW_CHECK_OK(bind(statement, sql, parameters));
    return out;
  }

  Result<void> bind(sqlite3_stmt* statement, std::string_view sql, const Cells& parameters) {
    if (sqlite3_bind_parameter_count(statement) != static_cast<int>(parameters.size())) {
      return internal("wrong number of parameters for: " + std::string(sql.substr(0, 200)));
    }
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const int code = std::visit(Bind{statement, static_cast<int>(i) + 1}, parameters[i]);
      if (code != SQLITE_OK) return to_error(db_.get(), code, sql);
    }
    return {};
  }

  std::shared_ptr<Checkpointer> checkpointer_;
  // Declared before them, so that it closes after its statements are gone.
  std::unique_ptr<sqlite3, CloseDatabase> db_;
  std::unordered_map<std::string, StatementPtr, HashText, std::equal_to<>> statements_;
  std::uint64_t nested_ = 0;
  bool full_ = false;  // the disk was, when a transaction was undone
  bool leaves_sync_ = false;
  std::shared_ptr<LogFile> log_;
};

}  // namespace

Result<std::unique_ptr<DriverConnection>> open_sqlite(const std::string& path, SqliteUse use,
                                                      Durability durability,
                                                      std::shared_ptr<Checkpointer> checkpointer) {
  sqlite3* db = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &db, flags, nullptr);
  auto connection = std::make_unique<SqliteConnection>(db);
  if (code != SQLITE_OK) {
    auto error = to_error(db, code, "");
    error.message = "cannot open database '" + path + "': " + error.message;
    return error;
  }
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_timeout(db, 10'000);
  auto ready = connection->script(kPragmas);
  // NORMAL syncs at checkpoints only, so the file stays sound whatever happens.
  if (ready && durability == Durability::process) {
    ready = connection->script("PRAGMA synchronous=NORMAL");
  }
  if (ready && durability == Durability::disk && use == SqliteUse::writer) {
    connection->leave_sync_to_others();
  }
  if (ready && checkpointer != nullptr) connection->leave_log_to(std::move(checkpointer));
  if (ready && use == SqliteUse::reader) ready = connection->script("PRAGMA query_only=ON");
  if (!ready) {
    auto error = ready.error();
    error.message = "cannot open database '" + path + "': " + error.message;
    return error;
  }
  return std::unique_ptr<DriverConnection>(std::move(connection));
}

Result<std::unique_ptr<DriverConnection>> open_sqlite_to_read(const std::string& path) {
  sqlite3* db = nullptr;
  const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &db, flags, nullptr);
  auto connection = std::make_unique<SqliteConnection>(db);
  if (code != SQLITE_OK) {
    return not_found("cannot open the SQLite file '" + path + "': " + sqlite3_errmsg(db),
                     "is the path right, and may this user read it?");
  }
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_timeout(db, 10'000);
  if (auto ready = connection->script(
          "PRAGMA query_only=ON; PRAGMA cache_size=-8192; SELECT 1 FROM sqlite_master LIMIT 1");
      !ready) {
    auto error = ready.error();
    error.message = "cannot read '" + path + "': " + error.message;
    error.hint = "is it an SQLite database?";
    return error;
  }
  return std::unique_ptr<DriverConnection>(std::move(connection));
}

}  // namespace slipway::store
