// SPDX-License-Identifier: Apache-2.0
#include "dir_object.h"

#include <gtest/gtest.h>

namespace slipway::wire::dvc {
namespace {

const data::Md5 kMd5 = *data::md5_of_hex("9dd4e461268c8034f5c8564e155c67a6");

TEST(DirObject, IsWrittenAsDvcWritesIt) {
  const data::Manifest manifest{
      .folder = true, .entries = {{"a\"b\\c", kMd5}, {"\xc3\xa9/\xf0\x9f\x99\x82\n", kMd5}}};
  EXPECT_EQ(write_dir_object(manifest),
            R"([{"md5": "9dd4e461268c8034f5c8564e155c67a6", "relpath": "a\"b\\c"}, )"
            R"({"md5": "9dd4e461268c8034f5c8564e155c67a6", "relpath": "\u00e9/\ud83d\ude42\n"}])");
  EXPECT_EQ(write_dir_object({.folder = true}), "[]");
}

TEST(DirObject, RoundTrips) {
  const data::Manifest manifest{.folder = true,
                                .entries = {{"a", kMd5}, {"b/\xf0\x9f\x99\x82", kMd5}}};
  EXPECT_EQ(*parse_dir_object(write_dir_object(manifest)), manifest);
}

TEST(DirObject, HostileManifestsAreRefused) {
  const auto entry = [](const std::string& path) {
    return R"([{"md5": "9dd4e461268c8034f5c8564e155c67a6", "relpath": ")" + path + "\"}]";
  };
  EXPECT_TRUE(parse_dir_object(entry("a/b")));
  for (const char* path :
       {"../x", "/etc/passwd", "a/../b", "a//b", "", ".", "a/./b", "a\\u0000b"}) {
    EXPECT_FALSE(parse_dir_object(entry(path))) << path;
  }
  EXPECT_FALSE(parse_dir_object("{}"));
  EXPECT_FALSE(parse_dir_object("[1]"));
  EXPECT_FALSE(parse_dir_object(R"([{"md5": "../../x", "relpath": "a"}])"));
  const auto one = entry("a").substr(1, entry("a").size() - 2);
  EXPECT_FALSE(parse_dir_object("[" + one + "," + one + "]"));
}

}  // namespace
}  // namespace slipway::wire::dvc
