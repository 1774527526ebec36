// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <unordered_map>

#include "rows.h"

namespace slipway::registry {
namespace {

using store::Cells;
using store::Connection;
using store::Row;

constexpr std::array<Field, 3> kFields{{{"name", "m.name"},
                                        {"creation_timestamp", "m.created", true},
                                        {"last_updated_timestamp", "m.updated", true}}};
constexpr Searchable kSearchable{kFields,
                                 "SELECT 1 FROM registry_model_tag t WHERE t.model_id = m.id"};

constexpr auto kSelect =
    "SELECT m.id, m.name, m.description, m.created, m.updated, m.last_version "
    "FROM registry_model m ";
constexpr auto kLatest =
    "AND v.removed = 0 AND v.version = (SELECT MAX(x.version) FROM registry_version x "
    "WHERE x.model_id = v.model_id AND x.stage = v.stage AND x.removed = 0) "
    // Stages in the order in which versions came into them.
    "ORDER BY (SELECT MIN(x.version) FROM registry_version x "
    "WHERE x.model_id = v.model_id AND x.stage = v.stage AND x.removed = 0)";

ModelRow from_row(const Row& row) {
  return {.id = std::string(row.text(0)),
          .model = {.name = std::string(row.text(1)),
                    .created = {row.int64(3)},
                    .updated = {row.int64(4)},
                    .description = std::string(row.text(2))},
          .last_version = row.int64(5)};
}

// Fills tags, aliases and latest versions of up to 100 models in three statements.
Result<void> complete(Connection& db, std::vector<ModelRow>& rows, std::size_t from,
                      std::size_t to) {
  std::unordered_map<std::string, Model*> by_id;
  std::string list;
  Cells ids;
  for (std::size_t i = from; i < to; ++i) {
    by_id[rows[i].id] = &rows[i].model;
    ids.emplace_back(rows[i].id);
    list += i == from ? "(?" : ", ?";
  }
  list += ')';
  SW_CHECK_OK(db.query("SELECT model_id, key, value FROM registry_model_tag WHERE model_id IN " +
                           list + " ORDER BY key",
                       ids, [&](const Row& row) {
                         by_id[std::string(row.text(0))]->tags.push_back(
                             {std::string(row.text(1)), std::string(row.text(2))});
                         return true;
                       }));
  SW_CHECK_OK(db.query("SELECT model_id, alias, version FROM registry_alias WHERE model_id IN " +
                           list + " ORDER BY alias",
                       ids, [&](const Row& row) {
                         by_id[std::string(row.text(0))]->aliases.push_back(
                             {std::string(row.text(1)), row.int64(2)});
                         return true;
                       }));
  SW_TRY(auto latest, load_versions(db, "WHERE v.model_id IN " + list + " " + kLatest, ids));
  for (auto& row : latest) by_id[row.model_id]->latest.push_back(std::move(row.version));
  return {};
}

}  // namespace

const Searchable& searchable_models() {
  return kSearchable;
}

Result<ModelRow> find_model(Connection& db, const std::string& name) {
  SW_TRY(auto found, db.first(std::string(kSelect) + "WHERE m.name = ?", {name}, from_row));
  if (!found) {
    return not_found("registered model with name='" + name + "' not found",
                     "`slipway model list` shows what there is");
  }
  return *std::move(found);
}

Result<std::vector<Model>> load_models(Connection& db, const std::string& rest,
                                       const Cells& cells) {
  SW_TRY(auto rows, db.all(kSelect + rest, cells, from_row));
  for (std::size_t at = 0; at < rows.size(); at += 100) {
    SW_CHECK_OK(complete(db, rows, at, std::min(rows.size(), at + 100)));
  }
  std::vector<Model> out;
  out.reserve(rows.size());
  for (auto& row : rows) out.push_back(std::move(row.model));
  return out;
}

Result<void> insert_model(Connection& db, const ModelRow& row) {
  SW_CHECK_OK(
      db.exec("INSERT INTO registry_model (id, name, description, created, updated, last_version) "
              "VALUES (?, ?, ?, ?, ?, ?)",
              {row.id, row.model.name, row.model.description, row.model.created.ms,
               row.model.updated.ms, row.last_version}));
  return {};
}

Result<void> touch_model(Connection& db, const std::string& id, Timestamp now) {
  SW_CHECK_OK(db.exec("UPDATE registry_model SET updated = ? WHERE id = ?", {now.ms, id}));
  return {};
}

Result<std::optional<std::int64_t>> find_alias(Connection& db, const std::string& model_id,
                                               const std::string& alias) {
  return db.first("SELECT version FROM registry_alias WHERE model_id = ? AND alias = ?",
                  {model_id, alias}, [](const Row& row) { return row.int64(0); });
}

Result<void> put_alias(Connection& db, const std::string& model_id, const std::string& alias,
                       std::optional<std::int64_t> version) {
  if (!version) {
    SW_CHECK_OK(
        db.exec("DELETE FROM registry_alias WHERE model_id = ? AND alias = ?", {model_id, alias}));
    return {};
  }
  SW_CHECK_OK(
      db.exec("INSERT INTO registry_alias (model_id, alias, version) VALUES (?, ?, ?) "
              "ON CONFLICT (model_id, alias) DO UPDATE SET version = excluded.version",
              {model_id, alias, *version}));
  return {};
}

Result<std::optional<std::string>> put_tag(Connection& db, const std::string& model_id,
                                           std::int64_t version, const std::string& key,
                                           const std::optional<std::string>& value) {
  const bool own = version == 0;
  const std::string table = own ? "registry_model_tag" : "registry_version_tag";
  Cells at{model_id};
  if (!own) at.emplace_back(version);
  at.emplace_back(key);
  const std::string where =
      own ? " WHERE model_id = ? AND key = ?" : " WHERE model_id = ? AND version = ? AND key = ?";
  SW_TRY(auto before, db.first("SELECT value FROM " + table + where, at,
                               [](const Row& row) { return std::string(row.text(0)); }));
  if (!value) {
    SW_CHECK_OK(db.exec("DELETE FROM " + table + where, at));
    return before;
  }
  const std::string keys = own ? "model_id, key" : "model_id, version, key";
  at.emplace_back(*value);
  SW_CHECK_OK(db.exec("INSERT INTO " + table + " (" + keys + ", value) VALUES (" +
                          (own ? "?, ?, ?" : "?, ?, ?, ?") + ") ON CONFLICT (" + keys +
                          ") DO UPDATE SET value = excluded.value",
                      at));
  return before;
}

}  // namespace slipway::registry
