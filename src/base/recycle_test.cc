// SPDX-License-Identifier: Apache-2.0
#include "base/recycle.h"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/callback.h"

namespace slipway {
namespace {

TEST(Recycle, ABlockOfAnotherThreadMayBeGivenBackHere) {
  std::shared_ptr<std::string> made;
  std::thread([&] { made = make_recycled<std::string>(100, 'x'); }).join();
  EXPECT_EQ(made->size(), 100U);
  made.reset();
  EXPECT_EQ(*make_recycled<std::string>("again"), "again");
}

TEST(Recycle, HoldsVectorsOfAnySize) {
  std::vector<int, Recycled<int>> numbers;
  for (int i = 0; i < 10'000; ++i) numbers.push_back(i);
  EXPECT_EQ(numbers[9'999], 9'999);
}

TEST(Callback, KeepsWhatItIsGivenUntilItsEnd) {
  auto shared = std::make_shared<int>(3);
  Callback<int(int)> add = [shared](int more) { return *shared + more; };
  EXPECT_EQ(shared.use_count(), 2);
  Callback<int(int)> moved = std::move(add);
  EXPECT_FALSE(add);  // NOLINT: that is the question
  EXPECT_EQ(moved(4), 7);
  moved = nullptr;
  EXPECT_FALSE(moved);
  EXPECT_EQ(shared.use_count(), 1);
}

TEST(Callback, MovesItsArguments) {
  Callback<std::size_t(std::vector<std::string>)> count = [](auto words) { return words.size(); };
  EXPECT_EQ(count({"a", "b"}), 2U);
}

}  // namespace
}  // namespace slipway
