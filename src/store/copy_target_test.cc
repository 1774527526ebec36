// SPDX-License-Identifier: Apache-2.0
#include "store/copy_target.h"

#include <cstdlib>

#include <gtest/gtest.h>

namespace slipway::store {
namespace {

TEST(CopyText, WhatTheFormatReservesIsEscaped) {
  std::string out;
  append_copy_text(out, std::string("a\tb\\c\nd\re\0f", 11));
  EXPECT_EQ(out, "a\\tb\\\\c\\nd\\ref");
}

TEST(CopyText, NamesCannotEndTheirQuotes) {
  EXPECT_EQ(quoted_name("a\"; DROP TABLE b"), "\"a\"\"; DROP TABLE b\"");
}

class CopyTargetTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* server = std::getenv("SLIPWAY_TEST_POSTGRES");
    if (server == nullptr) GTEST_SKIP() << "no PostgreSQL";
    auto opened = CopyTarget::open(std::string(server) + "/postgres");
    ASSERT_TRUE(opened) << opened.error().message;
    target_ = *std::move(opened);
    // Of this connection alone: other tests use the server at the same time.
    ASSERT_TRUE(target_->run("CREATE TEMP TABLE copied (a TEXT, b BIGINT PRIMARY KEY)"));
  }
  std::string count() { return *(*target_->rows("SELECT count(*) FROM copied", {}))[0][0]; }

  std::unique_ptr<CopyTarget> target_;
};

TEST_F(CopyTargetTest, RowsArriveAsTheyWere) {
  std::string text;
  append_copy_text(text, "tab\there, \\N and \"quotes\"");
  text += "\t1\n\\N\t2\n";

  ASSERT_TRUE(target_->copy("COPY copied (a, b) FROM STDIN", text));

  const auto rows = target_->rows("SELECT a FROM copied WHERE b <= $1 ORDER BY b", {"2"});
  ASSERT_TRUE(rows) << rows.error().message;
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ((*rows)[0][0], "tab\there, \\N and \"quotes\"");
  EXPECT_EQ((*rows)[1][0], std::nullopt);
}

TEST_F(CopyTargetTest, ACopyThatFailsLeavesNothing) {
  ASSERT_TRUE(target_->copy("COPY copied (a, b) FROM STDIN", "x\t7\n"));

  const auto twice = target_->copy("COPY copied (a, b) FROM STDIN", "y\t8\nz\t7\n");
  const auto wrong = target_->copy("COPY copied (a, b) FROM STDIN", "y\tno number\n");

  EXPECT_EQ(twice.error().code, Code::already_exists);
  EXPECT_EQ(wrong.error().code, Code::failed_precondition);
  EXPECT_EQ(count(), "1");
  ASSERT_TRUE(target_->copy("COPY copied (a, b) FROM STDIN", "y\t8\n"));
  EXPECT_EQ(count(), "2");
}

TEST(CopyTarget, AServerThatIsNotThereIsSaid) {
  const auto target = CopyTarget::open("postgresql://nobody@127.0.0.1:1/none");
  ASSERT_FALSE(target);
  EXPECT_NE(target.error().message.find("cannot reach"), std::string::npos);
}

}  // namespace
}  // namespace slipway::store
