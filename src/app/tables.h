// SPDX-License-Identifier: Apache-2.0
// All rows of a PostgreSQL store as lines of JSON, and back: how its backups are kept.
#pragma once

#include <string>

#include "base/result.h"

namespace slipway::store {
class Database;
}

namespace slipway::app {

// In one snapshot: a line {"table":..,"columns":[..],"types":[..]}, then an array of texts a row.
Result<void> dump_tables(store::Database& db, const std::string& file);

// Into the store at `url`, which gets this program's schema first. Rows that are there already are
// refused without `force`, and replaced with it. All of it, or nothing.
Result<void> load_tables(const std::string& url, const std::string& file, bool force);

}  // namespace slipway::app
