// SPDX-License-Identifier: Apache-2.0
// One process at a time: who looks after a database.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace slipway::store {

// Held until the handle is gone, or the process, or (PostgreSQL) the connection. `conflict` when
// another process holds it. `url` as for Database::open; the database need not be open. Nothing is
// held where an SQLite database could not be made anyway.
Result<std::shared_ptr<void>> hold_store(const std::string& url);

}  // namespace slipway::store
