// SPDX-License-Identifier: Apache-2.0
#include "store/test_database.h"

#include <cstdlib>
#include <filesystem>

#include <unistd.h>

#include "base/ids.h"
#include "base/log.h"
#include "postgres_connection.h"

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

}  // namespace

// SLIPWAY_TEST_POSTGRES is a URL without a database name ("postgresql://me@127.0.0.1:5433"); each
// test gets a database of its own there.
TestDatabase::TestDatabase(Dialect dialect) {
  log::configure(log::Level::warn, log::Format::automatic);
  const std::string name = "slipway_test_" + system_ids().hex32().substr(0, 12);
  if (dialect == Dialect::sqlite) {
    folder_ = std::filesystem::temp_directory_path() / name;
    std::filesystem::create_directory(folder_);
    url_ = "sqlite:///" + folder_ + "/test.db";
  } else {
    auto server = open_postgres(postgres_server() + "/postgres");
    SW_ASSERT(server.ok());
    SW_ASSERT((*server)->script("CREATE DATABASE " + name).ok());
    url_ = postgres_server() + "/" + name;
  }
  database_ = open_or_abort(url_);
}

TestDatabase::~TestDatabase() {
  const auto dialect = database_->dialect();
  database_.reset();
  if (dialect == Dialect::sqlite) {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  } else if (auto server = open_postgres(postgres_server() + "/postgres")) {
    (void)(*server)->script("DROP DATABASE " + url_.substr(url_.rfind('/') + 1)).ok();
  }
}

void TestDatabase::reopen() {
  database_.reset();
  database_ = open_or_abort(url_);
}

std::vector<Dialect> TestDatabase::dialects() {
  if (postgres_server().empty()) return {Dialect::sqlite};
  return {Dialect::sqlite, Dialect::postgres};
}

}  // namespace slipway::store
