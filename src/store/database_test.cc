// SPDX-License-Identifier: Apache-2.0
#include "store/database.h"

#include <atomic>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

#include "store/test_database.h"

namespace slipway::store {
namespace {

class DatabaseTest : public ::testing::TestWithParam<Dialect> {
 protected:
  void SetUp() override {
    const std::string blob = GetParam() == Dialect::sqlite ? "BLOB" : "BYTEA";
    ASSERT_TRUE(database_->write([&](Connection& c) {
      return c.exec("CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT, x DOUBLE PRECISION, b " +
                    blob + ")");
    }));
  }

  Result<std::int64_t> insert(std::int64_t id, std::string name = "n") {
    return database_->write([&](Connection& c) {
      return c.exec("INSERT INTO t (id, name) VALUES (?, ?)", {id, name});
    });
  }

  std::int64_t count() {
    return **database_->read([](Connection& c) {
      return c.first("SELECT COUNT(*) FROM t", {}, [](const Row& r) { return r.int64(0); });
    });
  }

  TestDatabase database_{GetParam()};
};

TEST_P(DatabaseTest, ValuesRoundTrip) {
  const std::string bytes("a\0b\xff", 4);
  ASSERT_TRUE(database_->write([&](Connection& c) {
    return c.exec("INSERT INTO t VALUES (?, ?, ?, ?)",
                  {std::int64_t{9007199254740993}, "n\xc3\xa9", -0.1, Blob{bytes}});
  }));
  ASSERT_TRUE(database_->read([&](Connection& c) {
    return c.query("SELECT id, name, x, b, NULL FROM t WHERE name = ?", {"n\xc3\xa9"},
                   [&](const Row& row) {
                     EXPECT_EQ(row.int64(0), 9007199254740993);
                     EXPECT_EQ(row.text(1), "n\xc3\xa9");
                     EXPECT_EQ(row.real(2), -0.1);
                     EXPECT_EQ(row.text(3), bytes);
                     EXPECT_TRUE(row.is_null(4));
                     return true;
                   });
  }));
}

TEST_P(DatabaseTest, AFailedWriteLeavesNothing) {
  const auto result = database_->write([&](Connection& c) -> Result<void> {
    SW_CHECK_OK(c.exec("INSERT INTO t (id) VALUES (1)"));
    return invalid("changed my mind");
  });

  EXPECT_EQ(result.error().message, "changed my mind");
  EXPECT_EQ(count(), 0);
}

TEST_P(DatabaseTest, AThrowIsAnErrorAndLeavesNothing) {
  const auto result = database_->write([&](Connection& c) -> Result<void> {
    SW_CHECK_OK(c.exec("INSERT INTO t (id) VALUES (1)"));
    throw std::runtime_error("boom");
  });

  EXPECT_EQ(result.error().code, Code::internal);
  EXPECT_EQ(count(), 0);
}

TEST_P(DatabaseTest, ADuplicateKeyIsAlreadyExists) {
  ASSERT_TRUE(insert(1));
  EXPECT_EQ(insert(1).error().code, Code::already_exists);
}

TEST_P(DatabaseTest, ExecManyKeepsAllOrNothing) {
  std::vector<Cells> lists;
  for (std::int64_t i = 0; i < 1'000; ++i) lists.push_back({i, "row"});
  const auto add = [&](Connection& c) {
    return c.exec_many("INSERT INTO t (id, name) VALUES (?, ?)", lists);
  };
  ASSERT_TRUE(database_->write(add));
  EXPECT_EQ(count(), 1'000);

  lists = {{std::int64_t{2'000}, "new"}, {std::int64_t{5}, "taken"}};
  EXPECT_EQ(database_->write(add).error().code, Code::already_exists);
  EXPECT_EQ(count(), 1'000);
}

TEST_P(DatabaseTest, ConcurrentWritersAllSucceedOrFailByThemselves) {
  std::atomic<int> kept = 0;
  std::atomic<int> refused = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (std::int64_t i = 0; i < 50; ++i) {
        // Every second id is fought for by all threads.
        const std::int64_t id = i % 2 == 0 ? i : 1'000 + t * 100 + i;
        (insert(id) ? kept : refused)++;
      }
    });
  }
  for (auto& thread : threads) thread.join();

  EXPECT_EQ(kept, 25 + 8 * 25);
  EXPECT_EQ(refused, 7 * 25);
  EXPECT_EQ(count(), kept);
}

TEST_P(DatabaseTest, AReadSeesOneMoment) {
  ASSERT_TRUE(insert(1));
  const auto both = database_->read([&](Connection& c) -> Result<bool> {
    const auto get = [&] {
      return c.first("SELECT COUNT(*) FROM t", {}, [](const Row& r) { return r.int64(0); });
    };
    SW_TRY(const auto before, get());
    std::thread([&] { ASSERT_TRUE(insert(2)); }).join();
    SW_TRY(const auto after, get());
    return *before == *after;
  });
  EXPECT_TRUE(*both);
  EXPECT_EQ(count(), 2);
}

TEST_P(DatabaseTest, AReadCannotWrite) {
  const auto result =
      database_->read([](Connection& c) { return c.exec("INSERT INTO t (id) VALUES (1)"); });
  EXPECT_FALSE(result);
  EXPECT_EQ(count(), 0);
}

TEST_P(DatabaseTest, WhatWasWrittenIsThereAfterReopening) {
  ASSERT_TRUE(insert(7));
  database_.reopen();
  EXPECT_EQ(count(), 1);
}

TEST_P(DatabaseTest, QueriesMayNestAndStopEarly) {
  for (std::int64_t i = 0; i < 3; ++i) ASSERT_TRUE(insert(i));
  int inner = 0;
  ASSERT_TRUE(database_->read([&](Connection& c) -> Result<void> {
    const std::string sql = "SELECT id FROM t";
    return c.query(sql, {}, [&](const Row&) {
      EXPECT_TRUE(c.query(sql, {}, [&](const Row&) { return ++inner, false; }));
      return true;
    });
  }));
  EXPECT_EQ(inner, 3);
}

TEST_P(DatabaseTest, DurabilityIsOfTheDiskUnlessLessIsAskedFor) {
  if (GetParam() == Dialect::sqlite) GTEST_SKIP() << "group_commit_test.cc has it";
  const auto setting = [&](Database& database) {
    const auto found = database.write([&](Connection& c) {
      return c.first("SHOW synchronous_commit", {},
                     [](const Row& r) { return std::string(r.text(0)); });
    });
    return found ? found->value_or("") : found.error().message;
  };
  EXPECT_EQ(setting(database_), "on");
  const auto quick = *Database::open(database_.url(), {.durability = Durability::process});
  EXPECT_EQ(setting(*quick), "off");
}

TEST_P(DatabaseTest, WhoDoesNotWaitIsToldWhenItIsKept) {
  std::atomic<int> kept = 0;
  std::atomic<int> refused = 0;
  constexpr int kWriters = 40;
  for (int i = 0; i < kWriters; ++i) {
    database_->write_later(
        [i](Connection& c) -> Result<void> {
          SW_CHECK_OK(c.exec("INSERT INTO t (id) VALUES (?)", {std::int64_t{i / 2}}));
          return {};
        },
        [&](Result<void> result) { ++(result ? kept : refused); });
  }
  ASSERT_TRUE(insert(1'000));  // waits behind them
  while (kept + refused < kWriters) std::this_thread::yield();
  EXPECT_EQ(kept, kWriters / 2);  // each id once
  EXPECT_EQ(count(), kWriters / 2 + 1);
}

TEST_P(DatabaseTest, ALostServerConnectionIsMadeAnew) {
  if (GetParam() == Dialect::sqlite) GTEST_SKIP() << "there is no connection to lose";
  ASSERT_TRUE(insert(1));
  EXPECT_EQ(count(), 1);
  const auto other = *Database::open(database_.url());
  ASSERT_TRUE(other->write([](Connection& c) {
    return c.exec(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()");
  }));
  EXPECT_EQ(count(), 1);
  const auto late = insert(2);
  EXPECT_TRUE(late) << late.error().message;
  EXPECT_EQ(count(), 2);
}

INSTANTIATE_TEST_SUITE_P(Dialects, DatabaseTest, ::testing::ValuesIn(TestDatabase::dialects()),
                         [](const auto& info) {
                           return info.param == Dialect::sqlite ? "sqlite" : "postgres";
                         });

TEST(Database, RefusesUrlsAndFilesThatItCannotUse) {
  EXPECT_EQ(Database::open("mysql://x").error().code, Code::invalid_argument);
  EXPECT_EQ(Database::open("sqlite:////no/such/folder/x.db").error().code, Code::unavailable);
  const auto unreachable = Database::open("postgresql://nobody@127.0.0.1:1/none");
  ASSERT_FALSE(unreachable);
  EXPECT_EQ(unreachable.error().code, Code::unavailable);
}

TEST(Database, CopiesItselfWhileInUse) {
  TestDatabase database;
  ASSERT_TRUE(database->write([](Connection& c) { return c.exec("CREATE TABLE t (x BIGINT)"); }));
  const auto path = database.url().substr(10) + ".copy";

  ASSERT_TRUE(database->copy_to(path));

  const auto copy = Database::open("sqlite:///" + path);
  ASSERT_TRUE(copy);
  EXPECT_TRUE((*copy)->read([](Connection& c) { return c.exec("SELECT * FROM t"); }));
}

// The log is copied beside the writers, and begins anew when a thread and a writer have copied it
// whole: also after a reader has held it back.
TEST(Database, TheLogStaysShortUnderManyWrites) {
  TestDatabase database;
  ASSERT_TRUE(database->write([](Connection& c) { return c.exec("CREATE TABLE t (x BLOB)"); }));
  const auto path = database.url().substr(10);
  const auto write = [&](int times) {
    for (int i = 0; i < times; ++i) {
      ASSERT_TRUE(database->write([&](Connection& c) {
        return c.exec("INSERT INTO t VALUES (?)", {Blob{std::string(1 << 20, 'x')}});
      }));
    }
  };
  const auto log_mib = [&] { return std::filesystem::file_size(path + "-wal") >> 20; };
  constexpr int kMiB = 100;
  int written = 3 * kMiB;
  // The thread that shortens it may come late on a busy machine; writes after that begin anew.
  const auto is_short = [&] {
    for (int i = 0; i < 500 && log_mib() >= 80; ++i, ++written) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      write(1);
    }
    return log_mib() < 80;
  };

  write(kMiB);
  EXPECT_TRUE(is_short());
  ASSERT_TRUE(database->read([&](Connection& c) -> Result<void> {
    return c.query("SELECT 1 FROM t", {}, [&](const Row&) {
      write(kMiB);
      return false;
    });
  }));
  EXPECT_GE(log_mib(), 100U);
  write(kMiB);
  EXPECT_TRUE(is_short());

  const auto rows = database->read([](Connection& c) {
    return c.first("SELECT COUNT(*) FROM t", {}, [](const Row& r) { return r.int64(0); });
  });
  EXPECT_EQ(**rows, written);
}

}  // namespace
}  // namespace slipway::store
