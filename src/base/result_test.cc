// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <memory>

#include <gtest/gtest.h>

namespace slipway {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return invalid("odd number " + std::to_string(n));
  return n / 2;
}

Result<int> quarter(int n) {
  SW_TRY(const int h, half(n));
  SW_TRY(const int q, half(h));
  return q;
}

Result<void> check(int n) {
  SW_CHECK_OK(half(n));
  return {};
}

TEST(Result, TryPassesValuesAndErrorsOn) {
  EXPECT_EQ(*quarter(8), 2);
  ASSERT_FALSE(quarter(6));
  EXPECT_EQ(quarter(6).error().message, "odd number 3");
  EXPECT_EQ(quarter(6).error().code, Code::invalid_argument);
}

TEST(Result, CheckOkReturnsTheError) {
  EXPECT_TRUE(check(2));
  EXPECT_FALSE(check(3));
}

TEST(Result, HoldsMoveOnlyValues) {
  Result<std::unique_ptr<int>> r{std::make_unique<int>(7)};
  std::unique_ptr<int> p = *std::move(r);
  EXPECT_EQ(*p, 7);
}

TEST(ResultDeathTest, ReadingTheMissingHalfAborts) {
  EXPECT_DEATH({ (void)*half(3); }, "");
  EXPECT_DEATH({ (void)half(2).error(); }, "");
}

}  // namespace
}  // namespace slipway
