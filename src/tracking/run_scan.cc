// SPDX-License-Identifier: Apache-2.0
// SQLite: searches are led along its indexes.
//
// 1. A clause that few runs match is read from its index, and the rest asked of those.
// 2. Else the index of the order is read from the start of the page, each run asked for the filter,
//    until the page is full. Runs with equal values are taken whole and sorted later.
// 3. When that has read many rows in vain, what matches is rare or far: each clause becomes a set
// of
//    runs, which bounds the cost by one scan a clause, and the order's index is read against it.
#include <algorithm>
#include <utility>

#include "run_search.h"

namespace slipway::tracking {
namespace {

using store::Cell;
using store::Cells;
using store::Connection;
using store::Row;
using Op = Filter::Op;
using Ids = std::vector<std::int64_t>;

constexpr std::size_t kMostArms = 200;  // SQLite joins up to 500 SELECTs
constexpr std::size_t kParameterLimit = 30'000;
constexpr int kMostBlocks = 50;

Filter with(const Filter& filter, Filter part) {
  Filter out;
  out.parts.push_back(filter);
  out.parts.push_back(std::move(part));
  return out;
}

Filter equal_to(const OrderKey& key, const Cell& value) {
  Filter out{.kind = Filter::Kind::compare, .parts = {}, .entity = key.entity, .key = key.key};
  if (const auto* real = std::get_if<double>(&value)) out.value = *real;
  if (const auto* text = std::get_if<std::string>(&value)) out.value = *text;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) {
    out.value = static_cast<double>(*whole);
  }
  return out;
}

// Filters compare with doubles, which not every whole number is.
bool is_exact(const Cell& value) {
  const auto* whole = std::get_if<std::int64_t>(&value);
  constexpr std::int64_t kMost = std::int64_t{1} << 53;
  return whole == nullptr || (-kMost < *whole && *whole < kMost);
}

// Can the index say quickly that few runs match?
bool is_selective(const Filter& leaf) {
  if (leaf.kind != Filter::Kind::compare) return false;
  if (leaf.entity == "attribute") {
    return (leaf.key == "id" && (leaf.op == Op::eq || leaf.op == Op::in)) ||
           (leaf.key == "name" && leaf.op == Op::eq);
  }
  switch (leaf.op) {
    case Op::eq:
    case Op::lt:
    case Op::le:
    case Op::gt:
    case Op::ge:
    case Op::in:
    case Op::is_not_null:
      return true;
    default:
      return false;
  }
}

// What a scan of an index has found.
struct Scan {
  std::size_t need = 0;
  bool blocks = false;  // rows with equal values belong together
  const RunSet* set = nullptr;
  const Cell* uncounted = nullptr;  // the value at which the page begins

  Ids& ids;
  std::size_t counted = 0;  // of those behind the page's beginning
  Cell value = nullptr;     // of the present block
  std::size_t block = 0;    // where it begins in ids
  std::size_t counted_before = 0;
  std::size_t block_rows = 0;
  std::size_t budget = 0;       // rows, without a set
  std::size_t block_limit = 0;  // rows of a block, whatever the set; 0: any number
  bool gave_up = false;
};

class IndexSearch {
 public:
  IndexSearch(Connection& db, const RunQuery& query, const SearchLimits& limits, std::int64_t last)
      : db_(db),
        query_(query),
        limits_(limits),
        last_(last),
        budget_(std::clamp<std::size_t>(static_cast<std::size_t>(last) / 40, limits.least_rows,
                                        limits.most_rows) +
                4 * query.wanted()) {}

  Result<Selected> run() {
    const auto& filter = query_.search.filter;
    SW_TRY(const auto few, few_runs());
    if (few) return select_listed(db_, query_, &*few, true);
    Ids ids;
    const bool bounded = query_.after.has_value();
    SW_TRY(const auto found, collect({0, bounded, query_.wanted(), filter, nullptr}, ids));
    if (found) return select_listed(db_, query_, &ids, false);
    return by_sets();
  }

 private:
  // Runs of `filter` (or of `set`), in the order of the keys from `key` on, until `need` of them
  // are behind the page's beginning. `bounded`: they agree with it in all keys before.
  struct Task {
    std::size_t key = 0;
    bool bounded = false;
    std::size_t need = 0;
    const Filter& filter;
    const RunSet* set = nullptr;
    // Only runs with this value for the key before, whose index goes on by the start.
    const OrderKey* fixed = nullptr;
    const Cell* fixed_value = nullptr;
  };
  // How many were found behind the beginning; nothing when it was given up.
  using Count = Result<std::optional<std::size_t>>;

  const OrderKey& key(std::size_t number) const { return query_.order.keys()[number]; }
  const KeyValue& beginning(std::size_t number) const { return (*query_.after)[number]; }

  Result<std::optional<Ids>> few_runs() {
    const auto& filter = query_.search.filter;
    std::vector<const Filter*> leaves;
    if (is_selective(filter)) leaves.push_back(&filter);
    if (filter.kind == Filter::Kind::all_of) {
      for (const auto& part : filter.parts) {
        if (is_selective(part)) leaves.push_back(&part);
      }
    }
    for (const auto* leaf : leaves) {
      Cells cells;
      SW_TRY(const auto sql,
             leaf->entity == "attribute" ? scoped(*leaf, cells) : query_.fields.set(*leaf, cells));
      Ids ids;
      SW_CHECK_OK(
          db_.query(sql + " LIMIT " + std::to_string(limits_.few + 1), cells, [&](const Row& row) {
            ids.push_back(row.int64(0));
            return true;
          }));
      if (ids.size() > limits_.few) continue;
      std::sort(ids.begin(), ids.end());
      ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
      return std::optional(std::move(ids));
    }
    return std::optional<Ids>();
  }

  // Attributes have indexes within an experiment only.
  Result<std::string> scoped(const Filter& leaf, Cells& cells) const {
    SW_TRY(const auto condition, query_.fields.probe(leaf, cells));
    return "SELECT r.id FROM runs r WHERE " + query_.scope() + " AND " + condition;
  }

  // The runs of `leaf`, when they are few, of which the whole filter holds.
  Result<std::optional<Ids>> few_of(const Filter& leaf, const Filter& filter) {
    Cells cells;
    SW_TRY(const auto set,
           leaf.entity == "attribute" ? scoped(leaf, cells) : query_.fields.set(leaf, cells));
    const auto limit = " LIMIT " + std::to_string(limits_.few + 1);
    std::size_t size = 0;
    SW_CHECK_OK(db_.query(set + limit, cells, [&](const Row&) { return ++size > 0; }));
    if (size > limits_.few) return std::optional<Ids>();
    std::string sql = "SELECT r.id FROM runs r WHERE r.id IN (" + set + ") AND " + query_.scope();
    SW_TRY(const auto where, query_.fields.where(filter, cells));
    Ids out;
    SW_CHECK_OK(db_.query(sql + " AND " + where, cells, [&](const Row& row) {
      out.push_back(row.int64(0));
      return true;
    }));
    return std::optional(std::move(out));
  }

  Count collect(const Task& task, Ids& ids) {
    if (task.set != nullptr && task.set->size() <= limits_.sortable) {
      const auto all = task.set->list();
      ids.insert(ids.end(), all.begin(), all.end());
      return std::optional(task.bounded ? 0 : all.size());
    }
    if (key(task.key).key == "started" && key(task.key).join.empty()) return by_start(task, ids);
    if (!key(task.key).join.empty() || !key(task.key).index.empty()) return by_key(task, ids);
    return std::optional<std::size_t>();
  }

  // Steps through "run, value, match". False when the budget is used up.
  Result<bool> read(const std::string& sql, const Cells& cells, OrderKey::Type type, Scan& scan) {
    auto budget = scan.budget;
    SW_CHECK_OK(db_.query(sql, cells, [&](const Row& row) {
      if (scan.set == nullptr && budget-- == 0) {
        scan.gave_up = true;
        return false;
      }
      if (scan.block_limit > 0 && scan.block_rows >= scan.block_limit) {
        scan.gave_up = true;
        return false;
      }
      if (scan.blocks && !at_value(row, type, scan.value)) {
        if (scan.counted >= scan.need) return false;
        scan.value = value_of(row, type);
        scan.block = scan.ids.size();
        scan.counted_before = scan.counted;
        scan.block_rows = 0;
      }
      ++scan.block_rows;
      const auto run = row.int64(0);
      if (scan.set != nullptr ? !scan.set->has(run) : row.int64(2) == 0) return true;
      scan.ids.push_back(run);
      if (scan.uncounted == nullptr || scan.value != *scan.uncounted) ++scan.counted;
      return scan.blocks || scan.counted < scan.need;
    }));
    return !scan.gave_up;
  }

  static Cell value_of(const Row& row, OrderKey::Type type) {
    if (type == OrderKey::Type::integer) return row.int64(1);
    if (type == OrderKey::Type::real) return row.real(1);
    return std::string(row.text(1));
  }
  static bool at_value(const Row& row, OrderKey::Type type, const Cell& value) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return row.int64(1) == *integer;
    if (const auto* real = std::get_if<double>(&value)) return row.real(1) == *real;
    const auto* text = std::get_if<std::string>(&value);
    return text != nullptr && type == OrderKey::Type::text && row.text(1) == *text;
  }

  Result<std::string> match(const Task& task, Cells& cells) const {
    if (task.set != nullptr) return std::string("1");
    return query_.fields.where(task.filter, cells);
  }

  Count by_start(const Task& task, Ids& ids) {
    const bool ascending = key(task.key).ascending;
    const bool exact = !ascending && key(task.key + 1).key == "id" && key(task.key + 1).ascending;
    Cells cells;
    std::string sql;
    std::size_t arms = 0;
    for (const auto experiment : query_.experiments) {
      for (const auto state : query_.states) {
        if (++arms > kMostArms || cells.size() > kParameterLimit) {
          return std::optional<std::size_t>();
        }
        SW_TRY(const auto condition, match(task, cells));
        sql += (arms == 1 ? "" : " UNION ALL ") + std::string("SELECT r.id, r.started AS at, ") +
               condition + ", r.uuid AS name FROM runs r" +
               (task.fixed != nullptr ? " INDEXED BY " + task.fixed->index : "") +
               " WHERE r.experiment = " + std::to_string(experiment) +
               " AND r.state = " + std::to_string(state);
        if (task.fixed != nullptr) {
          sql += " AND " + task.fixed->value + " = ?";
          cells.push_back(*task.fixed_value);
        }
        if (!task.bounded) continue;
        const auto& at = beginning(task.key).value;
        sql += ascending ? " AND r.started >= ?" : " AND r.started <= ?";
        cells.push_back(at);
        if (!exact) continue;
        sql += " AND (r.started < ? OR r.uuid > ?)";
        cells.push_back(at);
        cells.push_back(beginning(task.key + 1).value);
      }
    }
    sql += ascending ? " ORDER BY at, name DESC" : " ORDER BY at DESC, name";
    Scan scan{.need = task.need, .blocks = !exact, .set = task.set, .ids = ids};
    scan.budget = budget_;
    if (task.bounded && !exact) scan.uncounted = &beginning(task.key).value;
    SW_TRY(const auto done, read(sql, cells, OrderKey::Type::integer, scan));
    if (!done) return std::optional<std::size_t>();
    return std::optional(scan.counted);
  }

  Count by_key(const Task& task, Ids& ids) {
    SW_TRY(auto index, key_index(query_, task.key));
    if (!index) {  // an attribute, which has only runs without a value besides
      index.emplace();
      index->fixed = key(task.key).rank.empty();
    }
    const auto rank = task.bounded ? beginning(task.key).rank : 0;
    std::size_t counted = 0;
    if (rank == 0) {
      SW_TRY(const auto found, having(task, *index, ids));
      if (!found) return found;
      counted += *found;
    }
    const auto behind = [&](std::int64_t at, const Filter& part) -> Result<bool> {
      if (counted >= task.need) return true;
      SW_TRY(const auto found,
             alike(task, part, task.bounded && rank == at, task.need - counted, ids));
      counted += found.value_or(0);
      return found.has_value();
    };
    const bool metric = key(task.key).entity == "metric";
    if (metric && rank <= 1 && !index->no_nan) {
      SW_TRY(const auto any, any_run(nan_leaf(key(task.key))));
      SW_TRY(const auto done, any ? behind(1, nan_leaf(key(task.key))) : Result<bool>(true));
      if (!done) return std::optional<std::size_t>();
    }
    if (!index->fixed) {
      SW_TRY(const auto done, behind(metric ? 2 : 1, missing_leaf(key(task.key))));
      if (!done) return std::optional<std::size_t>();
    }
    return std::optional(counted);
  }

  Result<bool> any_run(const Filter& leaf) {
    Cells cells;
    SW_TRY(const auto sql, query_.fields.set(leaf, cells));
    SW_TRY(const auto found, db_.first(sql + " LIMIT 1", cells, [](const Row&) { return true; }));
    return found.value_or(false);
  }

  // The runs for which `part` holds as well, by the next key.
  Count alike(const Task& task, const Filter& part, bool bounded, std::size_t need, Ids& ids) {
    if (task.set == nullptr) {
      const auto filter = with(task.filter, part);
      if (part.op != Op::is_null) {
        SW_TRY(const auto few, few_of(part, filter));
        if (few) {
          ids.insert(ids.end(), few->begin(), few->end());
          return std::optional(bounded ? 0 : few->size());
        }
      }
      return collect({task.key + 1, bounded, need, filter, nullptr}, ids);
    }
    SW_TRY(auto set, matching(db_, query_.fields, part, last_));
    set.keep(*task.set);
    return collect({task.key + 1, bounded, need, task.filter, &set}, ids);
  }

  // The statement that reads "run, value, match" in the order of an index on a metric, param or
  // tag, from a value on, or from behind it.
  Result<std::string> in_order(const Task& task, const KeyIndex& index, const Cell& from,
                               bool beyond, Cells& cells) const {
    const auto& by = key(task.key);
    std::string sql;
    if (task.set != nullptr) {
      sql = "SELECT run, value FROM " + index.table + " INDEXED BY " + index.table + "_by_value";
    } else {
      SW_TRY(const auto condition, match(task, cells));
      sql = "SELECT r.id, value, " + condition + " AND " + query_.scope() + " FROM " + index.table +
            " INDEXED BY " + index.table + "_by_value CROSS JOIN runs r ON r.id = run";
    }
    sql += " WHERE " + index.condition;
    cells.insert(cells.end(), index.parameters.begin(), index.parameters.end());
    if (!std::holds_alternative<std::nullptr_t>(from)) {
      sql += std::string(" AND value ") + (by.ascending ? ">" : "<") + (beyond ? " ?" : "= ?");
      cells.push_back(from);
    }
    return sql += by.ascending ? " ORDER BY value" : " ORDER BY value DESC";
  }

  // The same of an attribute; nothing when there are too many experiments for one statement.
  Result<std::string> attribute_in_order(const Task& task, const Cell& from, bool beyond,
                                         Cells& cells) const {
    const auto& by = key(task.key);
    std::string sql;
    if (query_.experiments.size() * query_.states.size() > kMostArms) return sql;
    for (const auto experiment : query_.experiments) {
      for (const auto state : query_.states) {
        SW_TRY(const auto condition, match(task, cells));
        sql += (sql.empty() ? "" : " UNION ALL ") + std::string("SELECT r.id, ") + by.value +
               " AS at, " + condition + " FROM runs r INDEXED BY " + by.index +
               " WHERE r.experiment = " + std::to_string(experiment) +
               " AND r.state = " + std::to_string(state);
        if (!by.rank.empty()) sql += " AND " + by.value + " IS NOT NULL";
        if (std::holds_alternative<std::nullptr_t>(from)) continue;
        sql += " AND " + by.value + (by.ascending ? " >" : " <") + (beyond ? " ?" : "= ?");
        cells.push_back(from);
      }
    }
    if (cells.size() > kParameterLimit) return std::string();
    return sql += by.ascending ? " ORDER BY at" : " ORDER BY at DESC";
  }

  // Runs with one value for this key, in the order of the next.
  Count block(const Task& task, const Cell& value, bool bounded, std::size_t need, Ids& ids) {
    const auto& by = key(task.key);
    const auto& next = key(task.key + 1);
    if (by.start_follows && next.key == "started" && next.join.empty()) {
      return by_start({task.key + 1, bounded, need, task.filter, task.set, &by, &value}, ids);
    }
    if (!is_exact(value)) return std::optional<std::size_t>();
    return alike(task, equal_to(by, value), bounded, need, ids);
  }

  // The runs that have a value for this key, in the order of its index.
  Count having(const Task& task, const KeyIndex& index, Ids& ids) {
    const auto& by = key(task.key);
    Scan scan{.need = task.need, .blocks = true, .set = task.set, .ids = ids};
    // Its runs lie all over the table, so that each costs more than in the order of their start.
    scan.budget = budget_ / 4 + task.need;
    if (by.start_follows) scan.block_limit = scan.budget;
    if (task.bounded) scan.uncounted = &beginning(task.key).value;
    Cell from = task.bounded ? beginning(task.key).value : Cell(nullptr);
    bool beyond = false;  // begin behind `from`, not at it
    for (int blocks = 0; blocks < kMostBlocks; ++blocks) {
      Cells cells;
      SW_TRY(const auto sql, by.join.empty() ? attribute_in_order(task, from, beyond, cells)
                                             : in_order(task, index, from, beyond, cells));
      if (sql.empty()) return std::optional<std::size_t>();
      scan.gave_up = false;
      SW_TRY(const auto done, read(sql, cells, by.type, scan));
      if (done) return std::optional(scan.counted);
      if (scan.block_rows < scan.budget / 2) return std::optional<std::size_t>();
      // Many rows with one value: read those by the next key instead.
      ids.resize(scan.block);
      scan.counted = scan.counted_before;
      const bool bounded = task.bounded && scan.value == beginning(task.key).value;
      const Cell value = std::exchange(scan.value, nullptr);
      SW_TRY(const auto found, block(task, value, bounded, task.need - scan.counted, ids));
      if (!found) return found;
      scan.counted += *found;
      scan.block_rows = 0;
      if (scan.counted >= task.need) return std::optional(scan.counted);
      from = value;
      beyond = true;
    }
    return std::optional<std::size_t>();
  }

  Result<Selected> by_sets() {
    const auto& filter = query_.search.filter;
    const bool plain = key(0).join.empty() && key(0).key != "started";
    if (filter.parts.empty() && filter.kind == Filter::Kind::all_of && plain) {
      return select_listed(db_, query_, nullptr, false);
    }
    // Attributes have no index of their own: they are asked last, and only of many.
    Filter first;
    Filter rest;
    for (const auto& part : parts_of(filter)) {
      const bool attribute = part.kind == Filter::Kind::compare && part.entity == "attribute";
      (attribute ? rest : first).parts.push_back(part);
    }
    SW_TRY(auto set, matching(db_, query_.fields, first, last_));
    if (!first.parts.empty() && set.size() <= limits_.sortable) {
      const auto ids = set.list();
      return select_listed(db_, query_, &ids, true);
    }
    RunSet scope(last_);
    SW_CHECK_OK(add_selected(db_, "SELECT r.id FROM runs r WHERE " + query_.scope(), {}, scope));
    set.keep(scope);
    SW_TRY(const auto others, matching(db_, query_.fields, rest, last_));
    set.keep(others);
    Ids ids;
    if (set.size() <= limits_.sortable) {
      ids = set.list();
      return select_listed(db_, query_, &ids, false);
    }
    const bool bounded = query_.after.has_value();
    SW_TRY(const auto found, collect({0, bounded, query_.wanted(), filter, &set}, ids));
    if (!found) return select_listed(db_, query_, nullptr, true);
    return select_listed(db_, query_, &ids, false);
  }

  static std::vector<Filter> parts_of(const Filter& filter) {
    if (filter.kind == Filter::Kind::all_of) return filter.parts;
    return {filter};
  }

  Connection& db_;
  const RunQuery& query_;
  const SearchLimits& limits_;
  std::int64_t last_;
  std::size_t budget_;
};

}  // namespace

Result<Selected> select_by_index(Connection& db, const RunQuery& query,
                                 const SearchLimits& limits) {
  SW_TRY(const auto last, db.first("SELECT COALESCE(MAX(id), 0) FROM runs", {},
                                   [](const Row& row) { return row.int64(0); }));
  return IndexSearch(db, query, limits, last.value_or(0)).run();
}

}  // namespace slipway::tracking
