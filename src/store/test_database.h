// SPDX-License-Identifier: Apache-2.0
// A fresh, migrated database for a test, thrown away with it. With SLIPWAY_TEST_POSTGRES set to a
// server's URL the same tests can run there (see TestDatabase::dialects()).
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
  void reopen();

  // For INSTANTIATE_TEST_SUITE_P: SQLite always, PostgreSQL when a server was given.
  static std::vector<Dialect> dialects();

 private:
  std::string folder_;
  std::string url_;
  std::unique_ptr<Database> database_;
};

}  // namespace slipway::store
