// SPDX-License-Identifier: Apache-2.0
// A Filter as a WHERE clause over one table of the registry.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "domain/filter.h"
#include "store/database.h"

namespace slipway::registry {

struct Field {
  std::string_view key;     // what a filter calls it
  std::string_view column;  // what SQL calls it
  bool number = false;
};

// What can be searched: attributes by name, and tags through a correlated subquery.
struct Searchable {
  std::span<const Field> fields;
  std::string_view tags;  // "SELECT 1 FROM .. t WHERE t.model_id = m.id": key and value are added
};

struct Sql {
  std::string text;
  store::Cells cells;
};

// Adds a condition (never empty: "1 = 1" for the filter of everything) to `out`.
Result<void> add_condition(const Filter& filter, const Searchable& table, store::Dialect dialect,
                           Sql& out);
// "a ASC, b DESC", ending with `tie_breaks` for those columns that were not named.
Result<std::string> order_clause(const std::vector<OrderBy>& order, const Searchable& table,
                                 std::span<const std::pair<std::string_view, bool>> tie_breaks);

}  // namespace slipway::registry
