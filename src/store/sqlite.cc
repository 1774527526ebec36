// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "checkpointer.h"
#include "driver.h"
#include "sqlite_connection.h"

namespace slipway::store {

Result<std::unique_ptr<Database>> open_sqlite_database(const std::string& path,
                                                       const Options& options) {
  auto connect = [path, durability = options.durability,
                  checkpointer = std::make_shared<Checkpointer>(path)](bool read_only) {
    return read_only ? open_sqlite(path, SqliteUse::reader, durability)
                     : open_sqlite(path, SqliteUse::writer, durability, checkpointer);
  };
  auto copy_to = [path](const std::string& target) -> Result<void> {
    SW_TRY(const auto connection, open_sqlite(path, SqliteUse::alone));
    SW_CHECK_OK(connection->exec("VACUUM INTO ?", {target}));
    return {};
  };
  return make_database(std::move(connect), std::move(copy_to), options);
}

}  // namespace slipway::store
