// SPDX-License-Identifier: Apache-2.0
#include "migrate.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "sqlite_connection.h"

namespace slipway::store {
namespace {

const std::vector<MigrationFile> kFiles{
    {"0001_first.sql", "CREATE TABLE a (x BIGINT);"},
    {"0002_second.sql", "CREATE TABLE b (x BIGINT); INSERT INTO a VALUES (1);"},
    {"0002_second.postgres.sql", "syntax error in sqlite"},
};

std::unique_ptr<DriverConnection> memory() {
  return *open_sqlite(":memory:", SqliteUse::alone);
}

TEST(Migrate, AppliesEachFileOnce) {
  const auto connection = memory();
  ASSERT_TRUE(migrate(*connection, {kFiles[0]}));
  ASSERT_TRUE(migrate(*connection, kFiles));
  ASSERT_TRUE(migrate(*connection, kFiles));

  const auto rows =
      connection->all("SELECT COUNT(*) FROM a", {}, [](const Row& row) { return row.int64(0); });
  EXPECT_EQ(rows->at(0), 1);
}

TEST(Migrate, RefusesADatabaseFromANewerBinary) {
  const auto connection = memory();
  ASSERT_TRUE(migrate(*connection, kFiles));

  const auto older = migrate(*connection, {kFiles[0]});

  ASSERT_FALSE(older);
  EXPECT_EQ(older.error().code, Code::failed_precondition);
  EXPECT_NE(older.error().hint.find("newer slipway"), std::string::npos);
}

TEST(Migrate, RefusesAChangedFile) {
  const auto connection = memory();
  ASSERT_TRUE(migrate(*connection, {kFiles[0]}));

  const auto changed = migrate(*connection, {{"0001_first.sql", "CREATE TABLE a (y BIGINT);"}});

  ASSERT_FALSE(changed);
  EXPECT_NE(changed.error().message.find("0001_first.sql"), std::string::npos);
}

TEST(Migrate, AFailedFileLeavesNothing) {
  const auto connection = memory();

  EXPECT_FALSE(migrate(*connection, {kFiles[0], {"0002_bad.sql", "CREATE TABLE c (x); oops;"}}));

  EXPECT_FALSE(connection->exec("SELECT * FROM a", {}));
}

TEST(Migrate, TheEmbeddedFilesAreNumberedAndNamed) {
  for (const auto& file : embedded_migrations()) {
    EXPECT_TRUE(parse_int(file.name.substr(0, 4)).has_value()) << file.name;
    EXPECT_TRUE(file.name.ends_with(".sql"));
  }
}

}  // namespace
}  // namespace slipway::store
