// SPDX-License-Identifier: Apache-2.0
#include "records.h"

namespace slipway::pipeline {
namespace {

using store::Cells;
using store::Connection;
using store::Row;

constexpr char kColumns[] =
    "id, pipeline, yaml, folder, file, params, trigger_kind, trigger_id, owner, engine, status, "
    "error, created, started, ended, trigger_detail, scheduled, parent, priority";
constexpr char kPipelineColumns[] =
    "name, yaml, folder, file, schedule, timezone, drift_endpoint, next_fire, created, updated, "
    "after_pipeline, after_status";

store::Cell cell(const std::optional<Timestamp>& at) {
  if (!at) return nullptr;
  return at->ms;
}

template <class T>
store::Cell number_cell(const std::optional<T>& n) {
  if (!n) return nullptr;
  return static_cast<std::int64_t>(*n);
}

std::optional<Timestamp> time_at(const Row& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return Timestamp{row.int64(column)};
}

std::string text_at(const Row& row, int column) {
  return std::string(row.text(column));
}

std::int64_t item_of(const std::optional<std::int64_t>& index) {
  return index.value_or(-1);
}

std::optional<std::int64_t> index_of(std::int64_t item) {
  if (item < 0) return std::nullopt;
  return item;
}

std::optional<int> code_at(const Row& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return static_cast<int>(row.int64(column));
}

Execution execution_from(const Row& row) {
  Execution out;
  out.id = text_at(row, 0);
  out.pipeline = text_at(row, 1);
  out.yaml = text_at(row, 2);
  out.folder = text_at(row, 3);
  out.file = text_at(row, 4);
  out.params = text_at(row, 5);
  out.trigger = {text_at(row, 6), row.maybe_text(7).value_or(""), text_at(row, 15)};
  out.owner = text_at(row, 8);
  out.engine = text_at(row, 9);
  out.status = status_from(row.text(10)).value_or(Status::failed);
  out.error = text_at(row, 11);
  out.created = {row.int64(12)};
  out.started = time_at(row, 13);
  out.ended = time_at(row, 14);
  out.scheduled = time_at(row, 16);
  out.parent = text_at(row, 17);
  out.priority = static_cast<int>(row.int64(18));
  return out;
}

Registered pipeline_from(const Row& row) {
  Registered out;
  out.name = text_at(row, 0);
  out.yaml = text_at(row, 1);
  out.folder = text_at(row, 2);
  out.file = text_at(row, 3);
  out.schedule = text_at(row, 4);
  out.timezone = text_at(row, 5);
  out.drift_endpoint = text_at(row, 6);
  out.next_fire = time_at(row, 7);
  out.created = {row.int64(8)};
  out.updated = {row.int64(9)};
  out.after_pipeline = text_at(row, 10);
  out.after_status = text_at(row, 11);
  return out;
}

Result<void> insert(Connection& connection, const Execution& e) {
  store::Cell trigger_id = nullptr;
  if (!e.trigger.id.empty()) trigger_id = e.trigger.id;
  SW_CHECK_OK(connection.exec(
      std::string("INSERT INTO executions (") + kColumns +
          ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {e.id, e.pipeline, e.yaml, e.folder, e.file, e.params, e.trigger.kind, trigger_id, e.owner,
       e.engine, std::string(name_of(e.status)), e.error, e.created.ms, cell(e.started),
       cell(e.ended), e.trigger.detail, cell(e.scheduled), e.parent, std::int64_t{e.priority}}));
  return {};
}

Result<void> check_queue(Connection& connection, const Execution& e, std::size_t limit) {
  SW_TRY(const auto waiting,
         connection.first("SELECT COUNT(*) FROM executions WHERE pipeline = ? AND status = ?",
                          {e.pipeline, std::string("queued")},
                          [](const Row& row) { return row.int64(0); }));
  if (e.status != Status::queued || static_cast<std::size_t>(waiting.value_or(0)) < limit) {
    return {};
  }
  return exhausted("pipeline '" + e.pipeline + "' has " + std::to_string(*waiting) +
                       " executions waiting already",
                   "wait for them, or cancel some");
}

Result<void> check_alone(Connection& connection, const Execution& e) {
  SW_TRY(const auto other,
         connection.first("SELECT id FROM executions WHERE pipeline = ? AND (status = ? OR "
                          "status = ?) ORDER BY id LIMIT 1",
                          {e.pipeline, std::string("queued"), std::string("running")},
                          [](const Row& row) { return text_at(row, 0); }));
  if (!other) return {};
  return precondition("pipeline '" + e.pipeline + "' is at work already: execution " + *other,
                      "wait for it or cancel it; 'concurrency: queue' waits by itself");
}

Result<void> put_steps(Connection& connection, const std::string& execution,
                       const std::vector<StepState>& steps) {
  if (steps.empty()) return {};
  std::vector<Cells> lists;
  lists.reserve(steps.size());
  for (const auto& s : steps) {
    lists.push_back({execution, s.name, item_of(s.index), std::string(name_of(s.status)),
                     std::int64_t{s.attempts}, cell(s.started), cell(s.ended),
                     number_cell(s.exit_code), s.error, s.cpu_seconds,
                     static_cast<std::int64_t>(s.max_rss_bytes)});
  }
  return connection.exec_many(
      "INSERT INTO execution_steps (execution, step, item, status, attempts, started, ended, "
      "exit_code, error, cpu_seconds, max_rss_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
      "ON CONFLICT (execution, step, item) DO UPDATE SET status = excluded.status, "
      "attempts = excluded.attempts, started = excluded.started, ended = excluded.ended, "
      "exit_code = excluded.exit_code, error = excluded.error, "
      "cpu_seconds = excluded.cpu_seconds, max_rss_bytes = excluded.max_rss_bytes",
      lists);
}

Result<void> put_attempts(Connection& connection, const std::string& execution,
                          const std::vector<Attempt>& attempts) {
  if (attempts.empty()) return {};
  std::vector<Cells> lists;
  lists.reserve(attempts.size());
  for (const auto& a : attempts) {
    lists.push_back({execution, a.step, item_of(a.index), std::int64_t{a.number},
                     std::string(name_of(a.status)), a.started.ms, cell(a.ended),
                     number_cell(a.exit_code), a.error});
  }
  return connection.exec_many(
      "INSERT INTO execution_attempts (execution, step, item, attempt, status, started, ended, "
      "exit_code, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
      "ON CONFLICT (execution, step, item, attempt) DO UPDATE SET status = excluded.status, "
      "ended = excluded.ended, exit_code = excluded.exit_code, error = excluded.error",
      lists);
}

Result<void> put_rest(Connection& connection, const std::string& execution, const Changes& changes,
                      Timestamp now) {
  for (const auto& [step, items] : changes.items) {
    SW_CHECK_OK(
        connection.exec("INSERT INTO execution_items (execution, step, items) VALUES (?, ?, ?) "
                        "ON CONFLICT (execution, step) DO UPDATE SET items = excluded.items",
                        {execution, step, items}));
  }
  for (const auto& entry : changes.cached) {
    SW_CHECK_OK(connection.exec(
        "INSERT INTO step_cache (cache_key, outputs, execution, made) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (cache_key) DO UPDATE SET outputs = excluded.outputs, "
        "execution = excluded.execution, made = excluded.made",
        {entry.key, entry.outputs, execution, now.ms}));
  }
  for (const auto& r : changes.results) {
    SW_CHECK_OK(
        connection.exec("INSERT INTO execution_results (execution, step, item, result, artifacts) "
                        "VALUES (?, ?, ?, ?, ?) ON CONFLICT (execution, step, item) DO UPDATE SET "
                        "result = excluded.result, artifacts = excluded.artifacts",
                        {execution, r.step, item_of(r.index), r.result, r.artifacts}));
  }
  if (changes.finish) {
    SW_CHECK_OK(
        connection.exec("UPDATE executions SET status = ?, error = ?, ended = ? WHERE id = ?",
                        {std::string(name_of(changes.finish->status)), changes.finish->error,
                         changes.finish->ended.ms, execution}));
  }
  return {};
}

}  // namespace

Result<std::optional<Execution>> Records::create(const Execution& execution,
                                                 std::size_t queue_limit, bool alone) {
  using Found = std::optional<Execution>;
  return db_.write([&](Connection& connection) -> Result<Found> {
    if (!execution.trigger.id.empty()) {
      SW_TRY(auto found,
             connection.first(std::string("SELECT ") + kColumns +
                                  " FROM executions WHERE trigger_kind = ? AND "
                                  "trigger_id = ?",
                              {execution.trigger.kind, execution.trigger.id}, execution_from));
      if (found) return found;
    }
    if (alone) SW_CHECK_OK(check_alone(connection, execution));
    SW_CHECK_OK(check_queue(connection, execution, queue_limit));
    SW_CHECK_OK(insert(connection, execution));
    return Found{};
  });
}

Result<void> Records::apply(const std::string& execution, const std::string& engine,
                            const Changes& changes, Timestamp now) {
  return db_.write([&](Connection& connection) -> Result<void> {
    if (!engine.empty()) {
      SW_TRY(const auto mine,
             connection.first("SELECT engine FROM executions WHERE id = ?", {execution},
                              [](const Row& row) { return text_at(row, 0); }));
      if (mine != engine) {
        return Error{Code::conflict,
                     "execution '" + execution + "' was taken over by another process", ""};
      }
    }
    SW_CHECK_OK(put_steps(connection, execution, changes.steps));
    SW_CHECK_OK(put_attempts(connection, execution, changes.attempts));
    return put_rest(connection, execution, changes, now);
  });
}

Result<void> Records::claim(const Execution& e, const std::string& engine, Timestamp now) {
  return db_.write([&](Connection& connection) -> Result<void> {
    SW_TRY(const auto changed,
           connection.exec("UPDATE executions SET status = ?, engine = ?, yaml = ?, params = ?, "
                           "error = '', started = COALESCE(started, ?), ended = NULL, "
                           "cancel_wanted = 0 WHERE id = ? AND engine = ? AND status = ?",
                           {std::string("running"), engine, e.yaml, e.params, now.ms, e.id,
                            e.engine, std::string(name_of(e.status))}));
    if (changed == 0) {
      return Error{Code::conflict, "execution '" + e.id + "' was started elsewhere just now",
                   "look at it again"};
    }
    return {};
  });
}

Result<bool> Records::cancel_queued(const std::string& execution, Timestamp now) {
  return db_.write([&](Connection& connection) -> Result<bool> {
    SW_TRY(const auto changed,
           connection.exec("UPDATE executions SET status = ?, ended = ? "
                           "WHERE id = ? AND status = ?",
                           {std::string("cancelled"), now.ms, execution, std::string("queued")}));
    return changed > 0;
  });
}

Result<void> Records::requeue(const std::string& execution) {
  return db_.write([&](Connection& connection) -> Result<void> {
    SW_CHECK_OK(connection.exec(
        "UPDATE executions SET status = ?, owner = ?, error = '', ended = NULL WHERE id = ?",
        {std::string("queued"), std::string("server"), execution}));
    return {};
  });
}

Result<Execution> Records::get(const std::string& id) {
  return db_.read([&](Connection& connection) -> Result<Execution> {
    SW_TRY(auto found,
           connection.first(std::string("SELECT ") + kColumns + " FROM executions WHERE id = ?",
                            {id}, execution_from));
    if (!found) return not_found("there is no execution '" + id.substr(0, 80) + "'");
    return *std::move(found);
  });
}

Result<std::vector<StepState>> Records::steps(const std::string& execution) {
  return db_.read([&](Connection& connection) {
    return connection.all(
        "SELECT step, item, status, attempts, started, ended, exit_code, error, cpu_seconds, "
        "max_rss_bytes FROM execution_steps WHERE execution = ? ORDER BY step, item",
        {execution}, [](const Row& row) {
          StepState out;
          out.name = text_at(row, 0);
          out.index = index_of(row.int64(1));
          out.status = step_status_from(row.text(2)).value_or(StepStatus::failed);
          out.attempts = static_cast<int>(row.int64(3));
          out.started = time_at(row, 4);
          out.ended = time_at(row, 5);
          out.exit_code = code_at(row, 6);
          out.error = text_at(row, 7);
          out.cpu_seconds = row.real(8);
          out.max_rss_bytes = static_cast<std::uint64_t>(row.int64(9));
          return out;
        });
  });
}

Result<std::vector<Attempt>> Records::attempts(const std::string& execution,
                                               const std::string& step) {
  return db_.read([&](Connection& connection) {
    return connection.all(
        "SELECT step, item, attempt, status, started, ended, exit_code, error "
        "FROM execution_attempts WHERE execution = ? AND step = ? ORDER BY item, attempt",
        {execution, step}, [](const Row& row) {
          Attempt out;
          out.step = text_at(row, 0);
          out.index = index_of(row.int64(1));
          out.number = static_cast<int>(row.int64(2));
          out.status = step_status_from(row.text(3)).value_or(StepStatus::failed);
          out.started = {row.int64(4)};
          out.ended = time_at(row, 5);
          out.exit_code = code_at(row, 6);
          out.error = text_at(row, 7);
          return out;
        });
  });
}

Result<std::optional<std::string>> Records::items(const std::string& execution,
                                                  const std::string& step) {
  return db_.read([&](Connection& connection) {
    return connection.first("SELECT items FROM execution_items WHERE execution = ? AND step = ?",
                            {execution, step}, [](const Row& row) { return text_at(row, 0); });
  });
}

Result<std::optional<std::string>> Records::cached(const std::string& key) {
  return db_.read([&](Connection& connection) {
    return connection.first("SELECT outputs FROM step_cache WHERE cache_key = ?", {key},
                            [](const Row& row) { return text_at(row, 0); });
  });
}

Result<Page<Execution>> Records::list(const std::string& pipeline, const PageRequest& page) {
  return db_.read([&](Connection& connection) -> Result<Page<Execution>> {
    std::string sql = std::string("SELECT ") + kColumns + " FROM executions WHERE 1 = 1";
    Cells cells;
    if (!pipeline.empty()) {
      sql += " AND pipeline = ?";
      cells.emplace_back(pipeline);
    }
    if (!page.token.empty()) {
      sql += " AND id < ?";
      cells.emplace_back(page.token);
    }
    sql += " ORDER BY id DESC LIMIT " + std::to_string(page.size + 1);
    Page<Execution> out;
    SW_TRY(out.items, connection.all(sql, cells, execution_from));
    if (out.items.size() > page.size) {
      out.items.resize(page.size);
      out.next_token = out.items.back().id;
    }
    return out;
  });
}

Result<std::vector<Execution>> Records::unfinished() {
  return db_.read([&](Connection& connection) {
    return connection.all(std::string("SELECT ") + kColumns +
                              " FROM executions WHERE status = ? OR status = ? ORDER BY id",
                          {std::string("queued"), std::string("running")}, execution_from);
  });
}

Result<std::vector<std::string>> Records::queued() {
  return db_.read([&](Connection& connection) {
    return connection.all("SELECT id FROM executions WHERE status = ? AND owner = ? ORDER BY id",
                          {std::string("queued"), std::string("server")},
                          [](const Row& row) { return text_at(row, 0); });
  });
}

Result<std::optional<Execution>> Records::by_trigger(const std::string& kind,
                                                     const std::string& id) {
  return db_.read([&](Connection& connection) {
    return connection.first(std::string("SELECT ") + kColumns +
                                " FROM executions WHERE trigger_kind = ? AND trigger_id = ?",
                            {kind, id}, execution_from);
  });
}

Result<std::vector<Execution>> Records::unfinished_of(const std::string& pipeline) {
  return db_.read([&](Connection& connection) {
    return connection.all(std::string("SELECT ") + kColumns +
                              " FROM executions WHERE pipeline = ? AND (status = ? OR status = ?) "
                              "ORDER BY id",
                          {pipeline, std::string("queued"), std::string("running")},
                          execution_from);
  });
}

Result<void> Records::put(const Registered& p, const std::vector<Watched>& watched) {
  return db_.write([&](Connection& connection) -> Result<void> {
    SW_CHECK_OK(connection.exec(
        std::string("INSERT INTO pipelines (") + kPipelineColumns +
            ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET "
            "yaml = excluded.yaml, folder = excluded.folder, file = excluded.file, "
            "schedule = excluded.schedule, timezone = excluded.timezone, "
            "drift_endpoint = excluded.drift_endpoint, next_fire = excluded.next_fire, "
            "updated = excluded.updated, after_pipeline = excluded.after_pipeline, "
            "after_status = excluded.after_status",
        {p.name, p.yaml, p.folder, p.file, p.schedule, p.timezone, p.drift_endpoint,
         cell(p.next_fire), p.created.ms, p.updated.ms, p.after_pipeline, p.after_status}));
    return put_watched(connection, p.name, watched, p.updated);
  });
}

Result<bool> Records::remove(const std::string& pipeline) {
  return db_.write([&](Connection& connection) -> Result<bool> {
    SW_CHECK_OK(remove_watched(connection, pipeline));
    SW_TRY(const auto changed, connection.exec("DELETE FROM pipelines WHERE name = ?", {pipeline}));
    return changed > 0;
  });
}

Result<Registered> Records::pipeline(const std::string& name) {
  return db_.read([&](Connection& connection) -> Result<Registered> {
    SW_TRY(auto found, connection.first(std::string("SELECT ") + kPipelineColumns +
                                            " FROM pipelines WHERE name = ?",
                                        {name}, pipeline_from));
    if (!found) {
      return not_found("there is no pipeline '" + name.substr(0, 80) + "'",
                       "register it: POST /api/v1/pipelines");
    }
    return *std::move(found);
  });
}

Result<std::vector<Registered>> Records::pipelines() {
  return db_.read([&](Connection& connection) {
    return connection.all(
        std::string("SELECT ") + kPipelineColumns + " FROM pipelines ORDER BY name", {},
        pipeline_from);
  });
}

Result<std::optional<Timestamp>> Records::next_fire() {
  return db_.read([&](Connection& connection) {
    return connection.first(
        "SELECT next_fire FROM pipelines WHERE next_fire IS NOT NULL ORDER BY next_fire LIMIT 1",
        {}, [](const Row& row) { return Timestamp{row.int64(0)}; });
  });
}

Result<std::vector<std::string>> Records::due(Timestamp now) {
  return db_.read([&](Connection& connection) {
    return connection.all("SELECT name FROM pipelines WHERE next_fire <= ? ORDER BY next_fire",
                          {now.ms}, [](const Row& row) { return text_at(row, 0); });
  });
}

Result<std::vector<Records::Ended>> Records::ended_for_others(Timestamp since) {
  return db_.read([&](Connection& connection) {
    return connection.all(
        "SELECT p.name, e.id FROM pipelines p JOIN executions e ON e.pipeline = p.after_pipeline "
        "WHERE p.after_pipeline <> '' AND e.ended >= ? AND e.ended > p.updated AND e.parent = '' "
        "AND (e.status = p.after_status OR (p.after_status = 'any' AND e.status <> 'cancelled')) "
        "AND NOT EXISTS (SELECT 1 FROM executions s WHERE s.trigger_kind = 'after' "
        "AND s.trigger_id = p.name || '@' || e.id) ORDER BY e.ended LIMIT 100",
        {since.ms}, [](const Row& row) {
          return Ended{text_at(row, 0), text_at(row, 1)};
        });
  });
}

Result<bool> Records::move_schedule(const std::string& pipeline, Timestamp expected,
                                    std::optional<Timestamp> next) {
  return db_.write([&](Connection& connection) -> Result<bool> {
    SW_TRY(const auto changed,
           connection.exec("UPDATE pipelines SET next_fire = ? WHERE name = ? AND next_fire = ?",
                           {cell(next), pipeline, expected.ms}));
    return changed > 0;
  });
}

Result<std::vector<Watched>> Records::watched(const std::string& pipeline) {
  return db_.read([&](Connection& connection) { return watched_of(connection, pipeline); });
}

Result<bool> Records::saw(const Watched& before, const Content& now, const std::string& started_for,
                          const Execution* execution, std::size_t queue_limit, Timestamp at) {
  return db_.write([&](Connection& connection) -> Result<bool> {
    SW_TRY(const bool mine, move_watched(connection, before, now, started_for, at));
    if (!mine || execution == nullptr) return mine;
    SW_CHECK_OK(check_queue(connection, *execution, queue_limit));
    SW_CHECK_OK(insert(connection, *execution));
    return true;
  });
}

}  // namespace slipway::pipeline
