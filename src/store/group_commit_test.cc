// SPDX-License-Identifier: Apache-2.0
#include "group_commit.h"

#include <atomic>
#include <filesystem>
#include <memory>
#include <thread>

#include <gtest/gtest.h>

#include "base/ids.h"
#include "sqlite_connection.h"

namespace slipway::store {
namespace {

// A disk that takes as long as the test wants.
class FakeDisk : public DiskSync {
 public:
  Result<void> sync() override {
    ++begun;
    while (!free) std::this_thread::yield();
    ++ended;
    if (!broken.exchange(false)) return {};
    return unavailable("the disk failed");
  }

  std::atomic<int> begun = 0;
  std::atomic<int> ended = 0;
  std::atomic<bool> free = true;
  std::atomic<bool> broken = false;  // the next sync fails
};

class FakeConnection : public DriverConnection {
 public:
  explicit FakeConnection(std::shared_ptr<FakeDisk> disk) : disk_(std::move(disk)) {}

  Dialect dialect() const override { return Dialect::sqlite; }
  Result<std::int64_t> exec(std::string_view, const Cells&) override { return std::int64_t{1}; }
  Result<void> query(std::string_view, const Cells&,
                     const std::function<bool(const Row&)>&) override {
    return {};
  }
  Result<void> exec_many(std::string_view, const std::vector<Cells>&) override { return {}; }
  Result<void> script(const std::string&) override { return {}; }
  Result<void> begin(bool) override { return open_ = true, Result<void>{}; }
  Result<void> commit() override {
    ++commits;
    open_ = false;
    return {};
  }
  void rollback() override { open_ = false; }
  bool in_transaction() const override { return open_; }
  bool usable() const override { return true; }
  std::shared_ptr<DiskSync> disk() const override { return disk_; }
  Result<void> settle() override {
    ++settled;
    return can_settle ? Result<void>{} : unavailable("the disk is still broken");
  }

  std::atomic<int> commits = 0;
  std::atomic<int> settled = 0;
  std::atomic<bool> can_settle = true;

 private:
  std::shared_ptr<FakeDisk> disk_;
  bool open_ = false;
};

class GroupCommitTest : public ::testing::Test {
 public:
  ~GroupCommitTest() override { disk_->free = true; }

 protected:
  // One write: whether its body ran, and what it was told.
  struct Write {
    std::atomic<bool> ran = false;
    std::atomic<bool> told = false;
    Result<void> result;
  };
  void give(Write& write, Result<void> answer = {}) {
    commits_.write_later(
        [&write, answer](Connection&) {
          write.ran = true;
          return answer;
        },
        [&write](Result<void> result) {
          write.result = std::move(result);
          write.told = true;
        });
  }
  static void wait_for(const std::atomic<bool>& flag) {
    while (!flag) std::this_thread::yield();
  }
  void wait_for_sync(int number) const {
    while (disk_->begun < number) std::this_thread::yield();
  }

  std::shared_ptr<FakeDisk> disk_ = std::make_shared<FakeDisk>();
  FakeConnection connection_{disk_};
  GroupCommit commits_{[this]() -> Result<DriverConnection*> { return &connection_; }, 4};
};

TEST_F(GroupCommitTest, AWriteIsAcknowledgedAfterItsSync) {
  disk_->free = false;
  Write write;
  give(write);
  wait_for_sync(1);
  EXPECT_EQ(connection_.commits, 1);
  EXPECT_FALSE(write.told);

  disk_->free = true;

  wait_for(write.told);
  EXPECT_TRUE(write.result);
  EXPECT_EQ(disk_->ended, 1);
}

TEST_F(GroupCommitTest, WhileOneIsSyncedTheNextRunAndShareACommit) {
  disk_->free = false;
  Write first;
  Write second;
  Write third;
  give(first);
  wait_for_sync(1);
  give(second);
  wait_for(second.ran);
  give(third);
  wait_for(third.ran);
  EXPECT_EQ(connection_.commits, 1);  // not before the disk is free

  disk_->free = true;

  wait_for(first.told);
  wait_for(second.told);
  wait_for(third.told);
  EXPECT_EQ(connection_.commits, 2);
  EXPECT_EQ(disk_->ended, 2);
}

TEST_F(GroupCommitTest, AThreadThatWaitsIsWokenAfterItsSyncToo) {
  disk_->free = false;
  std::atomic<bool> returned = false;
  std::thread writer([&] {
    EXPECT_TRUE(commits_.write([](Connection&) { return Result<void>{}; }));
    returned = true;
  });
  wait_for_sync(1);
  EXPECT_FALSE(returned);
  Write behind;
  give(behind);
  wait_for(behind.ran);
  EXPECT_FALSE(behind.told);

  disk_->free = true;

  writer.join();
  wait_for(behind.told);
  EXPECT_TRUE(behind.result);
}

TEST_F(GroupCommitTest, AFailedSyncIsAnErrorAndTheNextWriteSettlesFirst) {
  disk_->broken = true;
  Write lost;
  give(lost);
  wait_for(lost.told);
  EXPECT_EQ(lost.result.error().message, "the disk failed");
  connection_.can_settle = false;

  Write refused;
  give(refused);
  wait_for(refused.told);
  EXPECT_EQ(refused.result.error().message, "the disk is still broken");
  EXPECT_FALSE(refused.ran);

  connection_.can_settle = true;
  Write kept;
  give(kept);
  wait_for(kept.told);
  EXPECT_TRUE(kept.result);
  EXPECT_EQ(connection_.settled, 2);
}

TEST_F(GroupCommitTest, WhatRanDuringASyncThatFailedRunsAgain) {
  disk_->free = false;
  Write lost;
  give(lost);
  wait_for_sync(1);
  Write next;
  give(next);
  wait_for(next.ran);
  next.ran = false;

  disk_->broken = true;
  disk_->free = true;

  wait_for(lost.told);
  wait_for(next.told);
  EXPECT_FALSE(lost.result);
  EXPECT_TRUE(next.result);
  EXPECT_TRUE(next.ran);  // once more, in a transaction after the settling
  EXPECT_EQ(connection_.settled, 1);
}

TEST_F(GroupCommitTest, AFailureIsItsOwnAlsoAmongThoseThatJoinLater) {
  disk_->free = false;
  Write first;
  give(first);
  wait_for_sync(1);
  Write wrong;
  give(wrong, invalid("changed my mind"));
  wait_for(wrong.ran);
  Write right;
  give(right);
  wait_for(right.ran);

  disk_->free = true;

  wait_for(first.told);
  wait_for(wrong.told);
  wait_for(right.told);
  EXPECT_TRUE(first.result);
  EXPECT_EQ(wrong.result.error().message, "changed my mind");
  EXPECT_TRUE(right.result);
}

TEST_F(GroupCommitTest, AFullQueueRefusesAtOnce) {
  std::atomic<bool> go_on = false;
  Write holding;
  commits_.write_later(
      [&](Connection&) {
        holding.ran = true;
        wait_for(go_on);
        return Result<void>{};
      },
      [&](Result<void>) { holding.told = true; });
  wait_for(holding.ran);
  Write waiting[4];
  for (auto& write : waiting) give(write);

  Write refused;
  give(refused);

  EXPECT_TRUE(refused.told);
  EXPECT_EQ(refused.result.error().code, Code::exhausted);
  EXPECT_EQ(commits_.write([](Connection&) { return Result<void>{}; }).error().code,
            Code::exhausted);
  go_on = true;
  wait_for(holding.told);
  for (auto& write : waiting) wait_for(write.told);
}

TEST(GroupCommit, FinishesWhatItWasGivenBeforeItGoes) {
  FakeConnection connection(std::make_shared<FakeDisk>());
  std::atomic<int> told = 0;
  {
    GroupCommit commits([&]() -> Result<DriverConnection*> { return &connection; }, 100);
    for (int i = 0; i < 50; ++i) {
      commits.write_later([](Connection&) { return Result<void>{}; },
                          [&](Result<void>) { ++told; });
    }
  }
  EXPECT_EQ(told, 50);
}

TEST(SqliteConnection, AWriterLeavesTheSyncToTheGroupUnlessLessIsAskedFor) {
  const auto folder = std::filesystem::temp_directory_path() / ("slipway_" + system_ids().hex32());
  std::filesystem::create_directory(folder);
  const auto path = (folder / "a.db").string();
  const auto mode = [](DriverConnection& connection) {
    return connection.first("PRAGMA synchronous", {}, [](const Row& row) { return row.int64(0); })
        ->value_or(-1);
  };
  {
    const auto writer = *open_sqlite(path, SqliteUse::writer, Durability::disk);
    EXPECT_TRUE(writer->begin(true));
    EXPECT_TRUE(writer->script("CREATE TABLE t (x)"));
    EXPECT_TRUE(writer->commit());  // makes the log, synced by SQLite still
    EXPECT_EQ(mode(*writer), 1);
    ASSERT_NE(writer->disk(), nullptr);
    EXPECT_TRUE(writer->disk()->sync());
    EXPECT_TRUE(writer->settle());
    const auto alone = *open_sqlite(path, SqliteUse::alone, Durability::disk);
    EXPECT_EQ(mode(*alone), 2);  // SQLite syncs itself
    EXPECT_EQ(alone->disk(), nullptr);
    const auto quick = *open_sqlite(path, SqliteUse::writer, Durability::process);
    EXPECT_EQ(mode(*quick), 1);
    EXPECT_EQ(quick->disk(), nullptr);
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace slipway::store
