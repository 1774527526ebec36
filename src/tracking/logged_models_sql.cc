// SPDX-License-Identifier: Apache-2.0
#include <unordered_map>
#include <utility>

#include "filter_sql.h"
#include "rows.h"
#include "store/database.h"
#include "tracking/artifacts.h"
#include "tracking/logged_models.h"

namespace slipway::tracking {
namespace {

using store::Cell;
using store::Cells;
using store::Connection;
using store::Row;
using Op = Filter::Op;

constexpr auto kColumns =
    "m.id, m.uuid, m.experiment, m.name, m.type, m.status, m.source_run, m.artifact_root,"
    " m.created, m.updated";
constexpr auto kInsert =
    "INSERT INTO logged_models (uuid, experiment, name, type, status, source_run, artifact_root,"
    " created, updated, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0) RETURNING id";
constexpr auto kAddParam =
    "INSERT INTO logged_model_params (model, key, value) VALUES (?, ?, ?)"
    " ON CONFLICT (model, key) DO NOTHING";
constexpr auto kSetTag =
    "INSERT INTO logged_model_tags (model, key, value) VALUES (?, ?, ?)"
    " ON CONFLICT (model, key) DO UPDATE SET value = excluded.value";
constexpr auto kStatus =
    "CASE m.status WHEN 1 THEN 'pending' WHEN 2 THEN 'ready' WHEN 3 THEN 'upload_failed'"
    " ELSE 'unspecified' END";

struct Found {
  std::int64_t key = 0;
  LoggedModel model;
};

std::string text(const Row& row, int column) {
  return std::string(row.text(column));
}

Found from_row(const Row& row) {
  Found out;
  out.key = row.int64(0);
  auto& model = out.model;
  model.id = LoggedModelId(text(row, 1));
  model.experiment = ExperimentId(std::to_string(row.int64(2)));
  model.name = text(row, 3);
  model.type = text(row, 4);
  model.status = static_cast<ModelStatus>(row.int64(5));
  if (const auto run = row.maybe_text(6)) model.source_run = RunId(*run);
  model.artifact_root = text(row, 7);
  model.created = {row.int64(8)};
  model.updated = {row.int64(9)};
  return out;
}

Result<void> load_some(Connection& db, Cells keys, Cells uuids,
                       const std::unordered_map<std::int64_t, LoggedModel*>& by_key,
                       const std::unordered_map<std::string, LoggedModel*>& by_uuid) {
  const auto marks = placeholders(keys);
  SW_CHECK_OK(
      db.query("SELECT model, key, value FROM logged_model_params WHERE model IN (" + marks + ")",
               keys, [&](const Row& row) {
                 by_key.at(row.int64(0))->params.push_back({text(row, 1), text(row, 2)});
                 return true;
               }));
  SW_CHECK_OK(
      db.query("SELECT model, key, value FROM logged_model_tags WHERE model IN (" + marks + ")",
               keys, [&](const Row& row) {
                 by_key.at(row.int64(0))->tags.push_back({text(row, 1), text(row, 2)});
                 return true;
               }));
  placeholders(uuids);
  return db.query(
      "SELECT model, key, step, at, value, kind, run, dataset_name, dataset_digest, step_part"
      " FROM logged_model_metrics WHERE model IN (" +
          marks + ")",
      uuids, [&](const Row& row) {
        LoggedModel::Measured measured;
        measured.metric = {.key = text(row, 1),
                           .value = from_stored(row.real(4), row.int64(5)),
                           .at = {row.int64(3)},
                           .step = {row.int64(2), static_cast<std::int32_t>(row.int64(9))},
                           .model = text(row, 0),
                           .dataset_name = text(row, 7),
                           .dataset_digest = text(row, 8)};
        measured.run = RunId(text(row, 6));
        by_uuid.at(measured.metric.model)->metrics.push_back(std::move(measured));
        return true;
      });
}

Result<void> load_data(Connection& db, std::vector<Found>& found) {
  for (std::size_t first = 0; first < found.size(); first += kIdsAtOnce) {
    std::unordered_map<std::int64_t, LoggedModel*> by_key;
    std::unordered_map<std::string, LoggedModel*> by_uuid;
    Cells keys;
    Cells uuids;
    for (std::size_t i = first; i < found.size() && i < first + kIdsAtOnce; ++i) {
      by_key[found[i].key] = &found[i].model;
      by_uuid[found[i].model.id.str()] = &found[i].model;
      keys.emplace_back(found[i].key);
      uuids.emplace_back(found[i].model.id.str());
    }
    SW_CHECK_OK(load_some(db, std::move(keys), std::move(uuids), by_key, by_uuid));
  }
  return {};
}

Error no_model(const LoggedModelId& id) {
  return not_found("no logged model with id '" + id.str() + "'");
}

Result<LoggedModel> load(Connection& db, const LoggedModelId& id, bool deleted_too) {
  SW_TRY(auto found,
         db.all("SELECT " + std::string(kColumns) + " FROM logged_models m WHERE m.uuid = ?" +
                    (deleted_too ? "" : " AND m.state = 0"),
                {id.str()}, from_row));
  if (found.empty()) return no_model(id);
  SW_CHECK_OK(load_data(db, found));
  return std::move(found.front().model);
}

Result<std::int64_t> key_of(Connection& db, const LoggedModelId& id) {
  SW_TRY(const auto key, db.first("SELECT id FROM logged_models WHERE uuid = ?", {id.str()},
                                  [](const Row& row) { return row.int64(0); }));
  if (!key) return no_model(id);
  return *key;
}

Result<void> add_param(Connection& db, std::int64_t model, const Param& param) {
  SW_TRY(const auto added, db.exec(kAddParam, {model, param.key, param.value}));
  if (added != 0) return {};
  SW_TRY(const auto present,
         db.first("SELECT value FROM logged_model_params WHERE model = ? AND key = ?",
                  {model, param.key}, [](const Row& row) { return text(row, 0); }));
  if (present && *present == param.value) return {};
  return invalid("param '" + param.key + "' is already '" + present.value_or("") + "', not '" +
                 param.value + "'");
}

struct Attribute {
  std::string_view name;
  std::string_view column;
  ColumnType type;
};
constexpr Attribute kAttributes[] = {
    {"id", "m.uuid", ColumnType::text},
    {"name", "m.name", ColumnType::text},
    {"type", "m.type", ColumnType::text},
    {"status", kStatus, ColumnType::text},
    {"source_run", "COALESCE(m.source_run, '')", ColumnType::text},
    {"artifact_root", "m.artifact_root", ColumnType::text},
    {"experiment", "CAST(m.experiment AS TEXT)", ColumnType::text},
    {"created", "m.created", ColumnType::number},
    {"updated", "m.updated", ColumnType::number},
};

const Attribute* attribute_of(std::string_view entity, std::string_view key) {
  if (entity != "attribute") return nullptr;
  for (const auto& attribute : kAttributes) {
    if (attribute.name == key) return &attribute;
  }
  return nullptr;
}

std::string on_datasets(const std::vector<Dataset>& datasets, Cells& parameters) {
  std::string out;
  for (const auto& dataset : datasets) {
    out += out.empty() ? "(dataset_name = ?" : " OR dataset_name = ?";
    parameters.emplace_back(dataset.name);
    if (!dataset.digest.empty()) {
      out += " AND dataset_digest = ?";
      parameters.emplace_back(dataset.digest);
    }
  }
  return out.empty() ? out : out + ")";
}

Result<std::string> leaf_of(store::Dialect dialect, const std::vector<Dataset>& datasets,
                            const Filter& leaf, Cells& parameters) {
  if (leaf.entity == "metric") {
    parameters.emplace_back(leaf.key);
    SW_TRY(auto value, compare_metric(dialect, leaf, parameters));
    const auto on = on_datasets(datasets, parameters);
    if (!on.empty()) value += " AND " + on;
    return "m.uuid IN (SELECT model FROM logged_model_metrics WHERE key = ? AND " + value + ")";
  }
  if (leaf.entity == "param" || leaf.entity == "tag") {
    parameters.emplace_back(leaf.key);
    SW_TRY(const auto value, compare(dialect, "value", ColumnType::text, leaf, parameters));
    return "m.id IN (SELECT model FROM logged_model_" + leaf.entity + "s WHERE key = ? AND " +
           value + ")";
  }
  const auto* attribute = attribute_of(leaf.entity, leaf.key);
  if (attribute == nullptr) {
    return invalid("logged models have no field '" + leaf.entity + "." + leaf.key + "'");
  }
  return compare(dialect, attribute->column, attribute->type, leaf, parameters);
}

// A metric's latest value, over all runs and steps, on the dataset when one is named.
std::string latest_metric(const SearchOrder& by, Cells& parameters) {
  std::string out =
      "(SELECT o.value FROM logged_model_metrics o WHERE o.model = m.uuid AND o.key = ?";
  parameters.emplace_back(by.key);
  if (!by.dataset_name.empty()) {
    out += " AND o.dataset_name = ?";
    parameters.emplace_back(by.dataset_name);
  }
  if (!by.dataset_digest.empty()) {
    out += " AND o.dataset_digest = ?";
    parameters.emplace_back(by.dataset_digest);
  }
  return out + " ORDER BY o.at DESC, o.step DESC, o.run LIMIT 1)";
}

struct Order {
  std::string columns;  // computed, to be ordered by
  std::string clauses;
  Cells parameters;
};

Result<Order> order_of(const std::vector<SearchOrder>& wanted) {
  constexpr std::size_t kMost = 20;
  if (wanted.size() > kMost) return invalid("an order of more than 20 fields is too long");
  Order out;
  bool by_created = false;
  bool by_id = false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto& by = wanted[i];
    const std::string direction = by.ascending ? ", " : " DESC, ";
    const std::string name = "o" + std::to_string(i);
    if (by.entity == "metric") {
      out.columns += ", " + latest_metric(by, out.parameters) + " AS " + name;
      out.clauses += "CASE WHEN " + name + " IS NULL THEN 1 ELSE 0 END, " + name + direction;
      continue;
    }
    const auto* attribute = attribute_of(by.entity, by.key);
    if (attribute == nullptr) {
      return invalid("logged models cannot be ordered by '" + by.entity + "." + by.key + "'");
    }
    by_created = by_created || by.key == "created";
    by_id = by_id || by.key == "id";
    (out.columns += ", ") += attribute->column;
    out.columns += " AS " + name;
    out.clauses += name + " IS NULL, " + name + direction;
  }
  if (!by_created) out.clauses += "created DESC, ";
  out.clauses += by_id ? "id" : "uuid";
  return out;
}

}  // namespace

Result<LoggedModel> LoggedModels::create(const NewLoggedModel& in) {
  SW_TRY(const auto experiment, number_of(in.experiment));
  const LoggedModelId id("m-" + ids_.hex32());
  const auto now = clock_.now().ms;
  const auto name = in.name.empty() ? made_up_name() : in.name;
  return db_.write([&](Connection& c) -> Result<LoggedModel> {
    SW_TRY(const auto parent,
           c.first("SELECT artifact_root, state FROM experiments WHERE id = ?", {experiment},
                   [](const Row& row) { return std::pair(text(row, 0), row.int64(1)); }));
    if (!parent) return no_experiment(in.experiment);
    if (parent->second != 0) return deleted_experiment(in.experiment);
    SW_TRY(const auto key,
           c.first(kInsert,
                   {id.str(), experiment, name, in.type,
                    static_cast<std::int64_t>(ModelStatus::pending),
                    in.source_run ? Cell(in.source_run->str()) : Cell(nullptr),
                    beneath(parent->first, "/models/" + id.str() + "/artifacts"), now, now},
                   [](const Row& row) { return row.int64(0); }));
    if (!key) return internal("a logged model got no id");
    for (const auto& param : in.params) SW_CHECK_OK(add_param(c, *key, param));
    for (const auto& tag : in.tags) SW_CHECK_OK(c.exec(kSetTag, {*key, tag.key, tag.value}));
    return load(c, id, false);
  });
}

Result<LoggedModel> LoggedModels::get(const LoggedModelId& id, bool deleted_too) const {
  return db_.read([&](Connection& c) { return load(c, id, deleted_too); });
}

Result<Page<LoggedModel>> LoggedModels::search(const Search& search) const {
  SW_TRY(const auto offset, offset_of(search.page.token));
  SW_TRY(auto order, order_of(search.order));
  std::string experiments;
  for (const auto& id : search.experiments) {
    SW_TRY(const auto number, number_of(id));
    (experiments += experiments.empty() ? "" : ",") += std::to_string(number);
  }
  auto parameters = std::move(order.parameters);
  bool by_metric = false;
  SW_TRY(auto where, where_of(search.filter, parameters, [&](const Filter& leaf, Cells& out) {
           by_metric = by_metric || leaf.entity == "metric";
           return leaf_of(db_.dialect(), search.datasets, leaf, out);
         }));
  if (!search.datasets.empty() && !by_metric) {
    const auto on = on_datasets(search.datasets, parameters);
    where += " AND m.uuid IN (SELECT model FROM logged_model_metrics WHERE " + on + ")";
  }
  const std::string sql = "SELECT * FROM (SELECT " + std::string(kColumns) + order.columns +
                          " FROM logged_models m WHERE m.experiment IN (" +
                          (experiments.empty() ? "NULL" : experiments) + ") AND m.state" +
                          std::string(states_of(search.view)) + " AND " + where +
                          ") AS found ORDER BY " + order.clauses + " LIMIT ? OFFSET ?";
  parameters.emplace_back(static_cast<std::int64_t>(search.page.size + 1));
  parameters.emplace_back(static_cast<std::int64_t>(offset));
  Page<LoggedModel> page;
  SW_TRY(auto found, db_.read([&](Connection& c) -> Result<std::vector<Found>> {
    SW_TRY(auto models, c.all(sql, parameters, from_row));
    if (models.size() > search.page.size) {
      models.resize(search.page.size);
      page.next_token = offset_token(offset + search.page.size);
    }
    SW_CHECK_OK(load_data(c, models));
    return models;
  }));
  for (auto& each : found) page.items.push_back(std::move(each.model));
  return page;
}

Result<LoggedModel> LoggedModels::finalize(const LoggedModelId& id, ModelStatus status) {
  const auto now = clock_.now().ms;
  return db_.write([&](Connection& c) -> Result<LoggedModel> {
    SW_TRY(const auto key, key_of(c, id));
    SW_CHECK_OK(c.exec("UPDATE logged_models SET status = ?, updated = ? WHERE id = ?",
                       {static_cast<std::int64_t>(status), now, key}));
    return load(c, id, true);
  });
}

Result<void> LoggedModels::remove(const LoggedModelId& id) {
  const auto now = clock_.now().ms;
  return db_.write([&](Connection& c) -> Result<void> {
    SW_TRY(const auto key, key_of(c, id));
    SW_CHECK_OK(c.exec("UPDATE logged_models SET state = 1, updated = ? WHERE id = ?", {now, key}));
    return {};
  });
}

Result<void> LoggedModels::add_params(const LoggedModelId& id, const std::vector<Param>& params) {
  return db_.write([&](Connection& c) -> Result<void> {
    SW_TRY(const auto key, key_of(c, id));
    for (const auto& param : params) SW_CHECK_OK(add_param(c, key, param));
    return {};
  });
}

Result<void> LoggedModels::set_tags(const LoggedModelId& id, const std::vector<Tag>& tags) {
  return db_.write([&](Connection& c) -> Result<void> {
    SW_TRY(const auto key, key_of(c, id));
    for (const auto& tag : tags) SW_CHECK_OK(c.exec(kSetTag, {key, tag.key, tag.value}));
    return {};
  });
}

Result<void> LoggedModels::remove_tag(const LoggedModelId& id, const std::string& key) {
  return db_.write([&](Connection& c) -> Result<void> {
    SW_TRY(const auto model, key_of(c, id));
    SW_TRY(const auto removed,
           c.exec("DELETE FROM logged_model_tags WHERE model = ? AND key = ?", {model, key}));
    if (removed == 0) {
      return not_found("no tag with key '" + key + "' in the logged model '" + id.str() + "'");
    }
    return {};
  });
}

}  // namespace slipway::tracking
