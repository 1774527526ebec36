// SPDX-License-Identifier: Apache-2.0
#include "serving/batcher.h"

#include <condition_variable>
#include <deque>
#include <mutex>

#include <gtest/gtest.h>

#include "fake_models.h"
#include "meter/meter.h"

namespace slipway::serving {
namespace {

using Answer = Result<Tensors>;

class BatcherTest : public ::testing::Test {
 protected:
  Batcher& start(BatchOptions options = {}) {
    batcher_ = std::make_unique<Batcher>(model_, "m", "1", options, system_clock(), meters_);
    return *batcher_;
  }

  Result<void> submit(float a, float b, std::int64_t deadline_ns = 0) {
    std::size_t at = 0;
    {
      const std::scoped_lock lock(mutex_);
      at = answers_.size();
      answers_.emplace_back();
    }
    Batcher::Job job;
    job.inputs = {pair_of(a, b)};
    job.deadline_ns = deadline_ns;
    job.done = [this, at](Answer answer) {
      const std::scoped_lock lock(mutex_);
      answers_[at].emplace(std::move(answer));
      ++answered_;
      changed_.notify_all();
    };
    auto taken = batcher_->submit(std::move(job));
    return taken;
  }

  void wait_for(std::size_t answered) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(
        changed_.wait_for(lock, std::chrono::seconds(20), [&] { return answered_ >= answered; }));
  }

  void wait_until_running() {
    while (control_.runs == 0) std::this_thread::yield();
  }

  float value(std::size_t i) { return (**answers_[i])[0].values<float>()[0]; }

  FakeControl control_;
  FakeModel model_{control_, 0};
  meter::Registry meters_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::optional<Answer>> answers_;
  std::size_t answered_ = 0;
  std::unique_ptr<Batcher> batcher_;
};

TEST_F(BatcherTest, AFreeThreadTakesARequestAtOnceAlone) {
  start();

  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(submit(static_cast<float>(i), 1));
    wait_for(static_cast<std::size_t>(i) + 1);
  }

  EXPECT_EQ(control_.runs, 5);
  EXPECT_EQ(control_.most_rows, 1);
}

TEST_F(BatcherTest, WhatQueuedMeanwhileIsOneBatchAndEachGetsItsOwnAnswer) {
  start({.target_ms = 60'000});
  control_.held = true;
  ASSERT_TRUE(submit(0, 0));
  wait_until_running();
  for (int i = 1; i <= 50; ++i) ASSERT_TRUE(submit(static_cast<float>(i), 0.5));

  control_.held = false;
  wait_for(51);

  EXPECT_EQ(control_.runs, 2);
  EXPECT_EQ(control_.most_rows, 50);
  for (std::size_t i = 1; i <= 50; ++i) EXPECT_EQ(value(i), static_cast<float>(i) + 0.5F);
}

TEST_F(BatcherTest, ABatchIsBounded) {
  start({.max_rows = 16, .target_ms = 60'000});
  control_.held = true;
  ASSERT_TRUE(submit(0, 0));
  wait_until_running();
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(submit(1, 1));

  control_.held = false;
  wait_for(51);

  EXPECT_EQ(control_.most_rows, 16);
}

TEST_F(BatcherTest, OneBadRowDoesNotSpoilTheOthersOfItsBatch) {
  start();
  control_.held = true;
  ASSERT_TRUE(submit(0, 0));
  wait_until_running();
  ASSERT_TRUE(submit(1, 1));
  ASSERT_TRUE(submit(-5, 1));
  ASSERT_TRUE(submit(2, 1));

  control_.held = false;
  wait_for(4);

  EXPECT_EQ(value(1), 2);
  ASSERT_FALSE(*answers_[2]);
  EXPECT_EQ(answers_[2]->error().message, "a negative sum");
  EXPECT_EQ(value(3), 3);
}

TEST_F(BatcherTest, AFullQueueIsExhaustedAndWhatWasTakenIsAnswered) {
  start({.max_queue = 3});
  control_.held = true;
  ASSERT_TRUE(submit(0, 0));
  wait_until_running();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(submit(1, 1));

  const auto refused = submit(1, 1);

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::exhausted);
  control_.held = false;
  wait_for(4);
  EXPECT_EQ(value(3), 2);
}

TEST_F(BatcherTest, ARequestThatWaitedPastItsDeadlineIsNotRun) {
  start();
  control_.held = true;
  ASSERT_TRUE(submit(0, 0));
  wait_until_running();
  ASSERT_TRUE(submit(1, 1, system_clock().monotonic_ns() + 1'000'000));
  std::this_thread::sleep_for(std::chrono::milliseconds(5));

  control_.held = false;
  wait_for(2);

  ASSERT_FALSE(*answers_[1]);
  EXPECT_EQ(answers_[1]->error().code, Code::deadline);
  EXPECT_EQ(control_.runs, 1);
}

TEST_F(BatcherTest, EndingAnswersWhatIsQueued) {
  start();
  control_.run_ms = 2;
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(submit(1, 1));

  batcher_.reset();

  EXPECT_EQ(answered_, 20U);
}

}  // namespace
}  // namespace slipway::serving
