// SPDX-License-Identifier: Apache-2.0
// Brings a database to the schema of this binary: forward only, one transaction a file, checksums
// recorded. Files are named NNNN_name.sql, with NNNN_name.postgres.sql where PostgreSQL differs.
#pragma once

#include <string>
#include <vector>

#include "connection.h"

namespace slipway::store {

struct MigrationFile {
  std::string name;
  std::string sql;
};

const std::vector<MigrationFile>& embedded_migrations();

// `failed_precondition` when the database was written by a newer binary or by another text of a
// file that it already has.
Result<void> migrate(DriverConnection& connection, const std::vector<MigrationFile>& files);

}  // namespace slipway::store
