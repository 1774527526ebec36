// SPDX-License-Identifier: Apache-2.0
// Files of rows, as the analysis commands open them.
#pragma once

#include <memory>
#include <string>

#include "analysis/columns.h"
#include "base/result.h"

namespace slipway::cli {

using analysis::ColumnFacts;
using analysis::facts_of;
using analysis::sample_of;
using drivers::duckdb::Field;
using drivers::duckdb::Table;

// Parquet, CSV or JSON lines, with the library that the settings name.
Result<std::unique_ptr<Table>> open_table(const std::string& path);

}  // namespace slipway::cli
