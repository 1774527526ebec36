// SPDX-License-Identifier: Apache-2.0
// One process at a time: who looks after a database.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace slipway::store {

// Held until it is gone, or the process, or what it is held by: the connection (PostgreSQL), the
// file of the lock (SQLite).
class Hold {
 public:
  virtual ~Hold() = default;
  // Looks whether it is held still, and takes it again where that was lost: `conflict` when another
  // process was faster, anything else when nobody can tell. By one thread at a time.
  virtual Result<void> check() = 0;
};

// `conflict` when another process holds it. `url` as for Database::open; the database need not be
// open. Null where an SQLite database could not be made anyway.
Result<std::unique_ptr<Hold>> hold_store(const std::string& url);

}  // namespace slipway::store
