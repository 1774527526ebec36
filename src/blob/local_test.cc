// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/ids.h"
#include "blob/blob.h"
#include "blob/hash.h"

namespace slipway::blob {
namespace {

namespace fs = std::filesystem;

class LocalStoreTest : public ::testing::Test {
 protected:
  ~LocalStoreTest() override { fs::remove_all(folder_); }

  std::size_t objects() const {
    std::size_t n = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder_ + "/objects")) {
      n += entry.is_regular_file() ? 1 : 0;
    }
    return n;
  }
  std::string folder_ = fs::temp_directory_path() / ("slipway_" + system_ids().hex32());
  std::unique_ptr<BlobStore> store_ = *open_local(folder_);
};

TEST_F(LocalStoreTest, WhatWasPutIsReadBack) {
  const auto hash = store_->put_all("a/b c/\xc3\xa9.txt", "hello");
  ASSERT_TRUE(hash);
  EXPECT_EQ(*hash, hash_of(Hasher::Kind::sha256, "hello"));
  EXPECT_EQ(*store_->get_all("a/b c/\xc3\xa9.txt"), "hello");
  EXPECT_EQ((*store_->stat("a/b c/\xc3\xa9.txt"))->size, 5u);
}

TEST_F(LocalStoreTest, ReadsARange) {
  ASSERT_TRUE(store_->put_all("x", "0123456789"));
  const auto reader = store_->get("x", 3, 4);
  ASSERT_TRUE(reader);
  char buffer[16];
  EXPECT_EQ(*(*reader)->read(buffer, sizeof(buffer)), 4u);
  EXPECT_EQ(std::string(buffer, 4), "3456");
  EXPECT_EQ(*(*reader)->read(buffer, sizeof(buffer)), 0u);
  EXPECT_EQ((*reader)->size(), 10u);
  EXPECT_FALSE(store_->get("x", 11));
}

TEST_F(LocalStoreTest, IdenticalBytesAreStoredOnceAndGoWithTheirLastName) {
  ASSERT_TRUE(store_->put_all("one", "same"));
  ASSERT_TRUE(store_->put_all("two", "same"));
  ASSERT_TRUE(store_->put_all("two", "same"));
  EXPECT_EQ(objects(), 1u);

  ASSERT_TRUE(store_->remove("one"));
  EXPECT_EQ(*store_->get_all("two"), "same");
  EXPECT_EQ(objects(), 1u);

  ASSERT_TRUE(store_->remove("two"));
  EXPECT_EQ(objects(), 0u);
}

TEST_F(LocalStoreTest, AnUnfinishedPutLeavesNothing) {
  {
    const auto writer = store_->put("x");
    ASSERT_TRUE((*writer)->write("half"));
  }
  EXPECT_FALSE(*store_->stat("x"));
  EXPECT_TRUE(fs::is_empty(folder_ + "/tmp"));
}

TEST_F(LocalStoreTest, ReplacingKeepsTheOldBytesUntilTheEnd) {
  ASSERT_TRUE(store_->put_all("x", "old"));
  const auto writer = store_->put("x");
  ASSERT_TRUE((*writer)->write("new"));
  EXPECT_EQ(*store_->get_all("x"), "old");
  ASSERT_TRUE((*writer)->finish());
  EXPECT_EQ(*store_->get_all("x"), "new");
}

TEST_F(LocalStoreTest, ListsTheDirectChildrenByName) {
  ASSERT_TRUE(store_->put_all("run/model/MLmodel", "m"));
  ASSERT_TRUE(store_->put_all("run/b.txt", "bb"));
  ASSERT_TRUE(store_->put_all("run/a.txt", "a"));

  const auto out = *store_->list("run");

  ASSERT_EQ(out.size(), 3u);
  EXPECT_EQ(out[0].key, "a.txt");
  EXPECT_EQ(out[1].size, 2u);
  EXPECT_TRUE(out[2].folder);
  EXPECT_TRUE(store_->list("nothing/here")->empty());
}

TEST_F(LocalStoreTest, KeysThatLeaveTheStoreAreRefused) {
  for (const std::string key : {"", "/etc/passwd", "../x", "a/../b", "a//b", "./a", "a/",
                                "a\\..\\b", "..\\b", "a\nb", "\xff"}) {
    EXPECT_EQ(store_->put_all(key, "x").error().code, Code::invalid_argument) << key;
    EXPECT_FALSE(store_->get(key)) << key;
    EXPECT_FALSE(store_->remove(key)) << key;
  }
  EXPECT_FALSE(store_->put_all(std::string("a\0b", 3), "x"));
  EXPECT_FALSE(store_->put_all(std::string(300, 'a'), "x"));
}

TEST_F(LocalStoreTest, SymbolicLinksAreNotFollowed) {
  std::ofstream(folder_ + "/secret") << "secret";
  fs::create_symlink(folder_ + "/secret", folder_ + "/names/link");
  EXPECT_FALSE(store_->get("link"));
}

TEST_F(LocalStoreTest, AFileIsNotAFolder) {
  ASSERT_TRUE(store_->put_all("a", "x"));
  EXPECT_EQ(store_->put_all("a/b", "x").error().code, Code::failed_precondition);
  ASSERT_TRUE(store_->put_all("f/g", "x"));
  EXPECT_FALSE(store_->put_all("f", "x"));
  EXPECT_EQ(store_->get("f").error().code, Code::not_found);
}

}  // namespace
}  // namespace slipway::blob
