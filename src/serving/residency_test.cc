// SPDX-License-Identifier: Apache-2.0
// Endpoints under a budget of memory. Each fake model says that it takes 100 bytes.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "fake_models.h"
#include "meter/meter.h"
#include "serving/endpoints.h"
#include "store/test_database.h"

namespace slipway::serving {
namespace {

class ResidencyTest : public ::testing::Test {
 protected:
  ResidencyTest() { control_.bytes = 100; }
  ~ResidencyTest() override {
    control_.held = false;
    control_.load_held = false;
    endpoints_.reset();
    EXPECT_EQ(control_.loaded, 0) << "a version was not unloaded";
  }

  void open(std::size_t budget, BatchOptions batch = {}) {
    std::vector<std::unique_ptr<ModelBackend>> backends;
    backends.push_back(std::make_unique<FakeBackend>(control_));
    endpoints_ = std::make_unique<Endpoints>(
        *db_, std::make_unique<FakePackages>(), std::move(backends), events_, system_clock(),
        meters_, Options{.batch = batch, .housekeeping_ms = 5, .memory_budget = budget});
  }
  // Endpoints v1 .. vN of the versions 1 .. N.
  void create(int count) {
    for (int i = 1; i <= count; ++i) {
      const auto number = std::to_string(i);
      const auto made =
          endpoints_->create({.name = "v" + number, .routes = {{.model = "m", .version = number}}},
                             Principal{.name = "ada"});
      ASSERT_TRUE(made) << made.error().message;
    }
  }
  Result<float> predict(const std::string& endpoint) {
    SW_TRY(const auto target, endpoints_->pick(endpoint));
    SW_TRY(const auto answer,
           target.infer_and_wait({.request_id = "r", .inputs = {pair_of(1, 2)}}));
    return answer[0].values<float>()[0];
  }
  bool is_loaded(const std::string& endpoint) const {
    return endpoints_->get(endpoint).value().routes[0].loaded;
  }

  store::TestDatabase db_{store::Dialect::sqlite};
  FakeControl control_;
  EventBus events_;
  meter::Registry meters_;
  std::unique_ptr<Endpoints> endpoints_;
};

// Answers of requests that were sent without waiting.
class Answers {
 public:
  Target::Done next() {
    return [this](Result<Tensors> answer) {
      const std::scoped_lock lock(mutex_);
      all_.push_back(std::move(answer));
      changed_.notify_all();
    };
  }
  std::vector<Result<Tensors>> wait(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return all_.size() >= count; });
    return all_;
  }
  std::size_t size() {
    const std::scoped_lock lock(mutex_);
    return all_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Result<Tensors>> all_;
};

TEST_F(ResidencyTest, WhatWasNotAskedForLongestSleepsAndARequestWakesIt) {
  open(250);
  create(2);
  EXPECT_EQ(predict("v1").value(), 1003);  // v2 is now the one that was not asked for longest

  ASSERT_TRUE(endpoints_->create({.name = "v3", .routes = {{.model = "m", .version = "3"}}},
                                 Principal{.name = "ada"}));

  EXPECT_TRUE(is_loaded("v1"));
  EXPECT_FALSE(is_loaded("v2"));
  EXPECT_TRUE(is_loaded("v3"));
  EXPECT_EQ(control_.loaded, 2);
  EXPECT_EQ(endpoints_->get("v2").value().routes[0].state, RouteState::ready);
  EXPECT_EQ(predict("v2").value(), 2003) << "a request to it is answered, not refused";
  EXPECT_EQ(control_.loaded, 2);
  EXPECT_FALSE(is_loaded("v1"));
  EXPECT_NE(meters_.prometheus_text().find("slipway_serving_models_reloaded_total 1"),
            std::string::npos);
}

TEST_F(ResidencyTest, WithoutABudgetNobodySleepsAndSizesAreKnown) {
  open(0);
  create(4);

  EXPECT_EQ(control_.loaded, 4);
  EXPECT_EQ(endpoints_->get("v1").value().routes[0].memory_bytes, 100U);
}

TEST_F(ResidencyTest, RequestsThatComeWhileTheModelLoadsWaitForOneLoad) {
  open(100);
  create(2);
  control_.load_held = true;
  const int loads = control_.loads;
  Answers answers;
  for (int i = 0; i < 50; ++i) {
    endpoints_->pick("v1").value().infer({.request_id = "r", .inputs = {pair_of(1, 2)}},
                                         answers.next());
  }
  while (control_.loads == loads) std::this_thread::yield();
  EXPECT_EQ(answers.size(), 0U);

  control_.load_held = false;

  for (const auto& answer : answers.wait(50)) {
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer.value()[0].values<float>()[0], 1003);
  }
  EXPECT_EQ(control_.loads, loads + 1);
}

TEST_F(ResidencyTest, ARequestDoesNotWaitForALoadLongerThanItMay) {
  open(100);
  create(2);
  control_.load_held = true;
  Answers answers;
  const auto now = system_clock().monotonic_ns();
  endpoints_->pick("v1").value().infer(
      {.inputs = {pair_of(1, 2)}, .received_ns = now, .deadline_ns = now + 1'000'000},
      answers.next());
  auto gone = std::make_shared<std::atomic<bool>>(false);
  endpoints_->pick("v1").value().infer({.inputs = {pair_of(1, 2)}, .cancelled = gone},
                                       answers.next());

  const auto late = answers.wait(1);
  ASSERT_FALSE(late[0]);
  EXPECT_EQ(late[0].error().code, Code::deadline);

  *gone = true;
  EXPECT_EQ(answers.wait(2)[1].error().code, Code::cancelled);
}

TEST_F(ResidencyTest, AModelThatCannotBeLoadedAgainSaysSoAndIsTriedByTheNextRequest) {
  open(100);
  create(2);
  control_.load_fails = true;

  const auto failed = predict("v1");

  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::unavailable);
  EXPECT_NE(failed.error().message.find("the disk is gone"), std::string::npos);
  control_.load_fails = false;
  EXPECT_EQ(predict("v1").value(), 1003);
}

TEST_F(ResidencyTest, NoMoreThanTheQueueHoldsWaitForALoad) {
  open(100, {.max_queue = 3});
  create(2);
  control_.load_held = true;
  Answers answers;
  for (int i = 0; i < 4; ++i) {
    endpoints_->pick("v1").value().infer({.inputs = {pair_of(1, 2)}}, answers.next());
  }

  const auto refused = answers.wait(1);

  ASSERT_FALSE(refused[0]);
  EXPECT_EQ(refused[0].error().code, Code::exhausted);
  control_.load_held = false;
  answers.wait(4);
}

TEST_F(ResidencyTest, AModelLargerThanTheBudgetIsRefused) {
  open(99);

  const auto made = endpoints_->create({.name = "v1", .routes = {{.model = "m", .version = "1"}}},
                                       Principal{.name = "ada"});

  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::failed_precondition);
  EXPECT_NE(made.error().hint.find("--model-memory"), std::string::npos);
}

TEST_F(ResidencyTest, StatisticsGoOnThroughSleep) {
  open(100);
  create(2);
  for (const char* endpoint : {"v1", "v2", "v1", "v2", "v1"}) ASSERT_TRUE(predict(endpoint));

  EXPECT_EQ(endpoints_->statistics("v1", "").value()[0].rows, 3U);
}

TEST_F(ResidencyTest, EveryRequestIsAnsweredWhileModelsComeAndGo) {
  open(200);
  create(6);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 60; ++i) {
        const int version = (i * 5 + t) % 6 + 1;
        const auto answer = predict("v" + std::to_string(version));
        if (!answer || answer.value() != static_cast<float>(version) * 1000 + 3) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();

  EXPECT_EQ(wrong, 0);
  EXPECT_GT(control_.loads, 20) << "nothing came or went";
}

}  // namespace
}  // namespace slipway::serving
