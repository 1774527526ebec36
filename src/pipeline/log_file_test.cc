// SPDX-License-Identifier: Apache-2.0
#include "log_file.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace slipway::pipeline {
namespace {

std::string masked(const std::vector<std::string>& secrets, const std::string& text,
                   std::size_t piece) {
  Masker masker(secrets);
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += piece)
    out += masker.feed(text.substr(at, piece));
  return out + masker.rest();
}

class LogFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/slipway-log-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string folder_;
};

TEST(Masker, FindsSecretsHoweverTheyAreCut) {
  const std::string text = "a hunter2 b hunter hunter22 hunhunter2";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    EXPECT_EQ(masked({"hunter2"}, text, piece), "a *** b hunter ***2 hun***") << piece;
  }
}

TEST(Masker, TakesTheLongestOfOverlappingSecrets) {
  for (std::size_t piece = 1; piece < 10; ++piece) {
    EXPECT_EQ(masked({"abc", "abcdef"}, "abcdef abcde abc", piece), "*** ***de ***") << piece;
  }
}

TEST(Masker, MasksTheLinesOfAMultiLineSecret) {
  const std::string key = "-----BEGIN-----\nsecretsecret\n-----END-----";
  EXPECT_EQ(masked({key}, "x secretsecret y", 3), "x *** y");
  EXPECT_EQ(masked({key}, key, 3), "***");
}

TEST(Masker, TellsWhatCannotBePartOfASecretAtOnce) {
  Masker masker({"hunter2"});
  EXPECT_EQ(masker.feed("progress 1 %\n"), "progress 1 %\n");
  EXPECT_EQ(masker.feed("hun"), "");
  EXPECT_EQ(masker.feed("gry"), "hungry");
}

TEST_F(LogFileTest, IsNotMadeWithoutOutput) {
  const auto path = folder_ + "/a/b.1.log";
  LogFile log(path, {});
  log.finish();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(LogFileTest, KeepsTheBeginningAndTheEndOfAFlood) {
  const auto path = folder_ + "/a/b.1.log";
  LogFile log(path, {}, 1000);
  log.write("the beginning\n");
  for (int i = 0; i < 300; ++i) log.write(std::string(1000, 'x'));
  log.write("\nthe end");
  log.finish();
  const auto text = content(path);
  EXPECT_TRUE(text.starts_with("the beginning\n"));
  EXPECT_TRUE(text.ends_with("\nthe end"));
  EXPECT_NE(text.find(" bytes left out ..]"), std::string::npos);
  EXPECT_LT(text.size(), 1000 + 2 * LogFile::kTail + 100);
}

TEST_F(LogFileTest, ASmallOverrunIsKeptWhole) {
  const auto path = folder_ + "/b.1.log";
  LogFile log(path, {}, 10);
  log.write("0123456789abc");
  log.finish();
  EXPECT_EQ(content(path), "0123456789abc");
}

TEST(LogPath, NamesStepElementAndAttempt) {
  EXPECT_EQ(log_path("/d/runs", "R", "train", -1, 2), "/d/runs/R/train.2.log");
  EXPECT_EQ(log_path("/d/runs", "R", "train", 3, 1), "/d/runs/R/train/3.1.log");
}

}  // namespace
}  // namespace slipway::pipeline
