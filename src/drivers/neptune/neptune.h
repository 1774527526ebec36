// SPDX-License-Identifier: Apache-2.0
// What neptune-exporter wrote, as a source of a transfer: each run with its attributes and files.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "transfer/transfer.h"

namespace slipway::drivers::neptune {

// Cells of some rows of a Parquet file, by column: times in milliseconds, nested values as JSON,
// numbers as they are written. Nothing where a value or the whole column is missing.
using Cells = std::vector<std::vector<std::optional<std::string>>>;
using ReadParquet =
    std::function<Result<void>(const std::string& file, const std::vector<std::string>& columns,
                               const std::function<Result<void>(const Cells&, std::size_t rows)>&)>;

// `folder`: of the Parquet files, or the one that holds it as data/. `files`: where the exporter
// put files; empty: files/ beside the data.
Result<std::unique_ptr<transfer::Source>> open(const std::string& folder, const std::string& files,
                                               ReadParquet read);

}  // namespace slipway::drivers::neptune
