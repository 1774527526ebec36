// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <utility>

#include "filter_sql.h"
#include "runs_sql.h"

namespace slipway::tracking {
namespace {

using store::Cells;
using Op = Filter::Op;

constexpr auto kStatus =
    "CASE r.status WHEN 0 THEN 'scheduled' WHEN 1 THEN 'running' WHEN 2 THEN 'finished'"
    " WHEN 3 THEN 'failed' ELSE 'killed' END";
constexpr auto kMetricNamed = "metric = (SELECT id FROM metric_keys WHERE name = ?)";

struct Attribute {
  std::string_view name;
  std::string_view column;
  ColumnType type;
};
constexpr Attribute kAttributes[] = {
    {"id", "r.uuid", ColumnType::text},
    {"name", "r.name", ColumnType::text},
    {"status", kStatus, ColumnType::text},
    {"user", "r.user_name", ColumnType::text},
    {"artifact_root", "r.artifact_root", ColumnType::text},
    {"experiment", "CAST(r.experiment AS TEXT)", ColumnType::text},
    {"started", "r.started", ColumnType::number},
    {"ended", "r.ended", ColumnType::number},
};

const Attribute* attribute_of(std::string_view name) {
  for (const auto& attribute : kAttributes) {
    if (attribute.name == name) return &attribute;
  }
  return nullptr;
}

Error unknown_field(std::string_view entity, std::string_view key) {
  return invalid("runs have no field '" + std::string(entity) + "." + std::string(key) + "'");
}

// For tables of (run, key, value). Reading the index first beats probing every run, unless all
// runs are asked whether they lack the key.
Result<std::string> pair_leaf(store::Dialect dialect, std::string_view table, const Filter& leaf,
                              Cells& parameters) {
  parameters.emplace_back(leaf.key);
  if (leaf.op == Op::is_null || leaf.op == Op::is_not_null) {
    return std::string(leaf.op == Op::is_null ? "NOT " : "") + "EXISTS (SELECT 1 FROM " +
           std::string(table) + " p WHERE p.run = r.id AND p.key = ?)";
  }
  SW_TRY(const auto value, compare_value(dialect, "value", leaf, parameters));
  return "r.id IN (SELECT run FROM " + std::string(table) + " WHERE key = ? AND " + value + ")";
}

Result<std::string> metric_leaf(store::Dialect dialect, const Filter& leaf, Cells& parameters) {
  parameters.emplace_back(leaf.key);
  if (leaf.op == Op::is_null || leaf.op == Op::is_not_null) {
    return std::string(leaf.op == Op::is_null ? "NOT " : "") +
           "EXISTS (SELECT 1 FROM latest_metrics l WHERE l.run = r.id AND l." + kMetricNamed + ")";
  }
  SW_TRY(const auto value, compare_metric(dialect, leaf, parameters));
  return "r.id IN (SELECT run FROM latest_metrics WHERE " + std::string(kMetricNamed) + " AND " +
         value + ")";
}

Result<std::string> dataset_leaf(store::Dialect dialect, const Filter& leaf, Cells& parameters) {
  if (leaf.key == "context") {
    parameters.emplace_back(std::string(kContextTag));
    SW_TRY(const auto value, compare_value(dialect, "value", leaf, parameters));
    return "r.id IN (SELECT run FROM run_input_tags WHERE key = ? AND " + value + ")";
  }
  if (leaf.key != "name" && leaf.key != "digest") return unknown_field(leaf.entity, leaf.key);
  SW_TRY(const auto value, compare(dialect, "d." + leaf.key, ColumnType::text, leaf, parameters));
  return "r.id IN (SELECT i.run FROM run_datasets d JOIN run_inputs i ON i.dataset = d.id WHERE " +
         value + ")";
}

Result<std::string> leaf_of(store::Dialect dialect, const Filter& leaf, Cells& parameters) {
  if (leaf.entity == "metric") return metric_leaf(dialect, leaf, parameters);
  if (leaf.entity == "param") return pair_leaf(dialect, "run_params", leaf, parameters);
  if (leaf.entity == "tag") return pair_leaf(dialect, "run_tags", leaf, parameters);
  if (leaf.entity == "dataset") return dataset_leaf(dialect, leaf, parameters);
  const auto* attribute = leaf.entity == "attribute" ? attribute_of(leaf.key) : nullptr;
  if (attribute == nullptr) return unknown_field(leaf.entity, leaf.key);
  return compare(dialect, attribute->column, attribute->type, leaf, parameters,
                 leaf.key == "ended");
}

// ORDER BY, and the joins that it needs. Whatever lacks the key comes last in both directions.
struct Order {
  std::string joins;
  std::string clauses;
  Cells parameters;
};

Result<void> add_order(Order& order, const SearchOrder& by, std::size_t number) {
  const std::string direction = by.ascending ? "" : " DESC";
  if (by.entity == "attribute") {
    const auto* attribute = attribute_of(by.key);
    if (attribute == nullptr) return unknown_field(by.entity, by.key);
    const std::string column(attribute->column);
    if (by.key == "ended") order.clauses += "CASE WHEN r.ended IS NULL THEN 1 ELSE 0 END, ";
    order.clauses += (by.key == "experiment" ? "r.experiment" : column) + direction + ", ";
    return {};
  }
  const std::string name = "o" + std::to_string(number);
  if (by.entity == "metric") {
    order.joins += " LEFT JOIN latest_metrics " + name + " ON " + name + ".run = r.id AND " + name +
                   "." + kMetricNamed;
    order.clauses += "CASE WHEN " + name + ".kind = 1 THEN 1 WHEN " + name +
                     ".value IS NULL THEN 2 ELSE 0 END, ";
  } else if (by.entity == "param" || by.entity == "tag") {
    order.joins += " LEFT JOIN run_" + by.entity + "s " + name + " ON " + name +
                   ".run = r.id AND " + name + ".key = ?";
    order.clauses += "CASE WHEN " + name + ".value IS NULL THEN 1 ELSE 0 END, ";
  } else {
    return invalid("runs cannot be ordered by '" + by.entity + "." + by.key + "'");
  }
  order.parameters.emplace_back(by.key);
  order.clauses += name + ".value" + direction + ", ";
  return {};
}

Result<Order> order_of(const std::vector<SearchOrder>& wanted) {
  constexpr std::size_t kMost = 20;
  if (wanted.size() > kMost) {
    return invalid("an order of " + std::to_string(wanted.size()) + " fields is too long",
                   "at most " + std::to_string(kMost));
  }
  Order order;
  std::set<std::pair<std::string, std::string>> seen;
  for (const auto& by : wanted) {
    if (!seen.emplace(by.entity, by.key).second) {
      return invalid("order_by contains '" + by.entity + "." + by.key + "' twice");
    }
    SW_CHECK_OK(add_order(order, by, seen.size()));
  }
  if (!seen.contains({"attribute", "started"})) order.clauses += "r.started DESC, ";
  order.clauses += "r.uuid";
  return order;
}

}  // namespace

Result<RunQuery> run_query(store::Dialect dialect, const Search& search) {
  SW_TRY(auto order, order_of(search.order));
  std::string experiments;
  for (const auto& id : search.experiments) {
    SW_TRY(const auto number, number_of(id));
    (experiments += experiments.empty() ? "" : ",") += std::to_string(number);
  }
  RunQuery out;
  out.parameters = std::move(order.parameters);
  SW_TRY(const auto where,
         where_of(search.filter, out.parameters, [&](const Filter& leaf, Cells& parameters) {
           return leaf_of(dialect, leaf, parameters);
         }));
  if (experiments.empty()) experiments = "NULL";
  out.sql = "SELECT " + std::string(kRunColumns) + " FROM runs r" + order.joins +
            " WHERE r.experiment IN (" + experiments + ") AND r.state" +
            std::string(states_of(search.view)) + " AND " + where + " ORDER BY " + order.clauses;
  return out;
}

}  // namespace slipway::tracking
