// SPDX-License-Identifier: Apache-2.0
// What steps handed over, what people decided, who is the scheduler.
#include "records.h"

namespace slipway::pipeline {
namespace {

using store::Connection;
using store::Row;

std::string text_at(const Row& row, int column) {
  return std::string(row.text(column));
}

std::optional<std::int64_t> index_of(std::int64_t item) {
  if (item < 0) return std::nullopt;
  return item;
}

StepResult result_from(const Row& row) {
  return {text_at(row, 0), index_of(row.int64(1)), text_at(row, 2), text_at(row, 3)};
}

Result<void> forget(Connection& connection, const std::string& execution,
                    const std::vector<std::string>& steps) {
  for (const auto& step : steps) {
    // The attempts stay, so that the numbers of the next ones and their logs go on.
    SW_CHECK_OK(connection.exec(
        "UPDATE execution_steps SET status = ?, error = '', exit_code = NULL, ended = NULL "
        "WHERE execution = ? AND step = ?",
        {std::string("pending"), execution, step}));
    // A sub-pipeline begins anew.
    SW_CHECK_OK(connection.exec(
        "UPDATE executions SET trigger_id = NULL WHERE parent = ? AND trigger_kind = ? "
        "AND trigger_id LIKE ?",
        {execution, std::string("pipeline"), execution + "." + step + ".%"}));
    for (const auto* table : {"execution_items", "execution_results", "execution_decisions"}) {
      SW_CHECK_OK(
          connection.exec(std::string("DELETE FROM ") + table + " WHERE execution = ? AND step = ?",
                          {execution, step}));
    }
  }
  return {};
}

}  // namespace

Result<void> Records::forget_steps(const std::string& execution,
                                   const std::vector<std::string>& steps) {
  return db_.write([&](Connection& connection) { return forget(connection, execution, steps); });
}

Result<void> Records::requeue_from(const std::string& execution,
                                   const std::vector<std::string>& steps) {
  return db_.write([&](Connection& connection) -> Result<void> {
    SW_CHECK_OK(forget(connection, execution, steps));
    SW_CHECK_OK(connection.exec(
        "UPDATE executions SET status = ?, owner = ?, error = '', ended = NULL WHERE id = ?",
        {std::string("queued"), std::string("server"), execution}));
    return {};
  });
}

Result<void> Records::want_cancel(const std::string& execution) {
  return db_.write([&](Connection& connection) -> Result<void> {
    SW_CHECK_OK(
        connection.exec("UPDATE executions SET cancel_wanted = 1 WHERE id = ?", {execution}));
    return {};
  });
}

Result<std::vector<std::string>> Records::wanted_cancelled() {
  return db_.read([&](Connection& connection) {
    return connection.all("SELECT id FROM executions WHERE status = ? AND cancel_wanted = 1",
                          {std::string("running")}, [](const Row& row) { return text_at(row, 0); });
  });
}

Result<StepResult> Records::result(const std::string& execution, const std::string& step,
                                   std::int64_t item) {
  return db_.read([&](Connection& connection) -> Result<StepResult> {
    SW_TRY(auto found, connection.first("SELECT step, item, result, artifacts "
                                        "FROM execution_results WHERE execution = ? AND step = ? "
                                        "AND item = ?",
                                        {execution, step, item}, result_from));
    return found ? *std::move(found) : StepResult{step, index_of(item), "", ""};
  });
}

Result<std::vector<StepResult>> Records::results(const std::string& execution) {
  return db_.read([&](Connection& connection) {
    return connection.all(
        "SELECT step, item, result, artifacts FROM execution_results WHERE execution = ? "
        "AND item < 0 ORDER BY step",
        {execution}, result_from);
  });
}

Result<std::vector<Decision>> Records::decisions(const std::string& execution) {
  return db_.read([&](Connection& connection) {
    return connection.all(
        "SELECT step, item, approved, author, comment, at FROM execution_decisions "
        "WHERE execution = ? ORDER BY step, item",
        {execution}, [](const Row& row) {
          Decision out;
          out.step = text_at(row, 0);
          out.index = index_of(row.int64(1));
          out.approved = row.int64(2) != 0;
          out.author = text_at(row, 3);
          out.comment = text_at(row, 4);
          out.at = {row.int64(5)};
          return out;
        });
  });
}

Result<void> Records::decide(const std::string& execution, const Decision& d) {
  return db_.write([&](Connection& connection) -> Result<void> {
    SW_CHECK_OK(connection.exec(
        "INSERT INTO execution_decisions (execution, step, item, approved, author, comment, at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        {execution, d.step, d.index.value_or(-1), std::int64_t{d.approved}, d.author, d.comment,
         d.at.ms}));
    return {};
  });
}

Result<bool> Records::take_lease(const std::string& name, const std::string& holder, Timestamp now,
                                 Timestamp expires, const std::string& dead_holder) {
  return db_.write([&](Connection& connection) -> Result<bool> {
    SW_TRY(const auto changed,
           connection.exec("UPDATE pipeline_lease SET holder = ?, expires = ? WHERE name = ? AND "
                           "(holder = ? OR holder = ? OR expires < ?)",
                           {holder, expires.ms, name, holder, dead_holder, now.ms}));
    if (changed > 0) return true;
    SW_TRY(const auto made,
           connection.exec("INSERT INTO pipeline_lease (name, holder, expires) VALUES (?, ?, ?) "
                           "ON CONFLICT (name) DO NOTHING",
                           {name, holder, expires.ms}));
    return made > 0;
  });
}

Result<std::optional<std::string>> Records::lease_holder(const std::string& name) {
  return db_.read([&](Connection& connection) {
    return connection.first("SELECT holder FROM pipeline_lease WHERE name = ?", {name},
                            [](const Row& row) { return text_at(row, 0); });
  });
}

Result<void> Records::give_up_lease(const std::string& name, const std::string& holder) {
  return db_.write([&](Connection& connection) -> Result<void> {
    SW_CHECK_OK(connection.exec("DELETE FROM pipeline_lease WHERE name = ? AND holder = ?",
                                {name, holder}));
    return {};
  });
}

}  // namespace slipway::pipeline
