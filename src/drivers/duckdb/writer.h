// SPDX-License-Identifier: Apache-2.0
// Parquet out of a CSV file that we wrote ourselves.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "drivers/duckdb/table.h"

namespace slipway::drivers::duckdb {

struct Typed {
  std::string name;
  std::string type;  // DuckDB's name; empty: it is guessed over the whole file
};

// In bounded memory. `csv` has a header with these names; an empty cell is missing.
Result<void> write_parquet(const std::string& csv, const std::vector<Typed>& columns,
                           const std::string& parquet, const Options& options);

}  // namespace slipway::drivers::duckdb
