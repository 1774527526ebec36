// SPDX-License-Identifier: Apache-2.0
#include "data/object_cache.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ids.h"
#include "data/deliver.h"
#include "data/scan.h"

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
  ObjectId add(const std::string& path) {
    const auto manifest = scan(path, {}, stats_, {}, &cache_);
    EXPECT_TRUE(manifest);
    return {manifest->entries.at(0).md5};
  }
  Result<void> put(const ObjectId& id, const std::string& target, bool executable = false,
                   const std::vector<Link>& links = {Link::reflink, Link::copy}) {
    return deliver(cache_, stats_,
                   {.count = 1,
                    .item =
                        [&](std::size_t) {
                          return Delivery{id.md5, target, executable};
                        },
                    .links = links,
                    .fresh = false,
                    .on_progress = {}});
  }
  std::size_t files_below(const std::string& path) {
    std::size_t files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      files += entry.is_regular_file() ? 1 : 0;
    }
    return files;
  }

  std::string folder_ = fs::temp_directory_path() / ("slipway_" + system_ids().hex32());
  StatCache stats_{""};
  ObjectCache cache_{folder_ + "/cache"};
};

TEST_F(ObjectCacheTest, WhatWasAddedIsDelivered) {
  const auto id = add(file("in", "a,b\n1,2\n"));
  EXPECT_EQ(id.text(), "e5ebd4c02cefbe7955977c67ada242b7");
  EXPECT_TRUE(fs::exists(folder_ + "/cache/files/md5/e5/ebd4c02cefbe7955977c67ada242b7"));

  ASSERT_TRUE(put(id, folder_ + "/out", true));

  EXPECT_EQ(read(folder_ + "/out"), "a,b\n1,2\n");
  EXPECT_NE(fs::status(folder_ + "/out").permissions() & fs::perms::owner_exec, fs::perms::none);
}

TEST_F(ObjectCacheTest, ObjectsAreReadOnlyAndNothingElseIsLeft) {
  for (const auto size : {1, 100'000, 5'000'000}) {
    const auto id = add(file("in", std::string(static_cast<std::size_t>(size), 'x')));
    EXPECT_EQ(fs::status(cache_.path_of(id)).permissions(), static_cast<fs::perms>(0444));
    add(folder_ + "/in");
  }
  EXPECT_EQ(files_below(folder_ + "/cache"), 3u);
}

TEST_F(ObjectCacheTest, ACorruptObjectIsNotDelivered) {
  for (const auto size : {4, 100'000, 5'000'000}) {
    const auto id = add(file("in", std::string(static_cast<std::size_t>(size), 'x')));
    fs::permissions(cache_.path_of(id), static_cast<fs::perms>(0644));
    std::ofstream(cache_.path_of(id)) << std::string(static_cast<std::size_t>(size), 'y');
    const auto target = file("out", "mine");
    for (const auto kind : {Link::copy, Link::hardlink, Link::symlink}) {
      const auto result = put(id, target, false, {kind});
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().code, Code::data_loss);
      EXPECT_EQ(read(target), "mine");
    }
  }
  EXPECT_EQ(files_below(folder_), 5u);  // no half copies beside the target
}

TEST_F(ObjectCacheTest, LinksLeadToTheObject) {
  const auto id = add(file("in", "linked"));
  const auto target = file("out", "before");
  struct stat object {};
  struct stat out {};
  ASSERT_EQ(::stat(cache_.path_of(id).c_str(), &object), 0);
  for (int again = 0; again < 2; ++again) {
    ASSERT_TRUE(put(id, target, false, {Link::hardlink}));
    ASSERT_EQ(::lstat(target.c_str(), &out), 0);
    EXPECT_EQ(out.st_ino, object.st_ino);
  }
  ASSERT_TRUE(put(id, target, false, {Link::symlink, Link::copy}));
  EXPECT_EQ(fs::read_symlink(target), cache_.path_of(id));
  ASSERT_TRUE(put(id, target, true, {Link::symlink, Link::copy}));
  EXPECT_FALSE(fs::is_symlink(target));  // the object cannot be executable for one of its names
  EXPECT_EQ(read(target), "linked");

  const auto empty = add(file("in", ""));
  ASSERT_TRUE(put(empty, target, false, {Link::hardlink, Link::copy}));
  ASSERT_EQ(::lstat(target.c_str(), &out), 0);
  EXPECT_EQ(out.st_nlink, 1u);
}

TEST_F(ObjectCacheTest, AbsentOnesAreFoundByOneAndByList) {
  std::vector<ObjectId> ids;
  for (int i = 0; i < 300; ++i) {
    const auto id = cache_.add_bytes(std::to_string(i), false);
    ASSERT_TRUE(id);
    ids.push_back(*id);
  }
  EXPECT_TRUE(cache_.absent(ids).empty());
  for (const std::size_t gone : {0u, 7u, 299u}) ASSERT_TRUE(cache_.remove(ids[gone]));
  ids.push_back({md5_of_hex("00000000000000000000000000000000").value()});
  ids.push_back({ids[1].md5, true});  // a manifest of that name is something else
  EXPECT_EQ(cache_.absent(ids), (std::vector<std::size_t>{0, 7, 299, 300, 301}));
  const std::vector<ObjectId> one{ids[7]};
  EXPECT_EQ(cache_.absent(one), std::vector<std::size_t>{0});
}

TEST_F(ObjectCacheTest, IdsAreCheckedBeforeTheyBecomePaths) {
  EXPECT_TRUE(ObjectId::parse("e5ebd4c02cefbe7955977c67ada242b7"));
  EXPECT_TRUE(ObjectId::parse("e5ebd4c02cefbe7955977c67ada242b7.dir")->manifest);
  for (const char* id : {"", "../../etc/passwd", "E5EBD4C02CEFBE7955977C67ADA242B7", "e5.dir"}) {
    EXPECT_FALSE(ObjectId::parse(id)) << id;
  }
}

}  // namespace
}  // namespace slipway::data
