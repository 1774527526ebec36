// SPDX-License-Identifier: Apache-2.0
#include <unordered_map>
#include <utility>

#include "domain/keyset.h"
#include "filter_sql.h"
#include "rows.h"
#include "store/database.h"
#include "tracking/experiments.h"

namespace slipway::tracking {
namespace {

using store::Cells;
using store::Connection;
using store::Row;

constexpr auto kColumns = "e.id, e.name, e.artifact_root, e.state, e.created, e.updated";
constexpr auto kInsert =
    "INSERT INTO experiments (name, artifact_root, state, created, updated)"
    " VALUES (?, ?, 0, ?, ?) RETURNING id";
constexpr auto kSetTag =
    "INSERT INTO experiment_tags (experiment, key, value) VALUES (?, ?, ?)"
    " ON CONFLICT (experiment, key) DO UPDATE SET value = excluded.value";

struct Found {
  std::int64_t key = 0;
  Experiment experiment;
};

Found from_row(const Row& row) {
  const auto id = row.int64(0);
  return {id,
          {.id = ExperimentId(std::to_string(id)),
           .name = std::string(row.text(1)),
           .artifact_root = std::string(row.text(2)),
           .lifecycle = lifecycle_of(row.int64(3)),
           .created = {row.int64(4)},
           .updated = {row.int64(5)},
           .tags = {}}};
}

Result<void> load_tags(Connection& db, std::vector<Found>& found) {
  for (std::size_t first = 0; first < found.size(); first += kIdsAtOnce) {
    std::unordered_map<std::int64_t, Found*> by_key;
    Cells ids;
    for (std::size_t i = first; i < found.size() && i < first + kIdsAtOnce; ++i) {
      by_key[found[i].key] = &found[i];
      ids.emplace_back(found[i].key);
    }
    const auto marks = placeholders(ids);
    SW_CHECK_OK(db.query(
        "SELECT experiment, key, value FROM experiment_tags WHERE experiment IN (" + marks +
            ") ORDER BY experiment, key",
        ids, [&](const Row& row) {
          by_key.at(row.int64(0))
              ->experiment.tags.push_back({std::string(row.text(1)), std::string(row.text(2))});
          return true;
        }));
  }
  return {};
}

Result<std::optional<Experiment>> one(Connection& db, const std::string& where, Cells parameters) {
  SW_TRY(auto found,
         db.all("SELECT " + std::string(kColumns) + " FROM experiments e WHERE " + where,
                parameters, from_row));
  if (found.empty()) return std::optional<Experiment>();
  SW_CHECK_OK(load_tags(db, found));
  return std::optional<Experiment>(std::move(found.front().experiment));
}

// The experiment's number; it must be active.
Result<std::int64_t> active_key(Connection& db, const ExperimentId& id) {
  SW_TRY(const auto number, number_of(id));
  SW_TRY(const auto state, db.first("SELECT state FROM experiments WHERE id = ?", {number},
                                    [](const Row& row) { return row.int64(0); }));
  if (!state) return no_experiment(id);
  if (*state != 0) return deleted_experiment(id);
  return number;
}

Result<std::string> leaf_of(store::Dialect dialect, const Filter& leaf, Cells& parameters) {
  if (leaf.entity == "attribute") {
    if (leaf.key == "id") {
      return compare(dialect, "CAST(e.id AS TEXT)", ColumnType::text, leaf, parameters);
    }
    if (leaf.key == "name") return compare(dialect, "e.name", ColumnType::text, leaf, parameters);
    if (leaf.key == "created" || leaf.key == "updated") {
      return compare(dialect, "e." + leaf.key, ColumnType::number, leaf, parameters);
    }
  }
  if (leaf.entity == "tag") {
    const bool absent = leaf.op == Filter::Op::is_null;
    std::string out = std::string(absent ? "NOT " : "") +
                      "EXISTS (SELECT 1 FROM experiment_tags t WHERE t.experiment = e.id"
                      " AND t.key = ?";
    parameters.emplace_back(leaf.key);
    if (!absent && leaf.op != Filter::Op::is_not_null) {
      SW_TRY(const auto value, compare(dialect, "t.value", ColumnType::text, leaf, parameters));
      out += " AND " + value;
    }
    return out + ")";
  }
  return invalid("experiments have no field '" + leaf.entity + "." + leaf.key + "'");
}

Result<Keyset> order_of(const std::vector<SearchOrder>& order) {
  std::vector<KeysetKey> keys;
  bool by_id = false;
  for (const auto& by : order) {
    const bool known = by.entity == "attribute" && (by.key == "id" || by.key == "name" ||
                                                    by.key == "created" || by.key == "updated");
    if (!known)
      return invalid("experiments cannot be ordered by '" + by.entity + "." + by.key + "'");
    // Behind the id nothing changes any more.
    if (!by_id) keys.push_back({"e." + by.key, by.ascending, by.key != "name"});
    by_id = by_id || by.key == "id";
  }
  if (keys.empty()) return Keyset({{"e.created", false, true}, {"e.id", true, true}});
  if (!by_id) keys.push_back({"e.id", false, true});
  return Keyset(std::move(keys));
}

std::string token_of(const Keyset& order, const Found& last) {
  std::vector<KeysetValue> row;
  for (const auto& key : order.keys()) {
    if (key.column == "e.name") {
      row.emplace_back(last.experiment.name);
    } else {
      row.emplace_back(key.column == "e.id"        ? last.key
                       : key.column == "e.created" ? last.experiment.created.ms
                                                   : last.experiment.updated.ms);
    }
  }
  return order.token(row);
}

Result<void> set_state(store::Database& db, const ExperimentId& id, int from, int to,
                       std::int64_t now) {
  return db.write([&](Connection& c) -> Result<void> {
    SW_TRY(const auto number, number_of(id));
    SW_TRY(const auto changed,
           c.exec("UPDATE experiments SET state = ?, updated = ? WHERE id = ? AND state = ?",
                  {std::int64_t{to}, now, number, std::int64_t{from}}));
    if (changed == 0) return no_experiment(id);
    SW_CHECK_OK(c.exec("UPDATE runs SET state = ?, deleted_at = ? WHERE experiment = ?",
                       {std::int64_t{to}, to == 0 ? store::Cell() : store::Cell(now), number}));
    return {};
  });
}

}  // namespace

Result<Experiment> Experiments::create(const std::string& name, const std::string& artifact_root,
                                       const std::vector<Tag>& tags) {
  const auto now = clock_.now().ms;
  const auto made = db_.write([&](Connection& c) -> Result<std::int64_t> {
    SW_TRY(const auto taken, c.first("SELECT id, state FROM experiments WHERE name = ?", {name},
                                     [](const Row& row) { return row.int64(1) != 0; }));
    if (taken) {
      return already_exists(
          "experiment '" + name + "' already exists" + (*taken ? " in deleted state" : ""),
          *taken ? "restore it, or choose another name" : "");
    }
    SW_TRY(const auto id, c.first(kInsert, {name, artifact_root, now, now},
                                  [](const Row& row) { return row.int64(0); }));
    if (!id) return internal("an experiment got no id");
    if (artifact_root.empty()) {
      SW_CHECK_OK(c.exec("UPDATE experiments SET artifact_root = ? WHERE id = ?",
                         {std::to_string(*id), *id}));
    }
    for (const auto& tag : tags) SW_CHECK_OK(c.exec(kSetTag, {*id, tag.key, tag.value}));
    return *id;
  });
  if (!made) return made.error();
  return get(ExperimentId(std::to_string(*made)));
}

Result<Experiment> Experiments::get(const ExperimentId& id) const {
  SW_TRY(const auto number, number_of(id));
  SW_TRY(auto found, db_.read([&](Connection& c) { return one(c, "e.id = ?", {number}); }));
  if (!found) return no_experiment(id);
  return *std::move(found);
}

Result<Experiment> Experiments::by_name(const std::string& name) const {
  SW_TRY(auto found, db_.read([&](Connection& c) { return one(c, "e.name = ?", {name}); }));
  if (!found) return not_found("no experiment with name '" + name + "'");
  return *std::move(found);
}

Result<Page<Experiment>> Experiments::search(const Search& search) const {
  SW_TRY(const auto order, order_of(search.order));
  SW_TRY(const auto behind, order.behind(search.page.token));
  Cells parameters;
  const auto dialect = db_.dialect();
  SW_TRY(const auto where, where_of(search.filter, parameters, [&](const Filter& leaf, Cells& out) {
           return leaf_of(dialect, leaf, out);
         }));
  const std::string sql = "SELECT " + std::string(kColumns) + " FROM experiments e WHERE e.state" +
                          std::string(states_of(search.view)) + " AND " + where + " AND " +
                          behind.condition + " ORDER BY " + order.order() + " LIMIT ?";
  for (const auto& value : behind.parameters) {
    std::visit([&](const auto& each) { parameters.emplace_back(each); }, value);
  }
  parameters.emplace_back(static_cast<std::int64_t>(search.page.size + 1));
  SW_TRY(auto found, db_.read([&](Connection& c) -> Result<std::vector<Found>> {
    SW_TRY(auto rows, c.all(sql, parameters, from_row));
    SW_CHECK_OK(load_tags(c, rows));
    return rows;
  }));
  Page<Experiment> page;
  if (found.size() > search.page.size) {
    found.resize(search.page.size);
    if (!found.empty()) page.next_token = token_of(order, found.back());
  }
  for (auto& each : found) page.items.push_back(std::move(each.experiment));
  return page;
}

Result<void> Experiments::rename(const ExperimentId& id, const std::string& name) {
  const auto now = clock_.now().ms;
  return db_.write([&](Connection& c) -> Result<void> {
    SW_TRY(const auto number, active_key(c, id));
    SW_TRY(const auto taken, c.first("SELECT id FROM experiments WHERE name = ? AND id <> ?",
                                     {name, number}, [](const Row& row) { return row.int64(0); }));
    if (taken) return already_exists("experiment '" + name + "' already exists");
    SW_CHECK_OK(
        c.exec("UPDATE experiments SET name = ?, updated = ? WHERE id = ?", {name, now, number}));
    return {};
  });
}

Result<void> Experiments::remove(const ExperimentId& id) {
  return set_state(db_, id, 0, 1, clock_.now().ms);
}

Result<void> Experiments::restore(const ExperimentId& id) {
  return set_state(db_, id, 1, 0, clock_.now().ms);
}

Result<void> Experiments::set_tag(const ExperimentId& id, const Tag& tag) {
  return db_.write([&](Connection& c) -> Result<void> {
    SW_TRY(const auto number, active_key(c, id));
    SW_CHECK_OK(c.exec(kSetTag, {number, tag.key, tag.value}));
    return {};
  });
}

Result<void> Experiments::remove_tag(const ExperimentId& id, const std::string& key) {
  return db_.write([&](Connection& c) -> Result<void> {
    SW_TRY(const auto number, active_key(c, id));
    SW_TRY(const auto removed,
           c.exec("DELETE FROM experiment_tags WHERE experiment = ? AND key = ?", {number, key}));
    if (removed == 0) {
      return not_found("no tag with name '" + key + "' in experiment '" + id.str() + "'");
    }
    return {};
  });
}

}  // namespace slipway::tracking
