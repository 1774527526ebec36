// SPDX-License-Identifier: Apache-2.0
#include "postgres_connection.h"

#include <array>
#include <unordered_map>
#include <utility>

#include "base/text.h"
#include "libpq.h"
#include "sql_text.h"

namespace slipway::store {
namespace {

constexpr std::size_t kStatementLimit = 500;
constexpr std::size_t kShownSql = 200;  // of a statement that failed
// Statements in flight at once: few enough that neither side's socket buffer can fill up.
constexpr std::size_t kPipelineChunk = 128;
// Numbers of the built-in types (pg_type.h); 0 lets the server infer.
constexpr Oid kInt8 = 20;
constexpr Oid kFloat8 = 701;
constexpr Oid kBytea = 17;
// One writer at a time, as with SQLite: bodies read, decide and write without races.
constexpr char kBeginWrite[] = "BEGIN; SELECT pg_advisory_xact_lock(7236837200158)";
constexpr char kBeginRead[] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

struct ClearResult {
  const Libpq* pq;
  void operator()(PGresult* result) const { pq->clear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, ClearResult>;

// Parameters as PQexecPrepared wants them, in text form but for bytes; alive while this is.
struct Parameters {
  std::vector<std::string> held;
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;  // 1: binary
  std::vector<Oid> types;

  explicit Parameters(const Cells& cells) {
    held.reserve(cells.size());
    for (const auto& cell : cells) std::visit(*this, cell);
  }
  void operator()(std::nullptr_t) {
    values.push_back(nullptr);
    lengths.push_back(0);
    formats.push_back(0);
    types.push_back(0);
  }
  void operator()(std::int64_t n) { add(std::to_string(n), kInt8); }
  void operator()(double x) { add(number_text(x), kFloat8); }
  void operator()(const std::string& s) { add(s, 0); }
  void operator()(const Blob& b) {
    add(b.bytes, kBytea);
    formats.back() = 1;
  }

 private:
  void add(std::string text, Oid type) {
    held.push_back(std::move(text));
    values.push_back(held.back().c_str());
    lengths.push_back(static_cast<int>(held.back().size()));
    formats.push_back(0);
    types.push_back(type);
  }
};

class PostgresRow : public Row {
 public:
  PostgresRow(const Libpq& pq, const PGresult* result) : pq_(pq), result_(result) {}
  void move_to(int row) { row_ = row; }

  bool is_null(int column) const override { return pq_.getisnull(result_, row_, column) == 1; }
  std::int64_t int64(int column) const override { return parse_int(raw(column)).value_or(0); }
  double real(int column) const override {
    const auto text = raw(column);
    if (text == "NaN") return __builtin_nan("");
    if (text == "Infinity") return __builtin_inf();
    if (text == "-Infinity") return -__builtin_inf();
    return parse_double(text).value_or(0);
  }
  std::string_view text(int column) const override {
    const auto text = raw(column);
    if (pq_.ftype(result_, column) != kBytea) return text;
    auto& bytes = decoded_[column];
    bytes = from_hex(text.substr(std::min<std::size_t>(2, text.size()))).value_or("");
    return bytes;
  }

 private:
  std::string_view raw(int column) const {
    return {pq_.getvalue(result_, row_, column),
            static_cast<std::size_t>(pq_.getlength(result_, row_, column))};
  }

  const Libpq& pq_;
  const PGresult* result_;
  int row_ = 0;
  mutable std::unordered_map<int, std::string> decoded_;
};

class PostgresConnection : public DriverConnection {
 public:
  PostgresConnection(const Libpq& pq, PGconn* connection) : pq_(pq), connection_(connection) {}
  ~PostgresConnection() override { pq_.finish(connection_); }

  Dialect dialect() const override { return Dialect::postgres; }

  Result<std::int64_t> exec(std::string_view sql, const Cells& parameters) override {
    SW_TRY(const auto result, run(sql, parameters));
    return parse_int(pq_.cmd_tuples(result.get())).value_or(0);
  }

  Result<void> query(std::string_view sql, const Cells& parameters,
                     const std::function<bool(const Row&)>& each) override {
    SW_TRY(const auto result, run(sql, parameters));
    PostgresRow row(pq_, result.get());
    const int count = pq_.ntuples(result.get());
    for (int i = 0; i < count; ++i) {
      row.move_to(i);
      if (!each(row)) return {};
    }
    return {};
  }

  Result<void> exec_later(std::string_view sql, const Cells& cells) override {
    SW_CHECK_OK(add_pending(sql, cells));
    return pending_.size() < kPipelineChunk ? Result<void>{} : send_pending();
  }

  Result<void> exec_many(std::string_view sql, const std::vector<Cells>& lists) override {
    for (const auto& cells : lists) SW_CHECK_OK(exec_later(sql, cells));
    return send_pending();
  }

  Result<void> script(const std::string& sql) override {
    SW_CHECK_OK(send_pending());
    const ResultPtr result(pq_.exec(connection_, sql.c_str()), {&pq_});
    return check(result.get(), sql);
  }

  Result<void> begin(bool write) override { return script(write ? kBeginWrite : kBeginRead); }

  Result<void> commit() override {
    const bool broken = pq_.transaction_status(connection_) == PQTRANS_INERROR;
    if (pending_.empty()) {
      SW_CHECK_OK(script("COMMIT"));
    } else {
      SW_CHECK_OK(run("COMMIT", {}));
    }
    if (broken) return internal("a statement of the transaction had failed, so it was undone");
    return {};
  }
  void rollback() override {
    pending_.clear();
    if (in_transaction()) (void)script("ROLLBACK").ok();
  }
  bool in_transaction() const override {
    const auto status = pq_.transaction_status(connection_);
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
  }
  bool usable() const override { return pq_.status(connection_) == CONNECTION_OK; }

 private:
  Error error_of(const PGresult* result, std::string_view sql) {
    if (!usable()) {
      return unavailable("the connection to the database is lost",
                         "check that the PostgreSQL server runs and retry");
    }
    const char* field = pq_.result_error_field(result, PG_DIAG_SQLSTATE);
    const std::string_view state = field != nullptr ? field : "";
    const std::string what(trim(pq_.result_error_message(result)));
    if (state == "23505") return already_exists(what);
    if (state.starts_with("23")) return precondition(what);
    if (state == "53100" || state == "53200") {
      return unavailable("the database server is out of space: " + what, "free some and retry");
    }
    if (state == "25006" || state == "42501") {
      return unavailable("the database cannot be written: " + what, "check the rights of the user");
    }
    if (state.starts_with("40") || state.starts_with("57") || state.starts_with("53")) {
      return unavailable("the database server refused for now: " + what, "retry in a moment");
    }
    return internal("SQL failed: " + what + " in: " + std::string(sql.substr(0, kShownSql)));
  }

  Result<void> check(const PGresult* result, std::string_view sql) {
    const auto status = pq_.result_status(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return {};
    return error_of(result, sql);
  }

  // The name of the prepared statement. Parameter types are part of its identity: the same text
  // may be called with a number or with NULL.
  Result<std::string> prepared(std::string_view sql, const Parameters& parameters) {
    std::string key(sql);
    for (const Oid type : parameters.types) key += '\x1f' + std::to_string(type);
    if (const auto found = names_.find(key); found != names_.end()) return found->second;
    if (names_.size() >= kStatementLimit) {
      SW_CHECK_OK(script("DEALLOCATE ALL"));  // sends what is pending first
      names_.clear();
    }
    const std::string name = "s" + std::to_string(++made_);
    const ResultPtr result(
        pq_.prepare(connection_, name.c_str(), to_dollar_placeholders(sql).c_str(),
                    static_cast<int>(parameters.types.size()), parameters.types.data()),
        {&pq_});
    SW_CHECK_OK(check(result.get(), sql));
    names_[key] = name;
    return name;
  }

  Result<ResultPtr> run(std::string_view sql, const Cells& cells) {
    if (!pending_.empty()) {
      SW_CHECK_OK(add_pending(sql, cells));
      return send_all();
    }
    const Parameters parameters(cells);
    SW_TRY(const auto name, prepared(sql, parameters));
    ResultPtr result(pq_.exec_prepared(connection_, name.c_str(), static_cast<int>(cells.size()),
                                       parameters.values.data(), parameters.lengths.data(),
                                       parameters.formats.data(), 0),
                     {&pq_});
    SW_CHECK_OK(check(result.get(), sql));
    return result;
  }

  // A statement that is sent with those behind it.
  struct Pending {
    std::string name;
    Parameters parameters;
    std::string sql;  // its beginning, for errors
  };

  Result<void> add_pending(std::string_view sql, const Cells& cells) {
    Parameters parameters(cells);
    SW_TRY(auto name, prepared(sql, parameters));
    pending_.push_back(
        {std::move(name), std::move(parameters), std::string(sql.substr(0, kShownSql))});
    return {};
  }

  Result<void> send_pending() {
    if (pending_.empty()) return {};
    SW_CHECK_OK(send_all());
    return {};
  }

  // Sends what is pending at once and waits for all of it. The answer of the last statement, or the
  // error of the first that failed (the server skips those behind it).
  Result<ResultPtr> send_all() {
    const auto calls = std::exchange(pending_, {});
    pq_.enter_pipeline_mode(connection_);
    bool sent = true;
    for (const auto& [name, parameters, sql] : calls) {
      sent = sent && pq_.send_query_prepared(connection_, name.c_str(),
                                             static_cast<int>(parameters.values.size()),
                                             parameters.values.data(), parameters.lengths.data(),
                                             parameters.formats.data(), 0) == 1;
    }
    sent = sent && pq_.pipeline_sync(connection_) == 1;
    Result<void> first = sent ? Result<void>{} : Result<void>(error_of(nullptr, calls[0].sql));
    ResultPtr last(nullptr, {&pq_});
    for (std::size_t answered = 0; sent;) {
      ResultPtr result(pq_.get_result(connection_), {&pq_});
      if (result == nullptr) {  // ends each statement's results
        if (usable()) continue;
        if (first) first = error_of(nullptr, calls[0].sql);
        break;
      }
      const auto status = pq_.result_status(result.get());
      if (status == PGRES_PIPELINE_SYNC) break;
      const auto& sql = calls[std::min(answered++, calls.size() - 1)].sql;
      if (status != PGRES_PIPELINE_ABORTED && first) first = check(result.get(), sql);
      last = std::move(result);
    }
    pq_.exit_pipeline_mode(connection_);
    if (!first) return std::move(first.error());
    return last;
  }

  const Libpq& pq_;
  PGconn* connection_;
  std::unordered_map<std::string, std::string> names_;
  std::uint64_t made_ = 0;
  std::vector<Pending> pending_;
};

}  // namespace

Result<std::unique_ptr<DriverConnection>> open_postgres(const std::string& url,
                                                        Durability durability) {
  SW_TRY(const auto* const pq, Libpq::load());
  // A server that does not even refuse is given up after a while.
  std::string patient = url;
  if (url.find("connect_timeout=") == url.npos) {
    patient += url.find('?') == url.npos ? "?connect_timeout=10" : "&connect_timeout=10";
  }
  PGconn* raw = pq->connectdb(patient.c_str());
  auto connection = std::make_unique<PostgresConnection>(*pq, raw);
  if (!connection->usable()) {
    return unavailable("cannot reach the database: " + std::string(trim(pq->error_message(raw))),
                       "check the --store URL and that the PostgreSQL server runs");
  }
  SW_CHECK_OK(connection->script("SET client_min_messages = warning"));
  if (durability == Durability::process) {
    SW_CHECK_OK(connection->script("SET synchronous_commit = off"));
  }
  return std::unique_ptr<DriverConnection>(std::move(connection));
}

}  // namespace slipway::store
