// SPDX-License-Identifier: Apache-2.0
#include "run_search.h"

#include <algorithm>
#include <utility>

namespace slipway::tracking {
namespace {

using store::Cells;
using store::Connection;
using store::Row;
using Op = Filter::Op;

constexpr int kRunColumnCount = 10;  // of kRunColumns

std::vector<std::int64_t> states_in(View view) {
  if (view == View::active) return {0};
  if (view == View::deleted) return {1};
  return {0, 1};
}

std::string list_of(const std::vector<std::int64_t>& numbers) {
  std::string out;
  for (const auto number : numbers) (out += out.empty() ? "" : ",") += std::to_string(number);
  return "(" + (out.empty() ? "NULL" : out) + ")";
}

Filter leaf_on(const OrderKey& key, std::string_view entity, Op op) {
  return {.kind = Filter::Kind::compare,
          .parts = {},
          .entity = std::string(entity),
          .key = key.key,
          .op = op,
          .value = {}};
}

// The part of the order in which runs have a value for its first key, read from that key's index.
Result<void> select_having(Connection& db, const RunQuery& query, const KeyIndex& index,
                           Selected& out) {
  const auto& key = query.order.keys().front();
  const std::string direction = key.ascending ? "" : " DESC";
  Cells cells;
  std::string sql = "SELECT " + std::string(kRunColumns) + ", 0, o1.value" +
                    query.order.columns(1) + " FROM (SELECT run, value FROM " + index.table +
                    " WHERE " + index.condition + ") o1 JOIN runs r ON r.id = o1.run";
  cells.insert(cells.end(), index.parameters.begin(), index.parameters.end());
  sql += query.order.joins(1, cells) + " WHERE 1 = 1";
  // The index holds the first 200 characters of a text.
  const bool pair = is_pair(key.entity);
  if (query.after) {
    const auto& at = *query.after;
    sql += pair ? " AND left(o1.value, 200)" : " AND o1.value";
    sql += (key.ascending ? " >= " : " <= ") + std::string(pair ? "left(?, 200)" : "?");
    sql +=
        " AND (o1.value" + std::string(key.ascending ? " > ?" : " < ?") + " OR (o1.value = ? AND ";
    cells.insert(cells.end(), 3, at[0].value);
    sql += query.order.behind(1, at, cells) + "))";
  }
  SW_TRY(const auto where, query.fields.where(query.search.filter, cells));
  sql += " AND " + query.scope() + " AND " + where + " ORDER BY ";
  if (pair) sql += "left(o1.value, 200)" + direction + ", ";
  sql += "o1.value" + direction + ", " + query.order.clauses(1) + " LIMIT ?";
  cells.emplace_back(static_cast<std::int64_t>(query.wanted() - out.runs.size()));
  return db.query(sql, cells, [&](const Row& row) {
    out.runs.push_back(run_from_row(row));
    out.positions.push_back(query.order.read(0, row, kRunColumnCount));
    return true;
  });
}

// Runs that `part` holds for, ordered by the keys from `first` on; those before are all alike.
Result<void> select_alike(Connection& db, const RunQuery& query, const Filter* part,
                          std::int64_t rank, std::size_t first, Selected& out) {
  Cells cells;
  std::string sql = "SELECT " + std::string(kRunColumns) + query.order.columns(first) +
                    " FROM runs r" + query.order.joins(first, cells) + " WHERE " + query.scope();
  // Like those of params, indexes on names and users hold the first 200 characters.
  const auto& key = query.order.keys()[first];
  const bool cut = key.start_follows && key.key != "status";
  if (query.after && (first == 0 || (*query.after)[0].rank == rank)) {
    const auto& at = (*query.after)[first];
    if (key.rank.empty()) {
      sql += " AND " + (cut ? "left(" + key.value + ", 200)" : key.value);
      sql += (key.ascending ? " >= " : " <= ") + std::string(cut ? "left(?, 200)" : "?");
      cells.push_back(at.value);
    }
    sql += " AND " + query.order.behind(first, *query.after, cells);
  }
  if (part != nullptr) {
    SW_TRY(const auto condition, query.fields.probe(*part, cells));
    sql += " AND " + condition;
  }
  SW_TRY(const auto where, query.fields.where(query.search.filter, cells));
  sql += " AND " + where + " ORDER BY ";
  if (cut) sql += "left(" + key.value + ", 200)" + (key.ascending ? ", " : " DESC, ");
  sql += query.order.clauses(first) + " LIMIT ?";
  cells.emplace_back(static_cast<std::int64_t>(query.wanted() - out.runs.size()));
  return db.query(sql, cells, [&](const Row& row) {
    out.runs.push_back(run_from_row(row));
    auto position = query.order.read(first, row, kRunColumnCount);
    if (first > 0) position[0] = {.rank = rank, .value = nullptr};
    out.positions.push_back(std::move(position));
    return true;
  });
}

// An order that begins with an attribute which some runs lack.
Result<void> select_by_attribute(Connection& db, const RunQuery& query, Selected& out) {
  const auto& key = query.order.keys().front();
  if (!query.after || (*query.after)[0].rank == 0) {
    RunQuery having = query;
    having.order = query.order.with_first_key_there();
    const auto there = leaf_on(key, key.entity, Op::is_not_null);
    SW_CHECK_OK(select_alike(db, having, &there, 0, 0, out));
  }
  if (out.runs.size() >= query.wanted()) return {};
  const auto missing = missing_leaf(key);
  return select_alike(db, query, &missing, 1, 1, out);
}

}  // namespace

Result<RunQuery> RunQuery::of(const RunFields& fields, const Search& search) {
  SW_TRY(auto order, RunOrder::of(fields, search.order));
  SW_TRY(auto after, order.position_of(search.page.token));
  RunQuery out{.search = search,
               .fields = fields,
               .order = std::move(order),
               .after = std::move(after),
               .experiments = {},
               .states = states_in(search.view)};
  for (const auto& id : search.experiments) {
    SW_TRY(const auto number, number_of(id));
    if (std::find(out.experiments.begin(), out.experiments.end(), number) ==
        out.experiments.end()) {
      out.experiments.push_back(number);
    }
  }
  // What a filter may not say is refused before anything is read.
  Cells cells;
  SW_CHECK_OK(fields.where(search.filter, cells));
  return out;
}

std::string RunQuery::scope() const {
  return "r.experiment IN " + list_of(experiments) + " AND r.state IN " + list_of(states);
}

Result<std::optional<KeyIndex>> key_index(const RunQuery& query, std::size_t number) {
  const auto& key = query.order.keys()[number];
  if (key.join.empty()) return std::optional<KeyIndex>();
  KeyIndex out;
  if (key.entity == "metric") {
    out.table = "latest_metrics";
    out.condition = "metric = " + query.fields.metric(key.key) + " AND kind <> 1";
  } else {
    out.table = "run_" + key.entity + "s";
    out.condition = "key = ?";
    out.parameters.emplace_back(key.key);
  }
  const auto take = [&](const Filter& leaf) -> Result<void> {
    if (leaf.kind != Filter::Kind::compare || leaf.entity != key.entity || leaf.key != key.key) {
      return {};
    }
    if (leaf.op == Op::is_null) return {};
    out.fixed = true;
    if (leaf.op == Op::is_not_null) return {};
    out.no_nan = out.no_nan || leaf.op != Op::ne;
    SW_TRY(const auto condition, query.fields.on_value(leaf, out.parameters));
    out.condition += " AND " + condition;
    return {};
  };
  const auto& filter = query.search.filter;
  SW_CHECK_OK(take(filter));
  if (filter.kind == Filter::Kind::all_of) {
    for (const auto& part : filter.parts) SW_CHECK_OK(take(part));
  }
  return std::optional(std::move(out));
}

Filter nan_leaf(const OrderKey& key) {
  return leaf_on(key, kNanMetric, Op::is_not_null);
}

Filter missing_leaf(const OrderKey& key) {
  return leaf_on(key, key.entity, Op::is_null);
}

Result<Selected> select_by_server(Connection& db, const RunQuery& query) {
  Selected out;
  SW_TRY(const auto index, key_index(query, 0));
  const auto& key = query.order.keys().front();
  if (!index) {
    SW_CHECK_OK(key.rank.empty() ? select_alike(db, query, nullptr, 0, 0, out)
                                 : select_by_attribute(db, query, out));
    return out;
  }
  const auto from = query.after ? (*query.after)[0].rank : 0;
  if (from == 0) SW_CHECK_OK(select_having(db, query, *index, out));
  const bool metric = key.entity == "metric";
  if (metric && from <= 1 && !index->no_nan && out.runs.size() < query.wanted()) {
    const auto nan = nan_leaf(key);
    SW_CHECK_OK(select_alike(db, query, &nan, 1, 1, out));
  }
  if (!index->fixed && out.runs.size() < query.wanted()) {
    const auto missing = missing_leaf(key);
    SW_CHECK_OK(select_alike(db, query, &missing, metric ? 2 : 1, 1, out));
  }
  return out;
}

Result<Selected> select_listed(Connection& db, const RunQuery& query,
                               const std::vector<std::int64_t>* runs, bool filtered) {
  Cells cells;
  std::string from = "runs r";
  if (runs != nullptr) {
    std::string json = "[";
    for (const auto run : *runs) (json += json.size() == 1 ? "" : ",") += std::to_string(run);
    cells.emplace_back(json + "]");
    from = "json_each(?) j CROSS JOIN runs r ON r.id = j.value";
  }
  std::string sql = "SELECT " + std::string(kRunColumns) + query.order.columns(0) + " FROM " +
                    from + query.order.joins(0, cells) + " WHERE " + query.scope();
  if (query.after) sql += " AND " + query.order.behind(0, *query.after, cells);
  if (filtered) {
    SW_TRY(const auto where, query.fields.where(query.search.filter, cells));
    sql += " AND " + where;
  }
  sql += " ORDER BY " + query.order.clauses(0) + " LIMIT ?";
  cells.emplace_back(static_cast<std::int64_t>(query.wanted()));
  Selected out;
  SW_CHECK_OK(db.query(sql, cells, [&](const Row& row) {
    out.runs.push_back(run_from_row(row));
    out.positions.push_back(query.order.read(0, row, kRunColumnCount));
    return true;
  }));
  return out;
}

Result<FoundRuns> find_runs(Connection& db, const Search& search, const SearchLimits& limits) {
  SW_TRY(const auto metrics, MetricNumbers::of(db, search));
  const RunFields fields(db.dialect(), metrics);
  SW_TRY(const auto query, RunQuery::of(fields, search));
  FoundRuns out{.runs = {}, .next_token = {}, .not_in_rows = metrics.not_in_rows()};
  if (query.experiments.empty() || !out.not_in_rows.empty()) return out;
  SW_TRY(auto found, db.dialect() == store::Dialect::sqlite ? select_by_index(db, query, limits)
                                                            : select_by_server(db, query));
  if (found.runs.size() > search.page.size) {
    found.runs.resize(search.page.size);
    if (search.page.size > 0)
      out.next_token = query.order.token(found.positions[search.page.size - 1]);
  }
  out.runs = std::move(found.runs);
  return out;
}

}  // namespace slipway::tracking
