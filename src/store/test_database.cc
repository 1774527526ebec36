// SPDX-License-Identifier: Apache-2.0
#include "store/test_database.h"

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/ids.h"
#include "base/log.h"

namespace slipway::store {
namespace {

std::string postgres_server() {
  const char* url = std::getenv("SLIPWAY_TEST_POSTGRES");
  return url != nullptr ? url : "";
}

std::unique_ptr<Database> open_or_abort(const std::string& url) {
  auto database = Database::open(url);
  if (!database) assertion_failed(database.error().message.c_str(), "TestDatabase", 0);
  return *std::move(database);
}

// Statements outside of a transaction (CREATE DATABASE) do not fit the Database interface.
bool administer(const std::string& statement) {
  const auto command = "psql -q -v ON_ERROR_STOP=1 -c '" + statement + "' '" + postgres_server() +
                       "/postgres' >/dev/null";
  return std::system(command.c_str()) == 0;
}

// The test is reported as skipped; it still gets a database, because its fixture is built already.
Dialect available(Dialect dialect) {
  if (dialect == Dialect::sqlite || !postgres_server().empty()) return dialect;
  [] { GTEST_SKIP() << "SLIPWAY_TEST_POSTGRES is not set"; }();
  return Dialect::sqlite;
}

}  // namespace

TestDatabase::TestDatabase(Dialect dialect) {
  log::configure(log::Level::warn, log::Format::automatic);
  const std::string name = "slipway_test_" + system_ids().hex32().substr(0, 12);
  if (available(dialect) == Dialect::sqlite) {
    folder_ = std::filesystem::temp_directory_path() / name;
    std::filesystem::create_directory(folder_);
    url_ = "sqlite:///" + folder_ + "/test.db";
  } else {
    SW_ASSERT(administer("CREATE DATABASE " + name));
    url_ = postgres_server() + "/" + name;
  }
  database_ = open_or_abort(url_);
}

TestDatabase::~TestDatabase() {
  database_.reset();
  if (!folder_.empty()) {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  } else {
    administer("DROP DATABASE " + url_.substr(url_.rfind('/') + 1));
  }
}

void TestDatabase::reopen() {
  database_.reset();
  database_ = open_or_abort(url_);
}

std::vector<Dialect> TestDatabase::dialects() {
  return {Dialect::sqlite, Dialect::postgres};
}

}  // namespace slipway::store
