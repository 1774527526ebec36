// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "rows.h"
#include "runs_sql.h"
#include "tracking/runs.h"

namespace slipway::tracking {
namespace {

using store::Cell;
using store::Connection;
using store::Row;

constexpr auto kAddDataset =
    "INSERT INTO run_datasets (experiment, name, digest, source_type, source, schema_text, profile)"
    " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (experiment, name, digest) DO NOTHING";
constexpr auto kFindDataset =
    "SELECT id FROM run_datasets WHERE experiment = ? AND name = ? AND digest = ?";
constexpr auto kAddInput =
    "INSERT INTO run_inputs (run, dataset) VALUES (?, ?) ON CONFLICT DO NOTHING";
constexpr auto kAddInputTag =
    "INSERT INTO run_input_tags (run, dataset, key, value) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (run, dataset, key) DO UPDATE SET value = excluded.value";
constexpr auto kAddModel =
    "INSERT INTO run_models (run, role, model, step) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";

Cell maybe(const std::optional<std::string>& text) {
  return text ? Cell(*text) : Cell(nullptr);
}

}  // namespace

Result<void> insert_input(Connection& db, const RunKey& run, const DatasetInput& input) {
  const auto& d = input.dataset;
  SW_CHECK_OK(db.exec(kAddDataset, {run.experiment, d.name, d.digest, d.source_type, d.source,
                                    maybe(d.schema), maybe(d.profile)}));
  SW_TRY(const auto dataset, db.first(kFindDataset, {run.experiment, d.name, d.digest},
                                      [](const Row& row) { return row.int64(0); }));
  if (!dataset) return internal("the dataset '" + d.name + "' got no number");
  SW_TRY(const auto added, db.exec(kAddInput, {run.id, *dataset}));
  if (added == 0) return {};
  for (const auto& tag : input.tags) {
    SW_CHECK_OK(db.exec(kAddInputTag, {run.id, *dataset, tag.key, tag.value}));
  }
  return {};
}

Result<void> insert_model_link(Connection& db, const RunKey& run, LinkRole role,
                               const ModelOutput& model) {
  SW_CHECK_OK(
      db.exec(kAddModel, {run.id, static_cast<std::int64_t>(role), model.model.str(), model.step}));
  return {};
}

Result<void> Runs::add_inputs(const RunId& id, const std::vector<DatasetInput>& datasets,
                              const std::vector<LoggedModelId>& models) {
  return db_.write([&](Connection& c) -> Result<void> {
    SW_TRY(const auto run, find_active_run(c, id));
    for (const auto& input : datasets) SW_CHECK_OK(insert_input(c, run, input));
    for (const auto& model : models) {
      SW_CHECK_OK(insert_model_link(c, run, LinkRole::input, {model, 0}));
    }
    return {};
  });
}

Result<void> Runs::add_outputs(const RunId& id, const std::vector<ModelOutput>& models) {
  return db_.write([&](Connection& c) -> Result<void> {
    SW_TRY(const auto run, find_active_run(c, id));
    for (const auto& out : models) {
      SW_CHECK_OK(insert_model_link(c, run, LinkRole::output, out));
    }
    return {};
  });
}

Result<std::vector<DatasetSummary>> Runs::datasets(
    const std::vector<ExperimentId>& experiments) const {
  if (experiments.empty()) return std::vector<DatasetSummary>();
  std::string ids;
  for (const auto& id : experiments) {
    SW_TRY(const auto number, number_of(id));
    (ids += ids.empty() ? "" : ",") += std::to_string(number);
  }
  const std::string sql =
      "SELECT DISTINCT d.experiment, d.name, d.digest, t.value FROM run_datasets d"
      " JOIN run_inputs i ON i.dataset = d.id"
      " LEFT JOIN run_input_tags t ON t.run = i.run AND t.dataset = i.dataset AND t.key = ?"
      " WHERE d.experiment IN (" +
      ids + ") ORDER BY d.experiment, d.name, d.digest LIMIT 1000";
  return db_.read([&](Connection& c) {
    return c.all(sql, {std::string(kContextTag)}, [](const Row& row) {
      return DatasetSummary{ExperimentId(std::to_string(row.int64(0))), std::string(row.text(1)),
                            std::string(row.text(2)), row.maybe_text(3)};
    });
  });
}

}  // namespace slipway::tracking
