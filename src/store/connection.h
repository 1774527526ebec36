// SPDX-License-Identifier: Apache-2.0
// What the two dialects implement for this room: a Connection that can begin and end transactions.
#pragma once

#include <memory>
#include <string>

#include "store/database.h"

namespace slipway::store {

// Makes durable what a connection has committed so far. Thread-safe, and may be called while the
// connection is used.
class DiskSync {
 public:
  virtual ~DiskSync() = default;
  virtual Result<void> sync() = 0;
};

class DriverConnection : public Connection {
 public:
  // Several statements at once, without parameters.
  virtual Result<void> script(const std::string& sql) = 0;
  // `write`: takes the one writer's place (waits for other processes); else a read-only snapshot.
  virtual Result<void> begin(bool write) = 0;
  virtual Result<void> commit() = 0;
  virtual void rollback() = 0;  // also fine when the transaction is gone already
  // False when the database ended the transaction by itself (full disk, lost server).
  virtual bool in_transaction() const = 0;
  // False when the connection is lost and a new one must be made.
  virtual bool usable() const = 0;
  // What must follow `commit` for it to be durable; null: nothing.
  virtual std::shared_ptr<DiskSync> disk() const { return nullptr; }
  // After a sync that failed: brings all that is committed to where it is safe, or fails.
  virtual Result<void> settle() { return {}; }
};

}  // namespace slipway::store
