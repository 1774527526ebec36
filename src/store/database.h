// SPDX-License-Identifier: Apache-2.0
// SQL: one database of two dialects, transactions, and the values that cross.
//
// `write` is durable when it returns (unless Options::durability says less): its commit is in the
// log, and the log is synced. Writers that wait at the same moment share one commit. A failed write
// leaves nothing of itself behind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace slipway::store {

enum class Dialect { sqlite, postgres };

struct Blob {
  std::string bytes;

  bool operator==(const Blob&) const = default;
};

// What a cell holds. Booleans travel as 0 and 1, times as milliseconds, ids and JSON as text.
using Cell = std::variant<std::nullptr_t, std::int64_t, double, std::string, Blob>;
using Cells = std::vector<Cell>;

// One row of an answer, valid only during the call that hands it over. Columns count from 0.
// Reading a NULL as a value, or as another type than the column's, is a programmer error except
// that integers read as doubles.
class Row {
 public:
  virtual ~Row() = default;
  virtual bool is_null(int column) const = 0;
  virtual std::int64_t int64(int column) const = 0;
  virtual double real(int column) const = 0;
  virtual std::string_view text(int column) const = 0;  // also the bytes of a blob
  std::optional<std::int64_t> maybe_int64(int column) const;
  std::optional<double> maybe_real(int column) const;
  std::optional<std::string> maybe_text(int column) const;
};

// A connection inside a transaction. Not thread-safe; never kept beyond the call that lends it.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual Dialect dialect() const = 0;

  // `sql` is one statement with ? for each parameter, in either dialect. Answers the number of rows
  // changed. A violated UNIQUE or PRIMARY KEY is already_exists, a foreign key failed_precondition,
  // a full disk, a read-only database or a lost server unavailable.
  virtual Result<std::int64_t> exec(std::string_view sql, const Cells& parameters = {}) = 0;
  // Calls `each` for every row until it returns false.
  virtual Result<void> query(std::string_view sql, const Cells& parameters,
                             const std::function<bool(const Row&)>& each) = 0;
  // As exec, when nobody needs the number of rows at once: it may travel with what comes next, and
  // fail there, at the latest at the end of the transaction.
  virtual Result<void> exec_later(std::string_view sql, const Cells& parameters) {
    auto done = exec(sql, parameters);
    return done ? Result<void>{} : std::move(done.error());
  }
  // The same for many parameter lists, prepared once.
  virtual Result<void> exec_many(std::string_view sql, const std::vector<Cells>& lists) = 0;

  // All rows through `from_row`.
  template <class F>
  auto all(std::string_view sql, const Cells& parameters, F&& from_row)
      -> Result<std::vector<decltype(from_row(std::declval<const Row&>()))>> {
    std::vector<decltype(from_row(std::declval<const Row&>()))> out;
    SW_CHECK_OK(query(sql, parameters, [&](const Row& row) {
      out.push_back(from_row(row));
      return true;
    }));
    return out;
  }

  // The first row through `from_row`, or nothing.
  template <class F>
  auto first(std::string_view sql, const Cells& parameters, F&& from_row)
      -> Result<std::optional<decltype(from_row(std::declval<const Row&>()))>> {
    std::optional<decltype(from_row(std::declval<const Row&>()))> out;
    SW_CHECK_OK(query(sql, parameters, [&](const Row& row) {
      out.emplace(from_row(row));
      return false;
    }));
    return out;
  }
};

// What an acknowledged write survives: the loss of power, or only the end of the process (the
// machine's own end may take the last moments, whole transactions only).
enum class Durability { disk, process };

struct Options {
  Durability durability = Durability::disk;
  std::size_t readers = 4;         // connections for reading
  std::size_t queue_limit = 4096;  // waiting writers beyond this are refused as exhausted
};

// Thread-safe. Other processes may use the same database at the same time.
class Database {
 public:
  // `url`: sqlite:///relative.db, sqlite:////absolute.db, or postgresql://user@host:port/name.
  // Brings the schema up to date under a lock. A schema newer than this binary's, a folder that
  // cannot be written, a server that cannot be reached: an error that says so and what to do.
  static Result<std::unique_ptr<Database>> open(const std::string& url,
                                                const Options& options = {});
  // Somebody else's database, only to be read: nothing is made, no schema is expected, and its
  // file is not written to (for SQLite a FILE that is not there is not_found). `write` refuses.
  static Result<std::unique_ptr<Database>> open_foreign(const std::string& url);
  virtual ~Database() = default;

  virtual Dialect dialect() const = 0;

  // A consistent snapshot. `body` may be called from any thread at any time, also inside no other
  // read or write of the same thread (that would deadlock).
  virtual Result<void> read_raw(const std::function<Result<void>(Connection&)>& body) = 0;
  // Runs `body` in a transaction that is kept when it returns ok and undone when it returns an
  // error. `body` may run more than once (a commit that lost a race); it must not have side effects
  // outside the database until write returns.
  virtual Result<void> write_raw(const std::function<Result<void>(Connection&)>& body) = 0;

  // `write_raw` for a caller that does not wait: `done` gets the result, on whichever thread has
  // committed (or this one, when it is refused at once), and must not block.
  using Body = std::function<Result<void>(Connection&)>;
  using Done = std::function<void(Result<void>)>;
  virtual void write_later(Body body, Done done) { done(write_raw(body)); }

  // As above for bodies that return Result<T>.
  template <class F>
  auto read(F&& body) -> decltype(body(std::declval<Connection&>())) {
    return carry(body, [this](const auto& f) { return read_raw(f); });
  }
  template <class F>
  auto write(F&& body) -> decltype(body(std::declval<Connection&>())) {
    return carry(body, [this](const auto& f) { return write_raw(f); });
  }

  // A consistent copy of the whole database while it is in use (SQLite: a file; PostgreSQL:
  // unimplemented, use its own tools).
  virtual Result<void> copy_to(const std::string& path) = 0;

 private:
  template <class F, class Run>
  static auto carry(F& body, Run&& run) -> decltype(body(std::declval<Connection&>())) {
    using R = decltype(body(std::declval<Connection&>()));
    if constexpr (std::is_same_v<R, Result<void>>) {
      return run([&](Connection& connection) -> Result<void> { return body(connection); });
    } else {
      std::optional<typename R::value_type> out;
      SW_CHECK_OK(run([&](Connection& connection) -> Result<void> {
        auto result = body(connection);
        if (!result) return std::move(result.error());
        out.emplace(*std::move(result));
        return {};
      }));
      return *std::move(out);
    }
  }
};

}  // namespace slipway::store
