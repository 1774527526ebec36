// SPDX-License-Identifier: Apache-2.0
// A Filter as a WHERE clause over one table of the registry.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/filter.h"
#include "domain/keyset.h"
#include "domain/types.h"
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
// Ends with `tie_breaks` for those columns that were not named.
Result<Keyset> order_of(const std::vector<OrderBy>& order, const Searchable& table,
                        std::span<const KeysetKey> tie_breaks);
// Completes a WHERE clause to one page: what is behind the token, the order, one row more than the
// page has. The rows' order is `order`.
Result<void> add_page(const Keyset& order, const PageRequest& page, Sql& out);

// The page of the rows that were found; `value_of` gives a row's value of a column.
template <class T, class ValueOf>
Page<T> page_of(std::vector<T> items, const Keyset& order, const PageRequest& wanted,
                ValueOf&& value_of) {
  Page<T> page{.items = std::move(items), .next_token = {}};
  if (page.items.size() <= wanted.size) return page;
  page.items.erase(page.items.begin() + static_cast<std::ptrdiff_t>(wanted.size), page.items.end());
  if (page.items.empty()) return page;
  std::vector<KeysetValue> last;
  for (const auto& key : order.keys()) last.push_back(value_of(page.items.back(), key.column));
  page.next_token = order.token(last);
  return page;
}

}  // namespace slipway::registry
