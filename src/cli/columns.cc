// SPDX-License-Identifier: Apache-2.0
#include "columns.h"

#include "app/config.h"

namespace slipway::cli {

Result<std::unique_ptr<Table>> open_table(const std::string& path) {
  SW_TRY(const auto effective, app::load_config({}));
  return Table::open(path, {.library = effective.config.duckdb});
}

}  // namespace slipway::cli
