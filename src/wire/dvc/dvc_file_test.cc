// SPDX-License-Identifier: Apache-2.0
#include "dvc_file.h"

#include <gtest/gtest.h>

#include "yaml_text.h"

namespace slipway::wire::dvc {
namespace {

constexpr char kMd5[] = "e5ebd4c02cefbe7955977c67ada242b7";
constexpr char kOther[] = "12345678901234567890123456789012";

Output file(std::string md5 = kMd5, std::uint64_t size = 8) {
  return {.path = "data.csv", .md5 = std::move(md5), .size = size};
}

TEST(DvcFile, AFreshOneIsWrittenAsDvcWritesIt) {
  EXPECT_EQ(write_dvc_file(file(), ""),
            "outs:\n- md5: e5ebd4c02cefbe7955977c67ada242b7\n  size: 8\n  hash: md5\n"
            "  path: data.csv\n");
  auto folder = file("a604e5722743934e582e5aa8102e3067.dir", 10);
  folder.nfiles = 3;
  folder.path = "yes: no";
  EXPECT_EQ(write_dvc_file(folder, ""),
            "outs:\n- md5: a604e5722743934e582e5aa8102e3067.dir\n  size: 10\n  nfiles: 3\n"
            "  hash: md5\n  path: 'yes: no'\n");
}

TEST(DvcFile, WhatIsWrittenReadsBack) {
  for (const char* path :
       {"data.csv", "null", "1e5", "- a", "it's", "a #b", "\xc3\xa9", "2013-04-01"}) {
    auto out = file(kOther);
    out.path = path;
    out.executable = true;
    const auto read = parse_dvc_file(write_dvc_file(out, "a: description"), "x.dvc");
    ASSERT_TRUE(read) << path << ": " << read.error().message;
    EXPECT_EQ(read->outs[0].path, path);
    EXPECT_EQ(read->outs[0].md5, kOther);
    EXPECT_TRUE(read->outs[0].executable);
    EXPECT_TRUE(read->outs[0].current_hash);
  }
}

TEST(DvcFile, AnUpdateKeepsCommentsOrderAndUserKeys) {
  const std::string before =
      "# what it is\nmeta:\n  owner: me\nouts:\n  - path: data.csv  # here\n"
      "    md5: e5ebd4c02cefbe7955977c67ada242b7\n    hash: md5\n    size: 8 # bytes\n"
      "    desc: first\n  - md5: 9dd4e461268c8034f5c8564e155c67a6\n    path: other\n\n# end\n";
  const auto after = update_dvc_file(before, 0, file(kOther, 99));
  ASSERT_TRUE(after);
  EXPECT_EQ(
      *after,
      "# what it is\nmeta:\n  owner: me\nouts:\n  - path: data.csv  # here\n"
      "    md5: '12345678901234567890123456789012'\n    hash: md5\n    size: 99 # bytes\n"
      "    desc: first\n  - md5: 9dd4e461268c8034f5c8564e155c67a6\n    path: other\n\n# end\n");
}

TEST(DvcFile, AnUpdateAddsAndRemovesFields) {
  const std::string before = "outs:\n- path: d\n";
  auto out = file("a604e5722743934e582e5aa8102e3067.dir", 10);
  out.nfiles = 3;
  const auto folder = update_dvc_file(before, 0, out);
  ASSERT_TRUE(folder);
  EXPECT_EQ(*folder,
            "outs:\n- md5: a604e5722743934e582e5aa8102e3067.dir\n  size: 10\n  nfiles: 3\n"
            "  hash: md5\n  path: d\n");
  const auto plain = update_dvc_file(*folder, 0, file());
  EXPECT_EQ(*plain,
            "outs:\n- md5: e5ebd4c02cefbe7955977c67ada242b7\n  size: 8\n  hash: md5\n  path: d\n");
}

TEST(DvcFile, AnUpdateThatWouldBreakFlowStyleIsRefused) {
  const std::string text = "outs:\n- {md5: 0123456789abcdef0123456789abcdef, path: x}\n";
  auto out = parse_dvc_file(text, "x.dvc")->outs[0];
  out.md5 = "11111111111111111111111111111111";

  const auto updated = update_dvc_file(text, 0, out);

  ASSERT_FALSE(updated);
  EXPECT_EQ(updated.error().code, Code::failed_precondition);
}

TEST(DvcFile, WhatIsNoPointerIsRefusedWithItsLine) {
  const auto message = [](const std::string& text) {
    const auto read = parse_dvc_file(text, "x.dvc");
    return read ? "no error" : read.error().message;
  };
  EXPECT_NE(message("outs:\n- md5: zz\n  path: x\n").find("x.dvc:2"), std::string::npos);
  for (const char* text :
       {"[]", "outs: 3\n", "outs:\n- pth: x\n", "outs:\n- md5: e5ebd4c02cefbe7955977c67ada242b7\n",
        "outs:\n- path: ../x\n", "outs:\n- path: /etc/passwd\n", "outs:\n- path: ''\n",
        "outs:\n- path: x\n  size: -1\n", "outs:\n- path: [x]\n", "color: red\n",
        "outs:\n- path: x\n bad"}) {
    EXPECT_NE(message(text), "no error") << text;
  }
}

TEST(YamlText, ScalarsAreQuotedLikeDvcQuotesThem) {
  for (const char* plain : {"yes", "on", "a:b", "a'b", "a b", "a,b", "?a", ":a", "1:30", "_1",
                            "...a", "-a", "1e5_0", "a\\b", "a#"}) {
    EXPECT_EQ(yaml_scalar(plain), plain);
  }
  for (const char* quoted :
       {"true",       "1e5",  "0x1f", "null", "~",  "1_000",   "12",   ".5",   "1.",  "-",    "- a",
        "a: b",       "a #b", "#a",   " a",   "a ", "[a",      "&a",   "@a",   "? a", "a:",   "017",
        "2013-04-01", "=",    "<<",   ".inf", "+1", "12e4567", "0b11", "1__0", "...", "--- a"}) {
    EXPECT_EQ(yaml_scalar(quoted), "'" + std::string(quoted) + "'");
  }
  EXPECT_EQ(yaml_scalar("'a"), "'''a'");
  EXPECT_EQ(yaml_scalar("a\nb"), "\"a\\nb\"");
}

}  // namespace
}  // namespace slipway::wire::dvc
