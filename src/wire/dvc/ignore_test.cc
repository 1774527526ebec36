// SPDX-License-Identifier: Apache-2.0
#include "ignore.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "base/ids.h"
#include "git.h"

namespace slipway::wire::dvc {
namespace {

namespace fs = std::filesystem;

bool ignored(const std::string& text, const std::string& path, bool folder = false) {
  bool out = false;
  for (const auto& pattern : parse_ignore(text)) {
    if (matches(pattern, path, folder)) out = !pattern.negated;
  }
  return out;
}

TEST(Ignore, FollowsTheGrammarOfGitignore) {
  EXPECT_TRUE(ignored("*.tmp", "a/b/x.tmp"));
  EXPECT_FALSE(ignored("/*.tmp", "a/x.tmp"));
  EXPECT_TRUE(ignored("/*.tmp", "x.tmp"));
  EXPECT_TRUE(ignored("a/*.tmp", "a/x.tmp"));
  EXPECT_FALSE(ignored("a/*.tmp", "a/b/x.tmp"));
  EXPECT_TRUE(ignored("a/**/x", "a/b/c/x"));
  EXPECT_TRUE(ignored("a/**/x", "a/x"));
  EXPECT_TRUE(ignored("logs/", "logs", true));
  EXPECT_FALSE(ignored("logs/", "logs", false));
  EXPECT_FALSE(ignored("*.csv\n!keep.csv", "keep.csv"));
  EXPECT_TRUE(ignored("x[0-9].csv", "x7.csv"));
  EXPECT_FALSE(ignored("x[!0-9].csv", "x7.csv"));
  EXPECT_TRUE(ignored("\\#x", "#x"));
  EXPECT_FALSE(ignored("# comment\n\n", "# comment"));
  EXPECT_TRUE(ignored("a?c", "abc"));
  EXPECT_TRUE(ignored("[ab", "[ab"));
}

TEST(Ignore, HostilePatternsCostLittle) {
  std::string stars;
  for (int i = 0; i < 50; ++i) stars += "*a";
  EXPECT_FALSE(matches_segment(stars, std::string(200, 'a') + "b"));
  std::string folders;
  for (int i = 0; i < 50; ++i) folders += "**/";
  EXPECT_TRUE(ignored(folders + "x", "a/b/c/x"));
}

TEST(Ignore, DeeperFilesWin) {
  const std::string root = fs::temp_directory_path() / ("slipway_" + system_ids().hex32());
  fs::create_directories(root + "/sub");
  std::ofstream(root + "/.dvcignore") << "*.log\n";
  std::ofstream(root + "/sub/.dvcignore") << "!keep.log\n/own\n";
  IgnoreFiles files(root);
  EXPECT_TRUE(files.ignores("x.log", false));
  EXPECT_TRUE(files.ignores("sub/x.log", false));
  EXPECT_FALSE(files.ignores("sub/keep.log", false));
  EXPECT_TRUE(files.ignores("sub/own", false));
  EXPECT_FALSE(files.ignores("own", false));
  EXPECT_TRUE(files.ignores("sub/.git", true));
  fs::remove_all(root);
}

TEST(Gitignore, LinesStandForExactlyOneName) {
  EXPECT_EQ(gitignore_line("data.csv"), "/data.csv");
  EXPECT_EQ(gitignore_line("a*b[1]!#"), "/a\\*b\\[1\\]\\!\\#");
}

}  // namespace
}  // namespace slipway::wire::dvc
