// SPDX-License-Identifier: Apache-2.0
// A fresh, migrated database for a test, thrown away with it.
//
// SLIPWAY_TEST_POSTGRES is a server's URL without a database name ("postgresql://me@127.0.0.1:54");
// each test gets a database of its own there. Without it the tests of that dialect are skipped.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "store/database.h"

namespace slipway::store {

class TestDatabase {
 public:
  explicit TestDatabase(Dialect dialect = Dialect::sqlite);
  ~TestDatabase();

  operator Database&() { return *database_; }  // NOLINT: stands in for a Database
  Database& operator*() { return *database_; }
  Database* operator->() { return database_.get(); }
  const std::string& url() const { return url_; }
  // Until `reopen` nothing of it is in use here, so that a forked child may open it.
  void close() { database_.reset(); }
  void reopen();

  // For INSTANTIATE_TEST_SUITE_P.
  static std::vector<Dialect> dialects();

 private:
  std::string folder_;
  std::string url_;
  std::unique_ptr<Database> database_;
};

}  // namespace slipway::store
