// SPDX-License-Identifier: Apache-2.0
#include "tracking/runs.h"

#include <utility>

#include "base/text.h"
#include "chunks_sql.h"
#include "rows.h"
#include "run_search.h"
#include "runs_sql.h"
#include "store/database.h"

namespace slipway::tracking {
namespace {

using store::Cell;
using store::Connection;
using store::Row;

constexpr auto kInsertRun =
    "INSERT INTO runs (uuid, experiment, name, user_name, status, started, artifact_root, state)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, 0) RETURNING id";
constexpr auto kSetTag =
    "INSERT INTO run_tags (run, key, value) VALUES (?, ?, ?)"
    " ON CONFLICT (run, key) DO UPDATE SET value = excluded.value";
constexpr auto kAddParam =
    "INSERT INTO run_params (run, key, value) VALUES (?, ?, ?) ON CONFLICT (run, key) DO NOTHING";

struct Parent {
  std::string artifact_root;
  bool active = false;
};

Result<Parent> parent_of(Connection& db, const ExperimentId& id, std::int64_t number) {
  SW_TRY(auto found, db.first("SELECT artifact_root, state FROM experiments WHERE id = ?", {number},
                              [](const Row& row) {
                                return Parent{std::string(row.text(0)), row.int64(1) == 0};
                              }));
  if (!found) return no_experiment(id);
  if (!found->active) return deleted_experiment(id);
  return *std::move(found);
}

bool is_final(RunStatus status) {
  return status == RunStatus::finished || status == RunStatus::failed ||
         status == RunStatus::killed;
}

Result<void> set_state(store::Database& db, const RunId& id, std::int64_t state, Cell deleted_at) {
  return db.write([&](Connection& c) -> Result<void> {
    SW_TRY(const auto run, find_run(c, id));
    SW_CHECK_OK(c.exec("UPDATE runs SET state = ?, deleted_at = ? WHERE id = ?",
                       {state, deleted_at, run.id}));
    return {};
  });
}

}  // namespace

Result<void> insert_params(Connection& db, std::int64_t run, const std::vector<Param>& params) {
  for (const auto& param : params) {
    SW_TRY(const auto added, db.exec(kAddParam, {run, param.key, param.value}));
    if (added != 0) continue;
    SW_TRY(const auto present,
           db.first("SELECT value FROM run_params WHERE run = ? AND key = ?", {run, param.key},
                    [](const Row& row) { return std::string(row.text(0)); }));
    if (present && *present == param.value) continue;
    return invalid("changing param values is not allowed: param '" + param.key + "' is already '" +
                       present.value_or("") + "', not '" + param.value + "'",
                   "log the other value to another run");
  }
  return {};
}

Runs::Runs(store::Database& db, EventSink& events, Clock& clock, Ids& ids)
    : db_(db), events_(events), clock_(clock), ids_(ids), keys_(std::make_unique<MetricKeys>()) {}

Runs::~Runs() = default;

Result<Run> Runs::start(const NewRun& in) {
  SW_TRY(const auto experiment, number_of(in.experiment));
  Run run{.id = RunId(ids_.hex32()),
          .experiment = in.experiment,
          .name = in.name.empty() ? made_up_name() : in.name,
          .user = in.user,
          .started = in.started.value_or(clock_.now())};
  run.experiment = ExperimentId(std::to_string(experiment));
  SW_TRY(auto stored, db_.write([&](Connection& c) -> Result<Run> {
    SW_TRY(const auto parent, parent_of(c, in.experiment, experiment));
    run.artifact_root = parent.artifact_root + "/" + run.id.str() + "/artifacts";
    SW_TRY(const auto key,
           c.first(kInsertRun,
                   {run.id.str(), experiment, run.name, run.user,
                    static_cast<std::int64_t>(run.status), run.started.ms, run.artifact_root},
                   [](const Row& row) { return row.int64(0); }));
    if (!key) return internal("a run got no id");
    for (const auto& tag : in.tags) SW_CHECK_OK(c.exec(kSetTag, {*key, tag.key, tag.value}));
    return run;
  }));
  stored.tags = in.tags;
  return stored;
}

Result<Run> Runs::change(const RunId& id, const RunChange& change) {
  bool ended_now = false;
  SW_TRY(auto run, db_.write([&](Connection& c) -> Result<Run> {
    SW_TRY(const auto key, find_active_run(c, id));
    SW_TRY(const auto before, c.first("SELECT status FROM runs WHERE id = ?", {key.id},
                                      [](const Row& row) { return row.int64(0); }));
    if (change.status) {
      ended_now = is_final(*change.status) && !is_final(static_cast<RunStatus>(before.value_or(0)));
      SW_CHECK_OK(c.exec("UPDATE runs SET status = ? WHERE id = ?",
                         {static_cast<std::int64_t>(*change.status), key.id}));
      if (ended_now) SW_CHECK_OK(compact(c, key.id));
    }
    if (change.ended) {
      SW_CHECK_OK(c.exec("UPDATE runs SET ended = ? WHERE id = ?", {change.ended->ms, key.id}));
    }
    if (change.name && !change.name->empty()) {
      SW_CHECK_OK(c.exec("UPDATE runs SET name = ? WHERE id = ?", {*change.name, key.id}));
    }
    return load_run(c, id);
  }));
  if (ended_now) {
    std::string data = "{\"experiment\":";
    append_json_string(data, run.experiment.str());
    append_json_string(data += ",\"status\":", name_of(run.status));
    append_json_string(data += ",\"name\":", run.name);
    events_.publish({.type = "run.finished",
                     .subject = run.id.str(),
                     .actor = run.user,
                     .at = clock_.now(),
                     .data = data + "}"});
  }
  return run;
}

Result<Run> Runs::get(const RunId& id) const {
  return db_.read([&](Connection& c) { return load_run(c, id); });
}

Result<Page<Run>> Runs::search(const Search& search) const {
  Page<Run> page;
  SW_TRY(auto found, db_.read([&](Connection& c) -> Result<std::vector<FoundRun>> {
    SW_TRY(auto out, find_runs(c, search));
    page.next_token = std::move(out.next_token);
    SW_CHECK_OK(load_data(c, out.runs));
    return std::move(out.runs);
  }));
  page.items.reserve(found.size());
  for (auto& each : found) page.items.push_back(std::move(each.run));
  return page;
}

Result<void> Runs::remove(const RunId& id) {
  return set_state(db_, id, 1, clock_.now().ms);
}

Result<void> Runs::restore(const RunId& id) {
  return set_state(db_, id, 0, nullptr);
}

Result<void> Runs::log(const RunId& id, const Batch& batch) {
  MetricKeys::Learned learned;
  SW_CHECK_OK(db_.write([&](Connection& c) -> Result<void> {
    learned.clear();
    SW_TRY(const auto run, find_active_run(c, id));
    SW_CHECK_OK(insert_params(c, run.id, batch.params));
    SW_CHECK_OK(insert_metrics(c, run, id, batch.metrics, *keys_, learned));
    for (const auto& tag : batch.tags) SW_CHECK_OK(c.exec(kSetTag, {run.id, tag.key, tag.value}));
    if (batch.name && !batch.name->empty()) {
      SW_CHECK_OK(c.exec("UPDATE runs SET name = ? WHERE id = ?", {*batch.name, run.id}));
    }
    return {};
  }));
  keys_->remember(std::move(learned));
  return {};
}

Result<void> Runs::edit_tag(const RunId& id, const std::string& key, const NextValue& next) {
  return db_.write([&](Connection& c) -> Result<void> {
    SW_TRY(const auto run, find_active_run(c, id));
    SW_TRY(const auto present,
           c.first("SELECT value FROM run_tags WHERE run = ? AND key = ?", {run.id, key},
                   [](const Row& row) { return std::string(row.text(0)); }));
    SW_TRY(const auto value, next(present));
    SW_CHECK_OK(c.exec(kSetTag, {run.id, key, value}));
    return {};
  });
}

Result<void> Runs::remove_tag(const RunId& id, const std::string& key) {
  return db_.write([&](Connection& c) -> Result<void> {
    SW_TRY(const auto run, find_active_run(c, id));
    SW_TRY(const auto removed,
           c.exec("DELETE FROM run_tags WHERE run = ? AND key = ?", {run.id, key}));
    if (removed == 0) return not_found("no tag with name '" + key + "' in run '" + id.str() + "'");
    return {};
  });
}

}  // namespace slipway::tracking
