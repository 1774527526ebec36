// SPDX-License-Identifier: Apache-2.0
// One SQLite connection with its prepared statements.
#pragma once

#include <memory>
#include <string>

#include "connection.h"

namespace slipway::store {

// `query_only`: refuses to write.
Result<std::unique_ptr<DriverConnection>> open_sqlite(const std::string& path, bool query_only,
                                                      Durability durability = Durability::disk);

// Somebody else's file: it must be there, and nothing is written to it.
Result<std::unique_ptr<DriverConnection>> open_sqlite_to_read(const std::string& path);

}  // namespace slipway::store
