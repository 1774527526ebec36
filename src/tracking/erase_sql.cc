// SPDX-License-Identifier: Apache-2.0
#include "rows.h"
#include "tracking/erase.h"

namespace slipway::tracking {
namespace {

using store::Connection;
using store::Row;

auto number = [](const Row& row) { return row.int64(0); };

// A run of a deleted experiment counts as deleted with it.
constexpr auto kRuns =
    "SELECT r.uuid, r.artifact_root, r.experiment, CASE WHEN r.state = 1 THEN"
    " COALESCE(r.deleted_at, r.ended, r.started) ELSE e.updated END FROM runs r"
    " JOIN experiments e ON e.id = r.experiment WHERE r.state = 1 OR e.state = 1"
    " ORDER BY r.id";
constexpr auto kModels =
    "SELECT m.uuid, m.artifact_root, m.experiment, CASE WHEN m.state = 1 THEN m.updated"
    " ELSE e.updated END FROM logged_models m JOIN experiments e ON e.id = m.experiment"
    " WHERE m.state = 1 OR e.state = 1 ORDER BY m.id";
constexpr auto kExperiments =
    "SELECT CAST(e.id AS TEXT), e.artifact_root, e.id, e.updated FROM experiments e"
    " WHERE e.state = 1 ORDER BY e.id";
constexpr const char* kOfRun[] = {
    "DELETE FROM run_params WHERE run = ?",         "DELETE FROM run_tags WHERE run = ?",
    "DELETE FROM latest_metrics WHERE run = ?",     "DELETE FROM metrics WHERE run = ?",
    "DELETE FROM metric_tail WHERE run = ?",        "DELETE FROM metric_chunks WHERE run = ?",
    "DELETE FROM run_input_tags WHERE run = ?",     "DELETE FROM run_inputs WHERE run = ?",
    "DELETE FROM run_models WHERE run = ?",         "DELETE FROM run_series WHERE run = ?",
    "DELETE FROM run_series_entries WHERE run = ?", "DELETE FROM run_console WHERE run = ?",
    "DELETE FROM latest_blocks WHERE run = ?"};
constexpr auto kUnusedDatasets =
    "DELETE FROM run_datasets WHERE experiment = ? AND NOT EXISTS"
    " (SELECT 1 FROM run_inputs i WHERE i.dataset = run_datasets.id)";

Result<std::vector<Erasable>> found(Connection& db, const char* sql, Timestamp before) {
  std::vector<Erasable> out;
  SW_CHECK_OK(db.query(sql, {}, [&](const Row& row) {
    const Timestamp deleted{row.int64(3)};
    if (deleted < before) {
      out.push_back({std::string(row.text(0)), std::string(row.text(1)),
                     ExperimentId(std::to_string(row.int64(2))), deleted});
    }
    return true;
  }));
  return out;
}

}  // namespace

Result<std::vector<Erasable>> erasable_runs(Connection& db, Timestamp before) {
  return found(db, kRuns, before);
}
Result<std::vector<Erasable>> erasable_models(Connection& db, Timestamp before) {
  return found(db, kModels, before);
}
Result<std::vector<Erasable>> erasable_experiments(Connection& db, Timestamp before) {
  return found(db, kExperiments, before);
}

Result<bool> erase_run(Connection& db, const RunId& id) {
  SW_TRY(const auto run,
         db.first("SELECT r.id, r.experiment FROM runs r JOIN experiments e ON e.id = r.experiment"
                  " WHERE r.uuid = ? AND (r.state = 1 OR e.state = 1)",
                  {id.str()}, [](const Row& row) {
                    return RunKey{row.int64(0), row.int64(1)};
                  }));
  if (!run) return false;
  for (const auto* sql : kOfRun) SW_CHECK_OK(db.exec(sql, {run->id}));
  SW_CHECK_OK(db.exec("DELETE FROM logged_model_metrics WHERE run = ?", {id.str()}));
  SW_CHECK_OK(db.exec(kUnusedDatasets, {run->experiment}));
  SW_CHECK_OK(db.exec("DELETE FROM runs WHERE id = ?", {run->id}));
  return true;
}

Result<bool> erase_model(Connection& db, const LoggedModelId& id) {
  SW_TRY(const auto model,
         db.first("SELECT m.id FROM logged_models m JOIN experiments e ON e.id = m.experiment"
                  " WHERE m.uuid = ? AND (m.state = 1 OR e.state = 1)",
                  {id.str()}, number));
  if (!model) return false;
  SW_CHECK_OK(db.exec("DELETE FROM logged_model_params WHERE model = ?", {*model}));
  SW_CHECK_OK(db.exec("DELETE FROM logged_model_tags WHERE model = ?", {*model}));
  SW_CHECK_OK(db.exec("DELETE FROM logged_model_metrics WHERE model = ?", {id.str()}));
  SW_CHECK_OK(db.exec("DELETE FROM run_models WHERE model = ?", {id.str()}));
  SW_CHECK_OK(db.exec("DELETE FROM logged_models WHERE id = ?", {*model}));
  return true;
}

Result<bool> may_erase_experiment(Connection& db, const ExperimentId& id) {
  SW_TRY(const auto key, number_of(id));
  SW_TRY(const auto there,
         db.first("SELECT 1 FROM experiments WHERE id = ? AND state = 1", {key}, number));
  if (!there) return false;
  SW_TRY(const auto used, db.first("SELECT (SELECT COUNT(*) FROM runs WHERE experiment = ?) +"
                                   " (SELECT COUNT(*) FROM logged_models WHERE experiment = ?)",
                                   {key, key}, number));
  if (used.value_or(0) != 0) {
    return precondition("experiment '" + id.str() + "' still holds " + std::to_string(*used) +
                        " runs and logged models");
  }
  return true;
}

Result<bool> erase_experiment(Connection& db, const ExperimentId& id) {
  SW_TRY(const bool may, may_erase_experiment(db, id));
  if (!may) return false;
  SW_TRY(const auto key, number_of(id));
  SW_CHECK_OK(db.exec("DELETE FROM run_datasets WHERE experiment = ?", {key}));
  SW_CHECK_OK(db.exec("DELETE FROM experiment_tags WHERE experiment = ?", {key}));
  SW_CHECK_OK(db.exec("DELETE FROM experiments WHERE id = ?", {key}));
  return true;
}

Result<bool> is_known_owner(Connection& db, const std::string& id) {
  SW_TRY(const auto run, db.first("SELECT 1 FROM runs WHERE uuid = ?", {id}, number));
  if (run) return true;
  SW_TRY(const auto model, db.first("SELECT 1 FROM logged_models WHERE uuid = ?", {id}, number));
  return model.has_value();
}

}  // namespace slipway::tracking
