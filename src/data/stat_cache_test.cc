// SPDX-License-Identifier: Apache-2.0
#include "data/stat_cache.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "base/ids.h"

namespace slipway::data {
namespace {

const Md5 kMd5 = *md5_of_hex("e5ebd4c02cefbe7955977c67ada242b7");

class StatCacheTest : public ::testing::Test {
 protected:
  StatCacheTest() {
    file_.st_dev = 1;
    file_.st_ino = 2;
    file_.st_size = 3;
    file_.st_ctim.tv_sec = 100;
  }
  ~StatCacheTest() override { std::filesystem::remove(path_); }

  std::string path_ = std::filesystem::temp_directory_path() / system_ids().hex32();
  FakeClock clock_{200'000};
  struct stat file_ {};
};

TEST_F(StatCacheTest, RemembersOverSaves) {
  {
    StatCache cache(path_, clock_);
    EXPECT_FALSE(cache.find(file_));
    cache.remember(file_, kMd5);
    ASSERT_TRUE(cache.save());
  }
  EXPECT_EQ(StatCache(path_, clock_).find(file_), kMd5);
}

TEST_F(StatCacheTest, AnyChangeOfTheFileForgetsIt) {
  StatCache cache("", clock_);
  cache.remember(file_, kMd5);
  auto other = file_;
  other.st_ctim.tv_nsec = 1;
  EXPECT_FALSE(cache.find(other));
  other = file_;
  other.st_size = 4;
  EXPECT_FALSE(cache.find(other));
}

TEST_F(StatCacheTest, AFileThatChangedJustNowIsNotRemembered) {
  StatCache cache("", clock_);
  file_.st_ctim.tv_sec = 200;
  cache.remember(file_, kMd5);
  EXPECT_FALSE(cache.find(file_));
}

TEST_F(StatCacheTest, AFileIsRememberedAsItWasLast) {
  StatCache cache(path_, clock_);
  for (ino_t i = 0; i < 3'000; ++i) {
    file_.st_ino = i;
    cache.remember(file_, kMd5);
  }
  file_.st_size = 9;
  cache.remember_written(file_, kNoMd5);
  EXPECT_EQ(cache.find(file_), kNoMd5);
  file_.st_size = 3;
  EXPECT_FALSE(cache.find(file_));
  file_.st_ino = 1;
  EXPECT_EQ(cache.find(file_), kMd5);
  ASSERT_TRUE(cache.save());
  EXPECT_EQ(StatCache(path_, clock_).find(file_), kMd5);
}

TEST_F(StatCacheTest, ADamagedFileIsAnEmptyCache) {
  std::ofstream(path_) << "not a cache";
  EXPECT_FALSE(StatCache(path_, clock_).find(file_));
  {
    StatCache cache(path_, clock_);
    cache.remember(file_, kMd5);
    ASSERT_TRUE(cache.save());
  }
  ASSERT_TRUE(StatCache(path_, clock_).find(file_));
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) - 1);
  EXPECT_FALSE(StatCache(path_, clock_).find(file_));
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) + 1);  // a zero: torn
  EXPECT_FALSE(StatCache(path_, clock_).find(file_));
}

}  // namespace
}  // namespace slipway::data
