// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "conversion_answers.h"
#include "conversion_queue.h"
#include "store/test_database.h"

namespace slipway::app {
namespace {

using serving::DType;
using serving::Tensor;

// A server's life, which ends with the object.
struct Life {
  Life(store::Database& db, Clock& clock, Result<void> outcome)
      : queue(db, clock), outcome(std::move(outcome)) {
    queue.start({.convert =
                     [this](const auto&) {
                       ++tried;
                       return this->outcome;
                     },
                 .give_up = [this](const auto&, const std::string& why) { given_up = why; },
                 .then = [this](const auto&) { ++done; }});
  }
  ~Life() {
    queue.stop([] {});
  }

  ConversionQueue queue;
  Result<void> outcome;
  std::atomic<int> tried{0};
  std::atomic<int> done{0};
  std::string given_up;
};

class ConversionQueueTest : public ::testing::Test {
 protected:
  std::int64_t waiting() {
    return **db_->read([](store::Connection& db) {
      return db.first("SELECT count(*) FROM conversion_wanted", {},
                      [](const store::Row& row) { return row.int64(0); });
    });
  }

  static constexpr int kLongMs = 20'000;
  const registry::VersionRef version_{"flights", 3};
  FakeClock clock_{1000};
  store::TestDatabase db_;
};

TEST_F(ConversionQueueTest, WhatIsWantedIsConvertedOnceAndForgotten) {
  Life life(*db_, clock_, {});

  ASSERT_TRUE(life.queue.want(version_));
  life.queue.wait_for(version_, kLongMs);

  EXPECT_EQ(life.tried, 1);
  EXPECT_EQ(waiting(), 0);
}

TEST_F(ConversionQueueTest, AFailureIsTriedOnceALifeAndGivenUpAfterThree) {
  for (int life = 1; life <= 3; ++life) {
    Life now(*db_, clock_, unavailable("no network"));
    ASSERT_TRUE(now.queue.want(version_));
    now.queue.wait_for(version_, kLongMs);
    ASSERT_TRUE(now.queue.want(version_));
    EXPECT_EQ(now.tried, 1) << "life " << life;
    now.queue.stop([] {});
    EXPECT_EQ(waiting(), life < 3 ? 1 : 0);
    EXPECT_EQ(now.given_up, life < 3 ? "" : "no network");
  }
}

TEST_F(ConversionQueueTest, AttemptsThatEndedTheServerCountToo) {
  ASSERT_TRUE(db_->write([](store::Connection& db) -> Result<void> {
    SW_CHECK_OK(
        db.exec("INSERT INTO conversion_wanted (model, version, attempts, added) "
                "VALUES ('flights', 3, 3, 0)",
                {}));
    return {};
  }));
  Life life(*db_, clock_, {});

  life.queue.wait_for(version_, kLongMs);

  EXPECT_EQ(life.tried, 0);
  EXPECT_EQ(waiting(), 0);
  life.queue.stop([] {});
  EXPECT_EQ(life.given_up, "it was tried 3 times");
}

Tensor numbers(std::vector<double> values, serving::Shape shape) {
  auto out = Tensor::make("predictions", DType::fp64, std::move(shape));
  std::copy(values.begin(), values.end(), static_cast<double*>(out.mutable_data()));
  return out;
}

TEST(Difference, IsRelativeAboveOneAndInfiniteBetweenWhatIsNotAlike) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_NEAR(difference(numbers({1000.1, nan}, {2}), numbers({1000, nan}, {2})), 1e-4, 1e-9);
  EXPECT_DOUBLE_EQ(difference(numbers({0.25}, {1}), numbers({0}, {1})), 0.25);
  EXPECT_TRUE(std::isinf(difference(numbers({1, 2}, {2}), numbers({1, 2}, {2, 1}))));
  EXPECT_TRUE(std::isinf(difference(numbers({nan}, {1}), numbers({1}, {1}))));
  EXPECT_TRUE(std::isinf(difference(numbers({}, {0}), numbers({}, {0}))));
  const auto whole = Tensor::make("predictions", DType::int64, {1});
  EXPECT_TRUE(std::isinf(difference(numbers({0}, {1}), whole)));
  EXPECT_EQ(difference(whole, whole), 0);
  const auto text = [](const char* value) { return Tensor::of_texts("predictions", {1}, {value}); };
  EXPECT_EQ(difference(text("late"), text("late")), 0);
  EXPECT_TRUE(std::isinf(difference(text("late"), text("ok"))));
}

}  // namespace
}  // namespace slipway::app
