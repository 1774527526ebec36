// SPDX-License-Identifier: Apache-2.0
// One page of runs: how a search is carried out. docs/decisions has why.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "run_order.h"
#include "run_sets.h"
#include "runs_sql.h"

namespace slipway::tracking {

struct FoundRuns {
  std::vector<FoundRun> runs;  // without what hangs on them
  std::string next_token;
  // Metrics that the search names and that blocks hold: nothing was searched, since indexes know
  // rows only. See latest.h for make_rows.
  std::vector<std::int64_t> not_in_rows;
};

// What both ways below share: the search in SQL's words.
struct RunQuery {
  const Search& search;
  const RunFields& fields;
  RunOrder order;
  std::optional<Position> after;
  std::vector<std::int64_t> experiments;
  std::vector<std::int64_t> states;

  static Result<RunQuery> of(const RunFields& fields, const Search& search);
  std::size_t wanted() const { return search.page.size + 1; }  // one more: is there a next page?
  std::string scope() const;                                   // on `runs r`
};

// The first key of the order as an index that can be read in its order, with the runs that have it.
struct KeyIndex {
  std::string table;
  std::string condition;  // its rows, on columns of the table
  store::Cells parameters;
  bool fixed = false;   // the filter asks for the key: what lacks it does not match
  bool no_nan = false;  // nor does NaN
};
Result<std::optional<KeyIndex>> key_index(const RunQuery& query, std::size_t key);
// Runs that come behind those: NaN, then without the key.
Filter nan_leaf(const OrderKey& key);
Filter missing_leaf(const OrderKey& key);

// Rows in their final order, with their positions.
struct Selected {
  std::vector<FoundRun> runs;
  std::vector<Position> positions;
};

// When an index search stops doing what it does; tests make these small.
struct SearchLimits {
  std::size_t few = 1'000;         // runs that a selective clause may match
  std::size_t sortable = 20'000;   // sorting so many is quicker than reading an index
  std::size_t least_rows = 1'500;  // read in vain: more with the number of runs, up to ..
  std::size_t most_rows = 25'000;
};

// PostgreSQL plans by its statistics: one statement for each part of the order.
Result<Selected> select_by_server(store::Connection& db, const RunQuery& query);
// SQLite is led: indexes are read in order and given up when what matches is rare.
Result<Selected> select_by_index(store::Connection& db, const RunQuery& query,
                                 const SearchLimits& limits);

// The page among `runs` (null: among all), which match already unless `filtered`. SQLite only.
Result<Selected> select_listed(store::Connection& db, const RunQuery& query,
                               const std::vector<std::int64_t>* runs, bool filtered);

// Both, and the token of the next page.
Result<FoundRuns> find_runs(store::Connection& db, const Search& search,
                            const SearchLimits& limits = {});

}  // namespace slipway::tracking
