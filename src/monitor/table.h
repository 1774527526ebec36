// SPDX-License-Identifier: Apache-2.0
// Small tables read from CSV (with a header) or JSON lines: reference data of a version, and the
// two sides of `slipway drift`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "stats/drift.h"

namespace slipway::monitor {

struct TableColumn {
  std::string name;
  bool text = false;
  bool integers = true;         // numbers: none was written with a point or an exponent
  std::vector<double> numbers;  // NaN: missing
  std::vector<std::string> texts;
  std::vector<bool> missing;
};

struct Table {
  std::vector<TableColumn> columns;
  std::size_t rows = 0;
  const TableColumn* find(std::string_view name) const;
};

// The first byte tells: '{' is JSON lines. Empty cells, NA, NaN, null and None are missing; True
// and False are 1 and 0. At most 1,000 columns.
Result<Table> read_table(std::string_view text);

// float (or integers with missing ones): numerical; integers of at most 10 distinct values:
// categorical; texts: categorical, or text when over half of them are distinct, or datetime.
stats::ColumnType type_of(const TableColumn& column);
// The column as `type` (numerical or categorical; else only counted).
stats::Sample sample_of(const TableColumn& column, stats::ColumnType type);

}  // namespace slipway::monitor
