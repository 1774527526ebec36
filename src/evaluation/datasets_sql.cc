// SPDX-License-Identifier: Apache-2.0
#include "datasets_sql.h"

#include "support.h"

namespace slipway::evaluation {
namespace {

using store::Connection;
using store::Row;

constexpr std::string_view kDataset =
    "SELECT id, name, digest, schema, profile, created, updated, created_by, updated_by "
    "FROM evaluation_dataset ";
constexpr std::string_view kRecord =
    "SELECT id, dataset_id, inputs, outputs, expectations, tags, source, created, updated, "
    "created_by, updated_by FROM evaluation_record ";

Dataset dataset_from(const Row& row) {
  Dataset out;
  out.id = row.text(0);
  out.name = row.text(1);
  out.digest = row.text(2);
  out.schema = row.maybe_text(3);
  out.profile = row.maybe_text(4);
  out.created = Timestamp{row.int64(5)};
  out.updated = Timestamp{row.int64(6)};
  out.created_by = row.maybe_text(7);
  out.updated_by = row.maybe_text(8);
  return out;
}

DatasetRecord record_from(const Row& row) {
  DatasetRecord out;
  out.id = row.text(0);
  out.dataset = row.text(1);
  out.inputs = row.text(2);
  out.outputs = row.maybe_text(3);
  out.expectations = row.maybe_text(4);
  out.tags = row.text(5);
  out.source = row.maybe_text(6);
  out.created = Timestamp{row.int64(7)};
  out.updated = Timestamp{row.int64(8)};
  out.created_by = row.maybe_text(9);
  out.updated_by = row.maybe_text(10);
  return out;
}

Result<void> load_tags(Connection& c, Dataset& dataset) {
  SW_TRY(dataset.tags,
         c.all("SELECT key, value FROM evaluation_dataset_tag WHERE dataset_id = ? ORDER BY key",
               {dataset.id}, [](const Row& row) {
                 return Tag{std::string(row.text(0)), std::string(row.text(1))};
               }));
  return {};
}

}  // namespace

Result<void> insert_dataset(Connection& c, const Dataset& dataset) {
  SW_CHECK_OK(
      c.exec("INSERT INTO evaluation_dataset (id, name, digest, created, updated, created_by, "
             "updated_by) VALUES (?, ?, ?, ?, ?, ?, ?)",
             {dataset.id, dataset.name, dataset.digest, dataset.created.ms, dataset.updated.ms,
              cell_of(dataset.created_by), cell_of(dataset.updated_by)}));
  return {};
}

Result<void> update_dataset(Connection& c, const Dataset& dataset) {
  SW_CHECK_OK(
      c.exec("UPDATE evaluation_dataset SET digest = ?, schema = ?, profile = ?, updated = ?, "
             "updated_by = ? WHERE id = ?",
             {dataset.digest, cell_of(dataset.schema), cell_of(dataset.profile), dataset.updated.ms,
              cell_of(dataset.updated_by), dataset.id}));
  return {};
}

Result<std::optional<Dataset>> find_dataset(Connection& c, const std::string& id) {
  SW_TRY(auto found, c.first(std::string(kDataset) + "WHERE id = ?", {id}, dataset_from));
  if (found) SW_CHECK_OK(load_tags(c, *found));
  return found;
}

Result<std::vector<Dataset>> datasets_of(Connection& c,
                                         const std::vector<std::string>& experiments) {
  std::string where;
  store::Cells cells;
  for (const auto& experiment : experiments) {
    where += where.empty() ? "?" : ", ?";
    cells.emplace_back(experiment);
  }
  if (!where.empty()) {
    where =
        "WHERE id IN (SELECT dataset_id FROM evaluation_dataset_experiment WHERE "
        "experiment_id IN (" +
        where + "))";
  }
  SW_TRY(auto out, c.all(std::string(kDataset) + where, cells, dataset_from));
  for (auto& dataset : out) SW_CHECK_OK(load_tags(c, dataset));
  return out;
}

Result<void> put_dataset_tag(Connection& c, const std::string& id, const Tag& tag) {
  SW_CHECK_OK(
      c.exec("INSERT INTO evaluation_dataset_tag (dataset_id, key, value) VALUES (?, ?, ?) "
             "ON CONFLICT (dataset_id, key) DO UPDATE SET value = excluded.value",
             {id, tag.key, tag.value}));
  return {};
}

Result<bool> put_experiment(Connection& c, const std::string& id, const std::string& experiment) {
  SW_TRY(const auto position,
         c.first("SELECT COUNT(*) FROM evaluation_dataset_experiment WHERE dataset_id = ?", {id},
                 [](const Row& row) { return row.int64(0); }));
  SW_TRY(const auto added,
         c.exec("INSERT INTO evaluation_dataset_experiment (dataset_id, experiment_id, position) "
                "VALUES (?, ?, ?) ON CONFLICT (dataset_id, experiment_id) DO NOTHING",
                {id, experiment, position.value_or(0)}));
  return added > 0;
}

Result<void> insert_record(Connection& c, const DatasetRecord& record, const std::string& hash) {
  SW_CHECK_OK(
      c.exec("INSERT INTO evaluation_record (id, dataset_id, input_hash, inputs, outputs, "
             "expectations, tags, source, created, updated, created_by, updated_by) VALUES "
             "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
             {record.id, record.dataset, hash, record.inputs, cell_of(record.outputs),
              cell_of(record.expectations), record.tags, cell_of(record.source), record.created.ms,
              record.updated.ms, cell_of(record.created_by), cell_of(record.updated_by)}));
  return {};
}

Result<void> update_record(Connection& c, const DatasetRecord& record) {
  SW_CHECK_OK(
      c.exec("UPDATE evaluation_record SET outputs = ?, expectations = ?, tags = ?, updated = ?, "
             "updated_by = ? WHERE id = ?",
             {cell_of(record.outputs), cell_of(record.expectations), record.tags, record.updated.ms,
              cell_of(record.updated_by), record.id}));
  return {};
}

Result<std::optional<DatasetRecord>> find_record(Connection& c, const std::string& dataset,
                                                 const std::string& hash) {
  return c.first(std::string(kRecord) + "WHERE dataset_id = ? AND input_hash = ?", {dataset, hash},
                 record_from);
}

Result<std::vector<DatasetRecord>> records_after(Connection& c, const std::string& dataset,
                                                 std::int64_t created, const std::string& id,
                                                 std::int64_t limit) {
  return c.all(std::string(kRecord) +
                   "WHERE dataset_id = ? AND (created > ? OR (created = ? AND id > ?)) "
                   "ORDER BY created, id LIMIT ?",
               {dataset, created, created, id, limit}, record_from);
}

Result<std::int64_t> count_records(Connection& c, const std::string& dataset) {
  SW_TRY(const auto count, c.first("SELECT COUNT(*) FROM evaluation_record WHERE dataset_id = ?",
                                   {dataset}, [](const Row& row) { return row.int64(0); }));
  return count.value_or(0);
}

}  // namespace slipway::evaluation
