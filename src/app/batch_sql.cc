// SPDX-License-Identifier: Apache-2.0
#include "batch_sql.h"

#include "base/text.h"

namespace slipway::app {
namespace {

constexpr const char* kColumns =
    "SELECT id, target, model, version, input, fingerprint, output, key_column, keep, state, "
    "error, "
    "rows_total, rows_done, bytes_done, created, started, ended, output_table FROM batch_job ";
constexpr const char* kInsert =
    "INSERT INTO batch_job (id, target, model, version, input, fingerprint, output, key_column, "
    "keep, state, error, rows_total, rows_done, bytes_done, created, started, ended, "
    "output_table) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr const char* kUpdate =
    "UPDATE batch_job SET state = ?, error = ?, rows_total = ?, rows_done = ?, bytes_done = ?, "
    "started = ?, ended = ? WHERE id = ?";
constexpr const char* kAnswer =
    "INSERT INTO batch_prediction (target, item_key, answer, model, version, job, at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (target, item_key) DO UPDATE SET "
    "answer = excluded.answer, model = excluded.model, version = excluded.version, "
    "job = excluded.job, at = excluded.at";

store::Cell cell_of(const std::optional<Timestamp>& at) {
  if (!at) return nullptr;
  return at->ms;
}

std::optional<Timestamp> time_of(const store::Row& row, int column) {
  const auto ms = row.maybe_int64(column);
  if (!ms) return std::nullopt;
  return Timestamp{*ms};
}

// Names of columns may hold anything but a line's end.
std::string lines_of(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : "\n") + name;
  return out;
}

BatchJob job_from_row(const store::Row& row) {
  BatchJob out{.id = std::string(row.text(0)),
               .spec = {.target = std::string(row.text(1)),
                        .input = std::string(row.text(4)),
                        .output = std::string(row.text(6)),
                        .table = std::string(row.text(17)),
                        .key = std::string(row.text(7))},
               .model = std::string(row.text(2)),
               .version = std::string(row.text(3)),
               .fingerprint = std::string(row.text(5)),
               .state = std::string(row.text(9)),
               .error = std::string(row.text(10)),
               .rows_total = row.int64(11),
               .rows_done = row.int64(12),
               .bytes_done = row.int64(13),
               .created = {row.int64(14)},
               .started = time_of(row, 15),
               .ended = time_of(row, 16)};
  if (!row.text(8).empty()) {
    for (const auto name : split(row.text(8), '\n')) out.spec.keep.emplace_back(name);
  }
  return out;
}

Result<void> set(store::Connection& connection, const BatchJob& job) {
  SW_CHECK_OK(
      connection.exec(kUpdate, {job.state, job.error, job.rows_total, job.rows_done, job.bytes_done,
                                cell_of(job.started), cell_of(job.ended), job.id}));
  return {};
}

}  // namespace

Result<void> insert_job(store::Database& db, const BatchJob& job) {
  return db.write([&](store::Connection& connection) -> Result<void> {
    SW_CHECK_OK(connection.exec(
        kInsert, {job.id, job.spec.target, job.model, job.version, job.spec.input, job.fingerprint,
                  job.spec.output, job.spec.key, lines_of(job.spec.keep), job.state, job.error,
                  job.rows_total, job.rows_done, job.bytes_done, job.created.ms,
                  cell_of(job.started), cell_of(job.ended), job.spec.table}));
    return {};
  });
}

Result<void> update_job(store::Database& db, const BatchJob& job) {
  return db.write([&](store::Connection& connection) { return set(connection, job); });
}

Result<void> add_answers(store::Database& db, const BatchJob& job,
                         const std::vector<BatchAnswer>& answers) {
  return db.write([&](store::Connection& connection) -> Result<void> {
    std::vector<store::Cells> rows;
    rows.reserve(answers.size());
    for (const auto& each : answers) {
      rows.push_back(
          {job.spec.target, each.key, each.answer, each.model, each.version, job.id, each.at.ms});
    }
    if (!rows.empty()) SW_CHECK_OK(connection.exec_many(kAnswer, rows));
    return set(connection, job);
  });
}

Result<std::optional<BatchJob>> find_job(store::Database& db, const std::string& id) {
  return db.read([&](store::Connection& connection) {
    return connection.first(std::string(kColumns) + "WHERE id = ?", {id}, job_from_row);
  });
}

Result<std::vector<BatchJob>> load_jobs(store::Database& db, std::size_t limit) {
  return db.read([&](store::Connection& connection) {
    return connection.all(std::string(kColumns) + "ORDER BY id DESC LIMIT ?",
                          {static_cast<std::int64_t>(limit)}, job_from_row);
  });
}

Result<std::optional<BatchAnswer>> find_answer(store::Database& db, const std::string& target,
                                               const std::string& key) {
  return db.read([&](store::Connection& connection) {
    return connection.first(
        "SELECT item_key, answer, model, version, job, at FROM batch_prediction "
        "WHERE target = ? AND item_key = ?",
        {target, key}, [](const store::Row& row) {
          return BatchAnswer{std::string(row.text(0)), std::string(row.text(1)),
                             std::string(row.text(2)), std::string(row.text(3)),
                             std::string(row.text(4)), {row.int64(5)}};
        });
  });
}

}  // namespace slipway::app
