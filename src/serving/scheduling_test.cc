// SPDX-License-Identifier: Apache-2.0
// Who runs first, who does not run at all, and who need not.
#include <future>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "fake_models.h"
#include "meter/meter.h"
#include "response_cache.h"
#include "serving/batcher.h"

namespace slipway::serving {
namespace {

using Answers = std::vector<float>;

class Scheduling : public testing::Test {
 protected:
  void start(const BatchOptions& options) {
    batcher_ = std::make_unique<Batcher>(model_, "m", "1", options, system_clock(), meters_);
  }

  Batcher::Job job(float value) {
    Batcher::Job out;
    out.inputs = {pair_of(value, 0)};
    out.done = [this, value](Result<std::vector<Tensor>> answer) {
      const std::scoped_lock lock(mutex_);
      (answer ? order_ : failed_).push_back(value);
      if (!answer) codes_.push_back(answer.error().code);
    };
    return out;
  }

  // The one thread is busy with this until `control_.held` ends.
  void occupy() {
    control_.held = true;
    ASSERT_TRUE(batcher_->submit(job(1000)));
    while (control_.runs == 0) std::this_thread::yield();
  }
  // Everything is answered.
  void finish() {
    control_.held = false;
    batcher_.reset();
  }

  FakeControl control_;
  FakeModel model_{control_, 0};
  meter::Registry meters_;
  std::unique_ptr<Batcher> batcher_;
  std::mutex mutex_;
  Answers order_;
  Answers failed_;
  std::vector<Code> codes_;
};

TEST_F(Scheduling, LowerNumbersGoFirstAndEqualOnesAsTheyCame) {
  start({.max_rows = 1});
  occupy();
  for (const auto& [value, priority] :
       {std::pair{1.0F, 100U}, {2.0F, 5U}, {3.0F, 100U}, {4.0F, 1U}, {5.0F, 200U}, {6.0F, 5U}}) {
    auto one = job(value);
    one.priority = priority;
    ASSERT_TRUE(batcher_->submit(std::move(one)));
  }

  finish();

  EXPECT_EQ(order_, (Answers{1000, 4, 2, 6, 1, 3, 5}));
}

TEST_F(Scheduling, WhatNobodyWaitsForDoesNotRun) {
  start({.max_rows = 1});
  occupy();
  auto gone = std::make_shared<std::atomic<bool>>(false);
  auto left = job(1);
  left.cancelled = gone;
  ASSERT_TRUE(batcher_->submit(std::move(left)));
  auto late = job(2);
  late.deadline_ns = system_clock().monotonic_ns() + 1'000'000;
  ASSERT_TRUE(batcher_->submit(std::move(late)));
  ASSERT_TRUE(batcher_->submit(job(3)));
  *gone = true;
  const auto until = system_clock().monotonic_ns() + 2'000'000;
  while (system_clock().monotonic_ns() < until) std::this_thread::yield();

  finish();

  EXPECT_EQ(order_, (Answers{1000, 3}));
  EXPECT_EQ(failed_, (Answers{1, 2}));
  EXPECT_EQ(codes_, (std::vector{Code::cancelled, Code::deadline}));
  EXPECT_EQ(control_.runs, 2);
}

TEST_F(Scheduling, WhoIsLateAlreadyIsRefusedAtOnce) {
  start({});
  auto late = job(1);
  late.deadline_ns = 1;
  EXPECT_EQ(batcher_->submit(std::move(late)).error().code, Code::deadline);
  auto gone = job(2);
  gone.cancelled = std::make_shared<std::atomic<bool>>(true);
  EXPECT_EQ(batcher_->submit(std::move(gone)).error().code, Code::cancelled);
  finish();
  EXPECT_EQ(control_.runs, 0);
}

TEST_F(Scheduling, AFullQueueMakesRoomOfWhatIsLost) {
  start({.max_rows = 1, .max_queue = 2});
  occupy();
  auto gone = std::make_shared<std::atomic<bool>>(false);
  for (const float value : {1.0F, 2.0F}) {
    auto one = job(value);
    if (value == 1.0F) one.cancelled = gone;
    ASSERT_TRUE(batcher_->submit(std::move(one)));
  }
  EXPECT_EQ(batcher_->submit(job(3)).error().code, Code::exhausted);
  *gone = true;
  const auto until = system_clock().monotonic_ns() + 2'000'000;  // looked through once a ms
  while (system_clock().monotonic_ns() < until) std::this_thread::yield();
  EXPECT_TRUE(batcher_->submit(job(4)));

  finish();

  EXPECT_EQ(order_, (Answers{1000, 2, 4}));
}

TEST_F(Scheduling, WhatCannotBeAnsweredInTimeIsRefusedAtOnce) {
  start({.max_rows = 1, .max_wait_ms = 30, .max_wait_runs = 1});
  control_.run_ms = 20;
  ASSERT_TRUE(batcher_->submit(job(0)));  // so that the time of a row is known
  while (batcher_->statistics().executions == 0) std::this_thread::yield();
  control_.runs = 0;
  occupy();
  int taken = 0;
  for (int i = 1; i <= 10; ++i) taken += batcher_->submit(job(static_cast<float>(i))) ? 1 : 0;
  auto urgent = job(11);
  urgent.priority = 1;
  EXPECT_TRUE(batcher_->submit(std::move(urgent)));

  EXPECT_GE(taken, 1);
  EXPECT_LE(taken, 3);
  finish();
}

TEST_F(Scheduling, StatisticsCountRowsBatchesAndFailures) {
  start({});
  occupy();
  ASSERT_TRUE(batcher_->submit(job(1)));
  ASSERT_TRUE(batcher_->submit(job(2)));
  control_.held = false;
  while (batcher_->statistics().rows < 3) std::this_thread::yield();
  ASSERT_TRUE(batcher_->submit(job(-1)));
  while (batcher_->statistics().fail.count < 1) std::this_thread::yield();

  const auto all = batcher_->statistics();

  EXPECT_EQ(all.success.count, 3U);
  EXPECT_EQ(all.executions, 2U);
  ASSERT_EQ(all.batches.size(), 2U);
  EXPECT_EQ(all.batches[1].rows, 2U);
  EXPECT_GT(all.run.ns, 0U);
  finish();
}

TEST(ResponseCacheTest, EqualRequestsAreKnownAndTheOldestForgotten) {
  ResponseCache cache;
  const auto key = [](float value, const std::string& version = "1") {
    return ResponseCache::key_of("m", version, {pair_of(value, 0)});
  };
  EXPECT_FALSE(cache.is_on());
  cache.resize(8 << 10);
  const auto answer = [](float value) { return std::vector{pair_of(value, value)}; };
  cache.put(key(1), answer(10));

  ASSERT_TRUE(cache.find(key(1)));
  EXPECT_EQ(cache.find(key(1))->front().values<float>()[0], 10);
  EXPECT_FALSE(cache.find(key(2)));
  EXPECT_FALSE(cache.find(key(1, "2")));
  for (int i = 2; i < 100; ++i) {
    cache.put(key(static_cast<float>(i)), answer(0));
    (void)cache.find(key(1));  // used, so it stays
  }
  EXPECT_LE(cache.bytes(), std::size_t{8 << 10});
  EXPECT_TRUE(cache.find(key(1)));
  EXPECT_FALSE(cache.find(key(2)));
  cache.put(key(500), {Tensor::make("large", DType::fp32, {4096})});
  EXPECT_FALSE(cache.find(key(500)));  // it would push out the others
  cache.resize(0);
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(ResponseCacheTest, KeysDifferWhereRequestsDo) {
  const auto texts = [](std::vector<std::string> values) {
    const auto n = static_cast<std::int64_t>(values.size());
    return ResponseCache::key_of("m", "1", {Tensor::of_texts("x", {n}, std::move(values))}).bytes;
  };
  EXPECT_NE(texts({"ab", "c"}), texts({"a", "bc"}));
  const auto shaped = [](Shape shape) {
    return ResponseCache::key_of("m", "1", {Tensor::make("x", DType::fp32, std::move(shape))})
        .bytes;
  };
  EXPECT_NE(shaped({1, 4}), shaped({2, 2}));
}

}  // namespace
}  // namespace slipway::serving
