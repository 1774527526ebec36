// SPDX-License-Identifier: Apache-2.0
// One PostgreSQL connection with its prepared statements.
#pragma once

#include <memory>
#include <string>

#include "connection.h"

namespace slipway::store {

Result<std::unique_ptr<DriverConnection>> open_postgres(const std::string& url,
                                                        Durability durability);

}  // namespace slipway::store
