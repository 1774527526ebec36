// SPDX-License-Identifier: Apache-2.0
// One SQLite connection with its prepared statements.
#pragma once

#include <memory>
#include <string>

#include "checkpointer.h"
#include "connection.h"

namespace slipway::store {

// What a connection is for. A `writer` leaves the sync of its commits to who commits, see
// DriverConnection::disk.
enum class SqliteUse { reader, writer, alone };

// With a `checkpointer` the connection's commits leave the log to that.
Result<std::unique_ptr<DriverConnection>> open_sqlite(
    const std::string& path, SqliteUse use, Durability durability = Durability::disk,
    std::shared_ptr<Checkpointer> checkpointer = nullptr);

// Somebody else's file: it must be there, and nothing is written to it.
Result<std::unique_ptr<DriverConnection>> open_sqlite_to_read(const std::string& path);

}  // namespace slipway::store
