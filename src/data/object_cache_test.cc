// SPDX-License-Identifier: Apache-2.0
#include "data/object_cache.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "base/ids.h"

namespace slipway::data {
namespace {

namespace fs = std::filesystem;

class ObjectCacheTest : public ::testing::Test {
 protected:
  ObjectCacheTest() { fs::create_directory(folder_); }
  ~ObjectCacheTest() override { fs::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }
  static std::string read(const std::string& path) {
    std::stringstream out;
    out << std::ifstream(path).rdbuf();
    return out.str();
  }

  std::string folder_ = fs::temp_directory_path() / ("slipway_" + system_ids().hex32());
  StatCache stats_{""};
  ObjectCache cache_{folder_ + "/cache", stats_};
};

TEST_F(ObjectCacheTest, WhatWasAddedIsRestored) {
  const auto id = cache_.add_file(file("in", "a,b\n1,2\n"), "");
  ASSERT_TRUE(id);
  EXPECT_EQ(*id, "e5ebd4c02cefbe7955977c67ada242b7");
  EXPECT_TRUE(fs::exists(folder_ + "/cache/files/md5/e5/ebd4c02cefbe7955977c67ada242b7"));

  ASSERT_TRUE(cache_.restore(*id, folder_ + "/deep/out", true));

  EXPECT_EQ(read(folder_ + "/deep/out"), "a,b\n1,2\n");
  EXPECT_NE(fs::status(folder_ + "/deep/out").permissions() & fs::perms::owner_exec,
            fs::perms::none);
}

TEST_F(ObjectCacheTest, ObjectsAreReadOnlyAndNothingElseIsLeft) {
  const auto id = cache_.add_file(file("in", "x"), "");
  EXPECT_EQ(fs::status(cache_.path_of(*id)).permissions(), static_cast<fs::perms>(0444));
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder_ + "/cache")) {
    files += entry.is_regular_file() ? 1 : 0;
  }
  EXPECT_EQ(files, 1u);
}

TEST_F(ObjectCacheTest, ACorruptObjectIsNotDelivered) {
  const auto id = cache_.add_file(file("in", "good"), "");
  fs::permissions(cache_.path_of(*id), static_cast<fs::perms>(0644));
  std::ofstream(cache_.path_of(*id)) << "evil";
  const auto target = file("out", "mine");

  const auto result = cache_.restore(*id, target, false);

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::data_loss);
  EXPECT_EQ(read(target), "mine");
}

TEST_F(ObjectCacheTest, AFileThatIsNotWhatWasScannedIsRefused) {
  const auto result = cache_.add_file(file("in", "x"), "e5ebd4c02cefbe7955977c67ada242b7");
  EXPECT_EQ(result.error().code, Code::conflict);
}

TEST_F(ObjectCacheTest, IdsAreCheckedBeforeTheyBecomePaths) {
  EXPECT_TRUE(is_object_id("e5ebd4c02cefbe7955977c67ada242b7"));
  EXPECT_TRUE(is_object_id("e5ebd4c02cefbe7955977c67ada242b7.dir"));
  for (const char* id : {"", "../../etc/passwd", "E5EBD4C02CEFBE7955977C67ADA242B7", "e5.dir"}) {
    EXPECT_FALSE(is_object_id(id)) << id;
  }
}

}  // namespace
}  // namespace slipway::data
