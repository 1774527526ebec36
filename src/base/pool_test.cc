// SPDX-License-Identifier: Apache-2.0
#include "base/pool.h"

#include <atomic>
#include <future>
#include <stdexcept>

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(Pool, RunsEverythingThatItTook) {
  std::atomic<int> done = 0;
  {
    Pool pool("test", 3, 10'000);
    for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(pool.post([&done] { ++done; }));
  }
  EXPECT_EQ(done, 1'000);
}

TEST(Pool, RefusesWhenFull) {
  std::promise<void> gate;
  auto opened = gate.get_future().share();
  Pool pool("test", 1, 2);
  std::promise<void> started;
  ASSERT_TRUE(pool.post([&] { started.set_value(), opened.wait(); }));
  started.get_future().wait();

  EXPECT_TRUE(pool.post([] {}));
  EXPECT_TRUE(pool.post([] {}));
  EXPECT_FALSE(pool.post([] {}));

  gate.set_value();
  pool.drain();
  EXPECT_EQ(pool.queued(), 0u);
}

TEST(Pool, SurvivesATaskThatThrows) {
  std::atomic<bool> after = false;
  {
    Pool pool("test", 1, 10);
    ASSERT_TRUE(pool.post([] { throw std::runtime_error("boom"); }));
    ASSERT_TRUE(pool.post([&] { after = true; }));
  }
  EXPECT_TRUE(after);
}

TEST(Worker, StopsAtOnceAndCanBeWoken) {
  std::atomic<int> rounds = 0;
  std::promise<void> first;
  Worker worker("test", [&](const Worker::Sleep& sleep) {
    first.set_value();
    while (sleep(3'600'000)) ++rounds;
  });
  first.get_future().wait();
  worker.wake();
  while (rounds == 0) std::this_thread::yield();
  worker.stop();
  EXPECT_GE(rounds, 1);
}

}  // namespace
}  // namespace slipway
