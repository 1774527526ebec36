// SPDX-License-Identifier: Apache-2.0
#include "data/scan.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/ids.h"
#include "data/object_cache.h"

namespace slipway::data {
namespace {

namespace fs = std::filesystem;

class ScanTest : public ::testing::Test {
 protected:
  ScanTest() { fs::create_directories(folder_ + "/sub"); }
  ~ScanTest() override { fs::remove_all(folder_); }
  void file(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
  }

  std::string folder_ = fs::temp_directory_path() / ("slipway_" + system_ids().hex32());
  StatCache stats_{""};
};

TEST_F(ScanTest, ListsFilesByPathWithTheirHashes) {
  file("x", "x");
  file("sub/y", "y");
  file("sub-1", "z");
  fs::permissions(folder_ + "/x", fs::perms::owner_exec, fs::perm_options::add);

  const auto out = scan(folder_, {}, stats_);

  ASSERT_TRUE(out);
  ASSERT_EQ(out->entries.size(), 3u);
  EXPECT_EQ(out->entries[0].path, "sub-1");
  EXPECT_EQ(out->entries[1],
            (Entry{"sub/y", *md5_of_hex("415290769594460e2e485922904f345d"), 1, false}));
  EXPECT_EQ(out->entries[2],
            (Entry{"x", *md5_of_hex("9dd4e461268c8034f5c8564e155c67a6"), 1, true}));
  EXPECT_EQ(out->size(), 3u);
}

TEST_F(ScanTest, KeepsContentsThatTheCacheLacksAlsoOfKnownFiles) {
  file("a", "1");
  file("sub/b", std::string(200'000, 'b'));
  ObjectCache cache(folder_ + ".cache");
  struct stat info {};
  ASSERT_EQ(::stat((folder_ + "/a").c_str(), &info), 0);
  stats_.remember_written(info, *md5_of_hex("c4ca4238a0b923820dcc509a6f75849b"));

  const auto out = scan(folder_, {}, stats_, {}, &cache);

  ASSERT_TRUE(out);
  for (const auto& entry : out->entries) EXPECT_TRUE(cache.has({entry.md5})) << entry.path;
  fs::remove_all(folder_ + ".cache");
}

TEST_F(ScanTest, LeavesIgnoredEntriesOut) {
  file("keep", "1");
  file("sub/gone", "2");
  const auto out = scan(
      folder_, [](const std::string& path, bool folder) { return folder && path == "sub"; },
      stats_);
  ASSERT_EQ(out->entries.size(), 1u);
  EXPECT_EQ(out->entries[0].path, "keep");
}

TEST_F(ScanTest, RefusesWhatIsNoFileByName) {
  ASSERT_EQ(::mkfifo((folder_ + "/pipe").c_str(), 0600), 0);
  const auto out = scan(folder_, {}, stats_);
  ASSERT_FALSE(out);
  EXPECT_NE(out.error().message.find("pipe"), std::string::npos);
}

TEST_F(ScanTest, ALinkCycleIsAnError) {
  fs::create_directory_symlink("..", folder_ + "/sub/up");
  EXPECT_FALSE(scan(folder_, {}, stats_));
}

TEST_F(ScanTest, ReportsProgressToTheEnd) {
  for (int i = 0; i < 50; ++i) file(std::to_string(i), std::string(1000, 'a'));
  Progress last;
  ASSERT_TRUE(scan(folder_, {}, stats_, [&](const Progress& p) { last = p; }));
  EXPECT_EQ(last.files, 50u);
  EXPECT_EQ(last.bytes, last.total_bytes);
  EXPECT_EQ(last.total_bytes, 50'000u);
}

}  // namespace
}  // namespace slipway::data
