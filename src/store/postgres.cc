// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "driver.h"
#include "postgres_connection.h"

namespace slipway::store {

Result<std::unique_ptr<Database>> open_postgres_database(const std::string& url,
                                                         const Options& options) {
  auto connect = [url, durability = options.durability](bool) {
    return open_postgres(url, durability);
  };
  auto copy_to = [](const std::string&) -> Result<void> {
    return Error{Code::unimplemented, "a PostgreSQL store is not copied by slipway", "use pg_dump"};
  };
  return make_database(std::move(connect), std::move(copy_to), options);
}

}  // namespace slipway::store
