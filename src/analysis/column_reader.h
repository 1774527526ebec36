// SPDX-License-Identifier: Apache-2.0
// Columns read once, in one pass over a few of them: facts, and ordered numbers or counted texts.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "analysis/columns.h"
#include "analysis/ordered_column.h"
#include "base/result.h"

namespace slipway::analysis {

struct ColumnData {
  std::int64_t infinite_high = 0;  // of `facts.infinite`
  ColumnFacts facts;               // `distinct` is exact for texts; of numbers it counts to 11
  std::unique_ptr<OrderedColumn> numbers;                    // of fields that are no texts
  std::vector<std::pair<std::string, std::int64_t>> counts;  // of texts
  bool too_many = false;  // different texts to be counted: there are no counts
};

// How many columns of so many rows are read at once in bounded memory.
std::size_t columns_at_once(std::int64_t rows);

// Fields of numbers in one pass.
Result<std::vector<ColumnData>> read_numbers(const Table& table,
                                             const std::vector<const Field*>& fields);
Result<ColumnData> read_texts(const Table& table, const Field& field);

// At most `most` texts that are there, in the file's order and evenly spread.
Result<std::vector<std::string>> some_texts(const Table& table, const Field& field,
                                            const ColumnFacts& facts, std::size_t most);

// Seen as `type`, as columns.h's; takes what `data` has.
stats::Sample sample_of(const Field& field, ColumnData& data, stats::ColumnType type);

}  // namespace slipway::analysis
