// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "chunks_sql.h"
#include "rows.h"
#include "runs_sql.h"
#include "tracking/artifacts.h"
#include "tracking/intake.h"

namespace slipway::tracking {
namespace {

using store::Cell;
using store::Cells;
using store::Connection;
using store::Row;

constexpr auto kAddExperiment =
    "INSERT INTO experiments (id, name, artifact_root, state, created, updated)"
    " VALUES (?, ?, ?, ?, ?, ?)";
constexpr auto kRenewExperiment =
    "UPDATE experiments SET name = ?, state = ?, updated = ? WHERE id = ?";
constexpr auto kNextExperiment = "SELECT COALESCE(MAX(id), 0) + 1 FROM experiments";
// Ids that were given do not move the sequence by themselves.
constexpr auto kMoveSequence =
    "SELECT setval(pg_get_serial_sequence('experiments', 'id'),"
    " (SELECT GREATEST(MAX(id), 1) FROM experiments))";
constexpr auto kSetExperimentTag =
    "INSERT INTO experiment_tags (experiment, key, value) VALUES (?, ?, ?)"
    " ON CONFLICT (experiment, key) DO UPDATE SET value = excluded.value";
constexpr auto kAddRun =
    "INSERT INTO runs (uuid, experiment, name, user_name, status, started, ended, artifact_root,"
    " state, deleted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id";
constexpr auto kRenewRun =
    "UPDATE runs SET name = ?, user_name = ?, status = ?, started = ?, ended = ?, state = ?,"
    " deleted_at = ? WHERE id = ?";
constexpr auto kSetRunTag =
    "INSERT INTO run_tags (run, key, value) VALUES (?, ?, ?)"
    " ON CONFLICT (run, key) DO UPDATE SET value = excluded.value";
constexpr auto kAddModel =
    "INSERT INTO logged_models (uuid, experiment, name, type, status, source_run, artifact_root,"
    " created, updated, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id";
constexpr auto kRenewModel =
    "UPDATE logged_models SET name = ?, type = ?, status = ?, updated = ?, state = ? WHERE id = ?";
constexpr auto kAddModelParam =
    "INSERT INTO logged_model_params (model, key, value) VALUES (?, ?, ?)"
    " ON CONFLICT (model, key) DO NOTHING";
constexpr auto kSetModelTag =
    "INSERT INTO logged_model_tags (model, key, value) VALUES (?, ?, ?)"
    " ON CONFLICT (model, key) DO UPDATE SET value = excluded.value";

Cell maybe(const std::optional<Timestamp>& at) {
  return at ? Cell(at->ms) : Cell(nullptr);
}

std::int64_t state_of(Lifecycle lifecycle) {
  return lifecycle == Lifecycle::active ? 0 : 1;
}

auto number = [](const Row& row) { return row.int64(0); };

Result<void> set_tags(Connection& db, const char* sql, std::int64_t owner,
                      const std::vector<Tag>& tags) {
  for (const auto& tag : tags) SW_CHECK_OK(db.exec(sql, {owner, tag.key, tag.value}));
  return {};
}

Result<std::string> root_in(Connection& db, std::int64_t experiment, const std::string& rest) {
  SW_TRY(const auto root,
         db.first("SELECT artifact_root FROM experiments WHERE id = ?", {experiment},
                  [](const Row& row) { return std::string(row.text(0)); }));
  if (!root) return no_experiment(ExperimentId(std::to_string(experiment)));
  return beneath(*root, rest);
}

// The number that an experiment gets here, and whether it has to be made.
Result<std::pair<std::int64_t, bool>> place_of(Connection& db, const Experiment& experiment) {
  SW_TRY(const auto same,
         db.first("SELECT id FROM experiments WHERE name = ?", {experiment.name}, number));
  if (same) return std::pair(*same, false);
  // An id of a tool that does not count its experiments is no wish.
  if (const auto wanted = number_of(experiment.id)) {
    SW_TRY(const auto holder,
           db.first("SELECT id FROM experiments WHERE id = ?", {*wanted}, number));
    if (!holder) return std::pair(*wanted, true);
  }
  SW_TRY(const auto next, db.first(kNextExperiment, {}, number));
  return std::pair(next.value_or(1), true);
}

}  // namespace

Result<ExperimentId> take_experiment(Connection& db, const Experiment& experiment,
                                     const std::optional<ExperimentId>& known) {
  if (experiment.name.empty()) return invalid("an experiment without a name cannot be taken in");
  if (known) {
    SW_TRY(const auto id, number_of(*known));
    SW_TRY(const auto renewed,
           db.exec(kRenewExperiment,
                   {experiment.name, state_of(experiment.lifecycle), experiment.updated.ms, id}));
    if (renewed == 1) {
      SW_CHECK_OK(set_tags(db, kSetExperimentTag, id, experiment.tags));
      return *known;
    }
  }
  SW_TRY(const auto place, place_of(db, experiment));
  const auto [id, missing] = place;
  if (missing) {
    const auto root =
        experiment.artifact_root.empty() ? std::to_string(id) : experiment.artifact_root;
    SW_CHECK_OK(db.exec(kAddExperiment, {id, experiment.name, root, state_of(experiment.lifecycle),
                                         experiment.created.ms, experiment.updated.ms}));
    if (db.dialect() == store::Dialect::postgres) {
      SW_CHECK_OK(db.query(kMoveSequence, {}, [](const Row&) { return true; }));
    }
  }
  SW_CHECK_OK(set_tags(db, kSetExperimentTag, id, experiment.tags));
  return ExperimentId(std::to_string(id));
}

Result<void> take_run(Connection& db, const Run& run, std::optional<Timestamp> deleted) {
  SW_TRY(const auto experiment, number_of(run.experiment));
  SW_TRY(const auto there, db.first("SELECT id, experiment FROM runs WHERE uuid = ?",
                                    {run.id.str()}, [](const Row& row) {
                                      return RunKey{row.int64(0), row.int64(1)};
                                    }));
  if (there && there->experiment != experiment) {
    return already_exists("run '" + run.id.str() + "' is in experiment " +
                              std::to_string(there->experiment) + " here, not in " +
                              std::to_string(experiment),
                          "remove it there first, or take the history in by another server");
  }
  const auto state = state_of(run.lifecycle);
  const auto status = static_cast<std::int64_t>(run.status);
  const auto ended = maybe(run.ended);
  const auto gone = state == 0 ? Cell(nullptr) : maybe(deleted ? deleted : run.ended);
  RunKey key{0, experiment};
  if (there) {
    key = *there;
    SW_CHECK_OK(db.exec(kRenewRun,
                        {run.name, run.user, status, run.started.ms, ended, state, gone, key.id}));
  } else {
    auto root = run.artifact_root;
    if (root.empty()) {
      SW_TRY(root, root_in(db, experiment, "/" + run.id.str() + "/artifacts"));
    }
    SW_TRY(const auto made, db.first(kAddRun,
                                     {run.id.str(), experiment, run.name, run.user, status,
                                      run.started.ms, ended, root, state, gone},
                                     number));
    if (!made) return internal("a run got no id");
    key.id = *made;
  }
  SW_CHECK_OK(insert_params(db, key.id, run.params));
  SW_CHECK_OK(set_tags(db, kSetRunTag, key.id, run.tags));
  for (const auto& input : run.datasets) SW_CHECK_OK(insert_input(db, key, input));
  for (const auto& model : run.model_inputs) {
    SW_CHECK_OK(insert_model_link(db, key, LinkRole::input, {model, 0}));
  }
  for (const auto& model : run.model_outputs) {
    SW_CHECK_OK(insert_model_link(db, key, LinkRole::output, model));
  }
  return {};
}

Result<void> take_metrics(Connection& db, const RunId& run, const std::vector<Metric>& metrics) {
  SW_TRY(const auto key, find_run(db, run));
  MetricKeys keys;
  MetricKeys::Learned learned;
  return insert_metrics(db, key, run, metrics, keys, learned);
}

Result<void> take_logged_model(Connection& db, const LoggedModel& model, Lifecycle lifecycle) {
  SW_TRY(const auto experiment, number_of(model.experiment));
  const auto status = static_cast<std::int64_t>(model.status);
  SW_TRY(auto key,
         db.first("SELECT id FROM logged_models WHERE uuid = ?", {model.id.str()}, number));
  if (key) {
    SW_CHECK_OK(db.exec(kRenewModel, {model.name, model.type, status, model.updated.ms,
                                      state_of(lifecycle), *key}));
  } else {
    auto root = model.artifact_root;
    if (root.empty()) {
      SW_TRY(root, root_in(db, experiment, "/models/" + model.id.str() + "/artifacts"));
    }
    const auto run = model.source_run ? Cell(model.source_run->str()) : Cell(nullptr);
    SW_TRY(key, db.first(kAddModel,
                         {model.id.str(), experiment, model.name, model.type, status, run, root,
                          model.created.ms, model.updated.ms, state_of(lifecycle)},
                         number));
    if (!key) return internal("a logged model got no id");
  }
  for (const auto& param : model.params) {
    SW_CHECK_OK(db.exec(kAddModelParam, {*key, param.key, param.value}));
  }
  SW_CHECK_OK(set_tags(db, kSetModelTag, *key, model.tags));
  return insert_model_metrics(db, model.metrics);
}

Result<std::vector<RunSize>> sizes_of(Connection& db, const std::vector<RunId>& runs) {
  std::vector<RunSize> out;
  for (const auto& id : runs) {
    const auto key = db.first("SELECT id FROM runs WHERE uuid = ?", {id.str()}, number);
    SW_CHECK_OK(key);
    if (!*key) continue;
    RunSize size{.id = id};
    SW_TRY(size.points, count_points(db, **key));
    const auto count = [&](const char* sql, std::int64_t& into) -> Result<void> {
      SW_TRY(const auto n, db.first(sql, {**key}, number));
      into = n.value_or(0);
      return {};
    };
    SW_CHECK_OK(count("SELECT COUNT(*) FROM run_params WHERE run = ?", size.params));
    SW_CHECK_OK(count("SELECT COUNT(*) FROM run_tags WHERE run = ?", size.tags));
    SW_CHECK_OK(count("SELECT COUNT(*) FROM run_inputs WHERE run = ?", size.inputs));
    out.push_back(std::move(size));
  }
  return out;
}

Result<std::optional<std::string>> root_of_run(Connection& db, const RunId& id) {
  return db.first("SELECT artifact_root FROM runs WHERE uuid = ?", {id.str()},
                  [](const Row& row) { return std::string(row.text(0)); });
}

Result<std::string> root_of_experiment(Connection& db, const ExperimentId& id) {
  SW_TRY(const auto key, number_of(id));
  SW_TRY(auto root, db.first("SELECT artifact_root FROM experiments WHERE id = ?", {key},
                             [](const Row& row) { return std::string(row.text(0)); }));
  if (!root) return no_experiment(id);
  return *std::move(root);
}

Result<std::optional<std::string>> root_of_model(Connection& db, const LoggedModelId& id) {
  return db.first("SELECT artifact_root FROM logged_models WHERE uuid = ?", {id.str()},
                  [](const Row& row) { return std::string(row.text(0)); });
}

}  // namespace slipway::tracking
