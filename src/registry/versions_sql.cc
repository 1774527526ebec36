// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <map>

#include "rows.h"

namespace slipway::registry {
namespace {

using store::Cells;
using store::Connection;
using store::Row;

constexpr std::array<Field, 8> kFields{{{"name", "m.name"},
                                        {"version_number", "v.version", true},
                                        {"run_id", "v.run_id"},
                                        {"source_path", "v.source"},
                                        {"stage", "v.stage"},
                                        {"logged_model_id", "v.logged_model_id"},
                                        {"creation_timestamp", "v.created", true},
                                        {"last_updated_timestamp", "v.updated", true}}};
constexpr Searchable kSearchable{kFields,
                                 "SELECT 1 FROM registry_version_tag t "
                                 "WHERE t.model_id = v.model_id AND t.version = v.version"};

constexpr auto kSelect =
    "SELECT v.model_id, m.name, v.version, v.created, v.updated, v.description, v.stage, "
    "v.source, v.location, v.run_id, v.run_link, v.logged_model_id "
    "FROM registry_version v JOIN registry_model m ON m.id = v.model_id ";
constexpr auto kInsert =
    "INSERT INTO registry_version (model_id, version, created, updated, description, stage, "
    "source, location, run_id, run_link, logged_model_id, removed) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)";

VersionRow from_row(const Row& row) {
  const auto stage = parse_stage(row.text(6));
  return {.model_id = std::string(row.text(0)),
          .version = {.model = std::string(row.text(1)),
                      .version = row.int64(2),
                      .created = {row.int64(3)},
                      .updated = {row.int64(4)},
                      .description = row.maybe_text(5),
                      .stage = stage ? *stage : Stage::none,
                      .source = std::string(row.text(7)),
                      .location = std::string(row.text(8)),
                      .run_id = std::string(row.text(9)),
                      .run_link = std::string(row.text(10)),
                      .logged_model_id = std::string(row.text(11))}};
}

// Fills tags and aliases of up to 100 versions in two statements.
Result<void> complete(Connection& db, std::vector<VersionRow>& rows, std::size_t from,
                      std::size_t to) {
  std::map<std::pair<std::string, std::int64_t>, Version*> by_key;
  std::string list;
  Cells cells;
  for (std::size_t i = from; i < to; ++i) {
    by_key[{rows[i].model_id, rows[i].version.version}] = &rows[i].version;
    cells.emplace_back(rows[i].model_id);
    cells.emplace_back(rows[i].version.version);
    list += i == from ? "(model_id = ? AND version = ?)" : " OR (model_id = ? AND version = ?)";
  }
  const auto at = [&](const Row& row) { return by_key[{std::string(row.text(0)), row.int64(1)}]; };
  SW_CHECK_OK(
      db.query("SELECT model_id, version, key, value FROM registry_version_tag WHERE " + list +
                   " ORDER BY key",
               cells, [&](const Row& row) {
                 at(row)->tags.push_back({std::string(row.text(2)), std::string(row.text(3))});
                 return true;
               }));
  return db.query(
      "SELECT model_id, version, alias FROM registry_alias WHERE " + list + " ORDER BY alias",
      cells, [&](const Row& row) {
        at(row)->aliases.emplace_back(row.text(2));
        return true;
      });
}

}  // namespace

const Searchable& searchable_versions() {
  return kSearchable;
}

Result<VersionRow> find_version(Connection& db, const VersionRef& ref) {
  SW_TRY(auto rows, load_versions(db, "WHERE m.name = ? AND v.version = ? AND v.removed = 0",
                                  {ref.model, ref.version}));
  if (rows.empty()) {
    return not_found("model version (name='" + ref.model +
                         "', version=" + std::to_string(ref.version) + ") not found",
                     "`slipway model show NAME` lists the versions of a model");
  }
  return std::move(rows.front());
}

Result<std::vector<VersionRow>> load_versions(Connection& db, const std::string& rest,
                                              const Cells& cells) {
  SW_TRY(auto rows, db.all(kSelect + rest, cells, from_row));
  for (std::size_t at = 0; at < rows.size(); at += 100) {
    SW_CHECK_OK(complete(db, rows, at, std::min(rows.size(), at + 100)));
  }
  return rows;
}

Result<void> insert_version(Connection& db, const VersionRow& row) {
  const auto& v = row.version;
  const store::Cell description =
      v.description ? store::Cell(*v.description) : store::Cell(nullptr);
  SW_CHECK_OK(db.exec(kInsert, {row.model_id, v.version, v.created.ms, v.updated.ms, description,
                                std::string(name_of(v.stage)), v.source, v.location, v.run_id,
                                v.run_link, v.logged_model_id}));
  for (const auto& tag : v.tags) {
    SW_CHECK_OK(put_tag(db, row.model_id, v.version, tag.key, tag.value));
  }
  SW_CHECK_OK(db.exec("UPDATE registry_model SET updated = ?, last_version = ? WHERE id = ?",
                      {v.created.ms, v.version, row.model_id}));
  return {};
}

Result<void> set_stage(Connection& db, const VersionRow& row, Stage stage, Timestamp now) {
  SW_CHECK_OK(db.exec(
      "UPDATE registry_version SET stage = ?, updated = ? WHERE model_id = ? AND version = ?",
      {std::string(name_of(stage)), now.ms, row.model_id, row.version.version}));
  return {};
}

}  // namespace slipway::registry
