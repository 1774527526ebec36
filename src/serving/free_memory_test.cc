// SPDX-License-Identifier: Apache-2.0
#include "free_memory.h"

#include <cstring>
#include <memory>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "process/process.h"

namespace slipway::serving {
namespace {

// Small blocks, so that the allocator keeps them; one in eight stays and holds the heap's end.
std::vector<std::unique_ptr<char[]>> churn(std::size_t bytes) {
  constexpr std::size_t kBlock = 16 << 10;
  std::vector<std::unique_ptr<char[]>> all;
  for (std::size_t i = 0; i < bytes / kBlock; ++i) {
    all.push_back(std::make_unique<char[]>(kBlock));
    std::memset(all.back().get(), 1, kBlock);
  }
  std::vector<std::unique_ptr<char[]>> kept;
  for (std::size_t i = 0; i < all.size(); i += 8) kept.push_back(std::move(all[i]));
  return kept;
}

TEST(FreeMemoryTest, WhatWasFreedIsGivenBackWhenItIsMuch) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "another allocator";
#endif
  FreeMemory memory;
  std::int64_t now = 1;
  memory.look(now);
  const auto kept = churn(12 * FreeMemory::kMuch);
  const auto full = process::resident_bytes(::getpid());

  EXPECT_FALSE(memory.look(now += FreeMemory::kEveryNs / 2)) << "it was looked at just now";
  EXPECT_TRUE(memory.look(now += FreeMemory::kEveryNs));

  EXPECT_LT(process::resident_bytes(::getpid()) + 6 * FreeMemory::kMuch, full);
  EXPECT_FALSE(memory.look(now + 2 * FreeMemory::kEveryNs)) << "it has not grown since";
}

}  // namespace
}  // namespace slipway::serving
