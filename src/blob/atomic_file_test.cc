// SPDX-License-Identifier: Apache-2.0
#include "blob/atomic_file.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "base/ids.h"

namespace slipway::blob {
namespace {

namespace fs = std::filesystem;

TEST(AtomicFile, WritesReplacesAndReads) {
  const fs::path folder = fs::temp_directory_path() / ("slipway_" + system_ids().hex32());
  const std::string path = folder / "deep" / "file";

  ASSERT_TRUE(write_file_atomically(path, "one"));
  ASSERT_TRUE(write_file_atomically(path, "two"));

  EXPECT_EQ(*read_file(path), "two");
  EXPECT_EQ(read_file(path, 2).error().code, Code::exhausted);
  EXPECT_EQ(read_file(path + "x").error().code, Code::not_found);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder / "deep"), {}), 1);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace slipway::blob
