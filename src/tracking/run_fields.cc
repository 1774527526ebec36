// SPDX-License-Identifier: Apache-2.0
#include "run_fields.h"

#include "metric_keys.h"

namespace slipway::tracking {
namespace {

using store::Cells;
using store::Connection;
using store::Row;
using Op = Filter::Op;

constexpr auto kStatus =
    "CASE r.status WHEN 0 THEN 'scheduled' WHEN 1 THEN 'running' WHEN 2 THEN 'finished'"
    " WHEN 3 THEN 'failed' ELSE 'killed' END";

constexpr RunAttribute kAttributes[] = {
    {"id", "r.uuid", ColumnType::text},
    {"name", "r.name", ColumnType::text, false, {}, "runs_by_scope_name", true},
    {"status", kStatus, ColumnType::text, false, {}, "runs_by_scope_status", true},
    {"user", "r.user_name", ColumnType::text, false, {}, "runs_by_scope_user", true},
    {"artifact_root", "r.artifact_root", ColumnType::text},
    {"experiment", "CAST(r.experiment AS TEXT)", ColumnType::text, true, "r.experiment"},
    {"started", "r.started", ColumnType::number, true, "r.started"},
    {"ended", "r.ended", ColumnType::number, true, "r.ended", "runs_by_scope_end"},
};

bool is_null_op(Op op) {
  return op == Op::is_null || op == Op::is_not_null;
}

void add_names(const Filter& filter, std::map<std::string, std::int64_t>& out) {
  if (filter.kind == Filter::Kind::compare && filter.entity == "metric")
    out.emplace(filter.key, -1);
  for (const auto& part : filter.parts) add_names(part, out);
}

std::string table_of(const Filter& leaf) {
  return leaf.entity == "param" ? "run_params" : "run_tags";
}

}  // namespace

const RunAttribute* run_attribute(std::string_view name) {
  for (const auto& attribute : kAttributes) {
    if (attribute.name == name) return &attribute;
  }
  return nullptr;
}

Error unknown_run_field(std::string_view entity, std::string_view key) {
  return invalid("runs have no field '" + std::string(entity) + "." + std::string(key) + "'");
}

bool is_pair(std::string_view entity) {
  return entity == "param" || entity == "tag";
}

Result<MetricNumbers> MetricNumbers::of(Connection& db, const Search& search) {
  MetricNumbers out;
  add_names(search.filter, out.numbers_);
  for (const auto& by : search.order) {
    if (by.entity == "metric") out.numbers_.emplace(by.key, -1);
  }
  for (auto& [name, number] : out.numbers_) {
    SW_CHECK_OK(db.query("SELECT id, place FROM metric_keys WHERE name = ?", {name},
                         [&, &number = number](const Row& row) {
                           number = row.int64(0);
                           const auto place = static_cast<Place>(row.int64(1));
                           if (place == Place::blocks || place == Place::moving) {
                             out.not_in_rows_.push_back(number);
                           }
                           return true;
                         }));
  }
  return out;
}

std::string MetricNumbers::text(const std::string& name) const {
  const auto found = numbers_.find(name);
  return std::to_string(found == numbers_.end() ? -1 : found->second);
}

Result<std::string> RunFields::on_value(const Filter& leaf, Cells& parameters) const {
  if (leaf.entity == "metric") return compare_metric(dialect_, leaf, parameters);
  return compare_value(dialect_, "value", leaf, parameters);
}

Result<std::string> RunFields::dataset(const Filter& leaf, Cells& parameters) const {
  if (leaf.key == "context") {
    parameters.emplace_back(std::string(kContextTag));
    SW_TRY(const auto value, compare_value(dialect_, "value", leaf, parameters));
    return "SELECT run FROM run_input_tags WHERE key = ? AND " + value;
  }
  if (leaf.key != "name" && leaf.key != "digest") return unknown_run_field(leaf.entity, leaf.key);
  SW_TRY(const auto value, compare(dialect_, "d." + leaf.key, ColumnType::text, leaf, parameters));
  return "SELECT i.run FROM run_datasets d JOIN run_inputs i ON i.dataset = d.id WHERE " + value;
}

Result<std::string> RunFields::set(const Filter& leaf, Cells& parameters) const {
  const bool by_index = dialect_ == store::Dialect::sqlite;
  if (leaf.entity == "dataset") return dataset(leaf, parameters);
  if (leaf.entity == "metric") {
    SW_TRY(const auto value, leaf.op == Op::is_not_null ? Result<std::string>(std::string("1 = 1"))
                                                        : on_value(leaf, parameters));
    return std::string("SELECT run FROM latest_metrics ") +
           (by_index ? "INDEXED BY latest_metrics_by_value " : "") +
           "WHERE metric = " + metric(leaf.key) + " AND " + value;
  }
  if (leaf.entity == kNanMetric) {
    return "SELECT run FROM latest_metrics WHERE metric = " + metric(leaf.key) +
           " AND value = 0 AND kind = 1";
  }
  if (is_pair(leaf.entity)) {
    parameters.emplace_back(leaf.key);
    SW_TRY(const auto value, leaf.op == Op::is_not_null ? Result<std::string>(std::string("1 = 1"))
                                                        : on_value(leaf, parameters));
    const auto table = table_of(leaf);
    return "SELECT run FROM " + table + (by_index ? " INDEXED BY " + table + "_by_value" : "") +
           " WHERE key = ? AND " + value;
  }
  SW_TRY(const auto condition, probe(leaf, parameters));
  return "SELECT r.id FROM runs r WHERE " + condition;
}

Result<std::string> RunFields::probe(const Filter& leaf, Cells& parameters) const {
  if (leaf.entity == "dataset") {
    SW_TRY(const auto set, dataset(leaf, parameters));
    return "r.id IN (" + set + ")";
  }
  std::string exists;
  if (leaf.entity == "metric" || leaf.entity == kNanMetric) {
    exists =
        "EXISTS (SELECT 1 FROM latest_metrics WHERE run = r.id AND metric = " + metric(leaf.key);
  } else if (is_pair(leaf.entity)) {
    parameters.emplace_back(leaf.key);
    exists = "EXISTS (SELECT 1 FROM " + table_of(leaf) + " WHERE run = r.id AND key = ?";
  } else {
    const auto* attribute = leaf.entity == "attribute" ? run_attribute(leaf.key) : nullptr;
    if (attribute == nullptr) return unknown_run_field(leaf.entity, leaf.key);
    return compare(dialect_, attribute->column, attribute->type, leaf, parameters,
                   leaf.key == "ended");
  }
  if (leaf.entity == kNanMetric) return exists + " AND kind = 1)";
  if (is_null_op(leaf.op)) return (leaf.op == Op::is_null ? "NOT " : "") + exists + ")";
  SW_TRY(const auto value, on_value(leaf, parameters));
  return exists + " AND " + value + ")";
}

Result<std::string> RunFields::where(const Filter& filter, Cells& parameters) const {
  return where_of(filter, parameters,
                  [this](const Filter& leaf, Cells& cells) { return probe(leaf, cells); });
}

}  // namespace slipway::tracking
