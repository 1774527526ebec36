// SPDX-License-Identifier: Apache-2.0
// Who runs first, who does not run at all, and who need not.
#include <future>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/round.h"
#include "fake_models.h"
#include "meter/meter.h"
#include "response_cache.h"
#include "run_times.h"
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
    out.done = [this, value](Result<Tensors> answer) {
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
  const auto answer = [](float value) { return Tensors{pair_of(value, value)}; };
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

// An event loop whose rounds end when the test says so.
class HeldRound : public Round {
 public:
  HeldRound() { begin_here(); }
  ~HeldRound() override { end_here(); }
  void at_end(Callback<void()> task) override { tasks_.push_back(std::move(task)); }
  void end() {
    forget_plan();
    for (auto& task : std::exchange(tasks_, {})) task();
  }
  std::size_t waiting() const { return tasks_.size(); }

 private:
  std::vector<Callback<void()>> tasks_;
};

class InRounds : public Scheduling {
 protected:
  // The first request goes to a thread: until then nobody knows how long one takes.
  void run_once() {
    std::promise<void> answered;
    auto first = job(0);
    first.done = [&](auto) { answered.set_value(); };
    ASSERT_TRUE(batcher_->submit(std::move(first)));
    if (round_.waiting() > 0) round_.end();
    answered.get_future().wait();
    control_.runs = 0;
  }
  // However slow this machine is, a run counts as short.
  static constexpr BatchOptions kPatient{.short_us = 1'000'000'000, .round_us = 1'000'000'000};
  // On a busy machine a run may seem long at first.
  void learn() {
    for (bool known = false; !known;) {
      run_once();
      auto next = job(0);
      next.done = [](auto) {};
      ASSERT_TRUE(batcher_->submit(std::move(next)));
      known = round_.waiting() > 0;
      round_.end();
    }
    while (batcher_->is_busy()) std::this_thread::yield();
    control_.runs = 0;
    control_.most_rows = 0;
  }

  HeldRound round_;
};

TEST_F(InRounds, WhatCameInARoundIsOneRunOfTheThreadThatReadIt) {
  control_.steady = true;
  start(kPatient);
  learn();

  for (const float value : {1.0F, 2.0F, 3.0F}) ASSERT_TRUE(batcher_->submit(job(value)));
  EXPECT_EQ(round_.waiting(), 1U);
  EXPECT_EQ(control_.runs, 0);
  round_.end();

  EXPECT_EQ(control_.runs, 1);
  EXPECT_EQ(control_.most_rows, 3);
  EXPECT_EQ(order_, (Answers{1, 2, 3}));
  EXPECT_EQ(control_.last_thread.load(), std::this_thread::get_id());
}

TEST_F(InRounds, PrioritiesAndBatchBoundsHoldThereToo) {
  control_.steady = true;
  auto options = kPatient;
  options.max_rows = 2;
  start(options);
  learn();

  for (const auto& [value, priority] : {std::pair{1.0F, 100U}, {2.0F, 100U}, {3.0F, 1U}}) {
    auto one = job(value);
    one.priority = priority;
    ASSERT_TRUE(batcher_->submit(std::move(one)));
  }
  round_.end();

  EXPECT_EQ(control_.runs, 2);
  EXPECT_EQ(order_, (Answers{3, 1, 2}));
}

TEST_F(InRounds, OneBadRequestDoesNotHarmTheOthersOfItsRound) {
  control_.steady = true;
  start(kPatient);
  learn();

  for (const float value : {1.0F, -5.0F, 3.0F}) ASSERT_TRUE(batcher_->submit(job(value)));
  round_.end();

  EXPECT_EQ(order_, (Answers{1, 3}));
  EXPECT_EQ(failed_, (Answers{-5}));
}

TEST_F(InRounds, AVersionIsFreedOnlyAfterTheRoundThatHasItsRequests) {
  control_.steady = true;
  start(kPatient);
  learn();
  ASSERT_TRUE(batcher_->submit(job(1)));
  EXPECT_TRUE(batcher_->is_busy());

  std::atomic<bool> freed{false};
  std::thread other([&] {
    batcher_.reset();
    freed = true;
  });
  EXPECT_FALSE(freed);
  round_.end();
  other.join();

  EXPECT_TRUE(freed);
  EXPECT_EQ(order_, (Answers{1}));
}

TEST_F(InRounds, AVersionThatIsFreedInsideTheRoundAnswersBefore) {
  control_.steady = true;
  start(kPatient);
  learn();
  ASSERT_TRUE(batcher_->submit(job(1)));

  batcher_.reset();

  EXPECT_EQ(order_, (Answers{1}));
  round_.end();  // finds nothing
  EXPECT_EQ(control_.runs, 1);
}

TEST_F(InRounds, AllVersionsTogetherTakeAsMuchOfARoundAsOneMay) {
  control_.steady = true;
  const BatchOptions options{.short_us = 1'000'000'000, .round_us = 0};
  start(options);
  learn();
  Batcher other(model_, "other", "1", options, system_clock(), meters_);
  const auto ask_other = [&] {
    auto answered = std::make_shared<std::promise<void>>();
    auto one = job(2);
    one.done = [answered](auto) { answered->set_value(); };
    EXPECT_TRUE(other.submit(std::move(one)));
    return answered;
  };
  ask_other()->get_future().wait();  // known from now on
  while (other.is_busy()) std::this_thread::yield();

  ASSERT_TRUE(batcher_->submit(job(1)));
  EXPECT_EQ(round_.waiting(), 1U);
  ask_other()->get_future().wait();  // by a thread: the round has not ended
  EXPECT_EQ(round_.waiting(), 1U);
  round_.end();
  const auto in_round = ask_other();
  EXPECT_EQ(round_.waiting(), 1U);
  round_.end();
  in_round->get_future().wait();
  EXPECT_EQ(order_, (Answers{1}));
}

// [N,M]: how long it takes is not told by N.
class Wide : public FakeModel {
 public:
  explicit Wide(FakeControl& control) : FakeModel(control, 0) {
    signature_.inputs[0].shape = {-1, -1};
  }
};

TEST_F(InRounds, WhereRequestsChooseMoreThanTheRowsAThreadRunsThem) {
  control_.steady = true;
  Wide wide(control_);
  batcher_ = std::make_unique<Batcher>(wide, "m", "1", BatchOptions{}, system_clock(), meters_);
  run_once();

  ASSERT_TRUE(batcher_->submit(job(1)));
  EXPECT_EQ(round_.waiting(), 0U);
  finish();
  EXPECT_EQ(order_, (Answers{1}));
}

TEST_F(InRounds, WhatTakesLongToAnswerGoesToAThreadToo) {
  control_.steady = true;
  start({});
  learn();
  auto slow = job(1);
  slow.done = [](auto) { std::this_thread::sleep_for(std::chrono::milliseconds(5)); };
  ASSERT_TRUE(batcher_->submit(std::move(slow)));
  round_.end();
  while (batcher_->is_busy()) std::this_thread::yield();

  ASSERT_TRUE(batcher_->submit(job(2)));
  EXPECT_EQ(round_.waiting(), 0U);
  finish();
  EXPECT_EQ(order_, (Answers{2}));
}

TEST_F(InRounds, WhatTakesLongGoesToAThread) {
  control_.steady = true;
  control_.run_ms = 5;
  start({});
  run_once();

  ASSERT_TRUE(batcher_->submit(job(1)));
  EXPECT_EQ(round_.waiting(), 0U);
  finish();
  EXPECT_EQ(order_, (Answers{1}));
}

TEST_F(InRounds, WhoseAnswerMayWaitGoesToAThread) {
  control_.steady = true;
  start(kPatient);
  learn();
  auto one = job(1);
  one.done_waits = true;

  ASSERT_TRUE(batcher_->submit(std::move(one)));
  EXPECT_EQ(round_.waiting(), 0U);
  finish();
  EXPECT_EQ(order_, (Answers{1}));
}

TEST_F(InRounds, AModelThatMayWaitIsNeverRunThere) {
  start({});
  run_once();

  ASSERT_TRUE(batcher_->submit(job(1)));
  EXPECT_EQ(round_.waiting(), 0U);
  finish();
  EXPECT_EQ(order_, (Answers{1}));
}

TEST(RunTimes, ASizeIsBoundedByItsNeighbours) {
  RunTimes times;
  EXPECT_EQ(times.expect(1), 0);
  times.add(1, 1000);
  EXPECT_EQ(times.expect(1), 1000);
  EXPECT_EQ(times.expect(16), 16'000);
  times.add(16, 2000);
  EXPECT_EQ(times.expect(5), 2000);
  EXPECT_EQ(times.expect(32), 4000);
  times.add(2, 90'000);  // slow once
  EXPECT_EQ(times.expect(2), 2000);
}

}  // namespace
}  // namespace slipway::serving
