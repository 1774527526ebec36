// SPDX-License-Identifier: Apache-2.0
// Who looks after an SQLite store; PostgreSQL's lock: tests/clients/test_replicas.py.
#include "store/hold.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

namespace slipway::store {
namespace {

namespace fs = std::filesystem;

class HoldTest : public ::testing::Test {
 protected:
  HoldTest() {
    folder_ = fs::temp_directory_path() / ("slipway-hold-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    url_ = "sqlite:///" + (folder_ / "slipway.db").string();
  }
  ~HoldTest() override { fs::remove_all(folder_); }

  fs::path folder_;
  std::string url_;
};

TEST_F(HoldTest, OnlyOneHoldsAStoreAtATime) {
  auto first = hold_store(url_);
  ASSERT_TRUE(first) << first.error().message;
  ASSERT_NE(*first, nullptr);
  EXPECT_EQ(hold_store(url_).error().code, Code::conflict);
  EXPECT_TRUE((*first)->check());

  first->reset();
  EXPECT_TRUE(hold_store(url_));
}

TEST_F(HoldTest, ALockWhoseFileIsGoneIsTakenAgainUnlessAnotherWasFaster) {
  const auto lock = folder_ / "slipway.db.lock";
  const auto first = hold_store(url_);
  ASSERT_TRUE(first);
  fs::remove(lock);
  EXPECT_TRUE((*first)->check());
  EXPECT_EQ(hold_store(url_).error().code, Code::conflict) << "it holds the new file";

  fs::remove(lock);
  const auto second = hold_store(url_);
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ((*first)->check().error().code, Code::conflict);
  EXPECT_TRUE((*second)->check());
}

TEST_F(HoldTest, NothingIsHeldWhereNoDatabaseCanBe) {
  const auto none = hold_store("sqlite:///" + (folder_ / "none" / "slipway.db").string());
  ASSERT_TRUE(none);
  EXPECT_EQ(*none, nullptr);
}

}  // namespace
}  // namespace slipway::store
