// SPDX-License-Identifier: Apache-2.0
#include "store/copy_target.h"

#include <algorithm>
#include <climits>

#include "base/text.h"
#include "libpq.h"

namespace slipway::store {
namespace {

constexpr std::size_t kPiece = 1 << 20;

class Target : public CopyTarget {
 public:
  Target(const Libpq& pq, PGconn* connection) : pq_(pq), connection_(connection) {}
  ~Target() override { pq_.finish(connection_); }

  Result<void> run(const std::string& sql) override {
    return take(pq_.exec(connection_, sql.c_str()), PGRES_COMMAND_OK);
  }

  Result<std::vector<Row>> rows(const std::string& sql,
                                const std::vector<std::string>& parameters) override {
    std::vector<const char*> values;
    for (const auto& each : parameters) values.push_back(each.c_str());
    const auto count = static_cast<int>(values.size());
    SW_CHECK_OK(take(pq_.prepare(connection_, "", sql.c_str(), 0, nullptr), PGRES_COMMAND_OK));
    PGresult* raw = pq_.exec_prepared(connection_, "", count, values.data(), nullptr, nullptr, 0);
    std::vector<Row> out;
    if (pq_.result_status(raw) == PGRES_TUPLES_OK) {
      for (int row = 0; row < pq_.ntuples(raw); ++row) {
        auto& cells = out.emplace_back();
        for (int i = 0; i < pq_.nfields(raw); ++i) {
          if (pq_.getisnull(raw, row, i) == 1) {
            cells.emplace_back();
          } else {
            cells.emplace_back(pq_.getvalue(raw, row, i));
          }
        }
      }
    }
    SW_CHECK_OK(take(raw, PGRES_TUPLES_OK));
    return out;
  }

  Result<void> copy(const std::string& sql, std::string_view text) override {
    SW_CHECK_OK(run("BEGIN"));
    auto done = send(sql, text);
    if (done) return run("COMMIT");
    (void)run("ROLLBACK").ok();
    return done;
  }

 private:
  Result<void> send(const std::string& sql, std::string_view text) {
    SW_CHECK_OK(take(pq_.exec(connection_, sql.c_str()), PGRES_COPY_IN));
    while (!text.empty()) {
      const auto piece = text.substr(0, kPiece);
      if (pq_.put_copy_data(connection_, piece.data(), static_cast<int>(piece.size())) != 1) {
        return lost();
      }
      text.remove_prefix(piece.size());
    }
    if (pq_.put_copy_end(connection_, nullptr) != 1) return lost();
    Result<void> out;
    while (PGresult* raw = pq_.get_result(connection_)) {
      auto one = take(raw, PGRES_COMMAND_OK);
      if (!one && out) out = std::move(one);
    }
    return out;
  }

  Error lost() {
    return unavailable(
        "the database of the output is lost: " + std::string(trim(pq_.error_message(connection_))),
        "check that its server runs and submit the job again");
  }

  // Frees it.
  Result<void> take(PGresult* raw, ExecStatusType wanted) {
    const auto status = pq_.result_status(raw);
    std::string what;
    std::string state;
    if (status != wanted) {
      what = std::string(trim(pq_.result_error_message(raw)));
      if (const char* found = pq_.result_error_field(raw, PG_DIAG_SQLSTATE)) state = found;
    }
    pq_.clear(raw);
    if (status == wanted) return {};
    if (pq_.status(connection_) != CONNECTION_OK) return lost();
    if (state == "42501") return Error{Code::permission_denied, what, "grant the right"};
    if (state == "23505") return already_exists(what);
    return Error{Code::failed_precondition, "the database of the output refused: " + what, {}};
  }

  const Libpq& pq_;
  PGconn* connection_;
};

}  // namespace

Result<std::unique_ptr<CopyTarget>> CopyTarget::open(const std::string& url) {
  SW_TRY(const auto* const pq, Libpq::load());
  std::string patient = url;
  if (url.find("connect_timeout=") == url.npos) {
    patient += url.find('?') == url.npos ? "?connect_timeout=10" : "&connect_timeout=10";
  }
  PGconn* raw = pq->connectdb(patient.c_str());
  auto target = std::make_unique<Target>(*pq, raw);
  if (pq->status(raw) != CONNECTION_OK) {
    return unavailable(
        "cannot reach the database of the output: " + std::string(trim(pq->error_message(raw))),
        "check its address; passwords come from PGPASSWORD or ~/.pgpass of the server");
  }
  SW_CHECK_OK(target->run("SET client_min_messages = warning; SET client_encoding = 'UTF8'"));
  return std::unique_ptr<CopyTarget>(std::move(target));
}

void append_copy_text(std::string& out, std::string_view value) {
  for (const char c : value) {
    switch (c) {
      case '\\':
        out += "\\\\";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\0':
        break;  // PostgreSQL has no place for it
      default:
        out += c;
    }
  }
}

std::string quoted_name(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '\0') continue;
    out += c == '"' ? "\"\"" : std::string(1, c);
  }
  return out + "\"";
}

}  // namespace slipway::store
