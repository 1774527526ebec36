// SPDX-License-Identifier: Apache-2.0
// What other servers told the store about their traffic, as the one that judges reads it.
#include "shared_traffic.h"

#include <gtest/gtest.h>

#include "domain/event.h"
#include "meter/meter.h"
#include "serving/endpoints.h"
#include "serving/packages.h"
#include "store/test_database.h"

namespace slipway::app {
namespace {

class NoPackages : public serving::PackageSource {
 public:
  Result<std::string> resolve(const std::string&, const std::string&) override {
    return not_found("none");
  }
  Result<std::string> newest(const std::string&) override { return not_found("none"); }
  Result<serving::Package> package(const std::string&, const std::string&) override {
    return not_found("none");
  }
};

class SharedTrafficTest : public ::testing::TestWithParam<store::Dialect> {
 protected:
  // As a server that answered does it.
  void told(const std::string& server, int requests, int errors, const std::string& latency,
            const std::string& version = "2") {
    const auto done = db_->write([&](store::Connection& c) -> Result<void> {
      SW_CHECK_OK(c.exec("DELETE FROM serving_traffic WHERE server = ? AND version = ?",
                         {server, version}));
      SW_CHECK_OK(c.exec(
          "INSERT INTO serving_traffic VALUES (?, 'e', 'm', ?, ?, ?, ?, 1, ?, ?, ?, ?)",
          {server, version, std::int64_t{requests}, std::int64_t{errors}, latency,
           std::int64_t{2 * requests}, std::int64_t{errors}, latency, std::int64_t{errors}}));
      return {};
    });
    ASSERT_TRUE(done) << done.error().message;
    clock_.advance(1'000);
  }

  rollout::Traffic read(std::int64_t version = 2) {
    auto got = traffic_.of_others("e", "m", version);
    EXPECT_TRUE(got) << got.error().message;
    if (!got) return {};
    EXPECT_EQ(got->mirrored.requests, 2 * got->traffic.requests);
    EXPECT_EQ(got->mirrored.errors, got->traffic.errors);
    EXPECT_EQ(got->refused, got->traffic.errors);
    EXPECT_EQ(got->mirrored.latency.counts, got->traffic.latency.counts);
    return got->traffic;
  }

  store::TestDatabase db_{GetParam()};
  EventBus events_;
  FakeClock clock_{1'400'000'000'000};
  FakeIds ids_;
  meter::Registry meters_;
  serving::Endpoints endpoints_{*db_, std::make_unique<NoPackages>(), {}, events_, clock_, meters_};
  SharedTraffic traffic_{*db_, endpoints_, clock_, ids_};
};
INSTANTIATE_TEST_SUITE_P(Dialects, SharedTrafficTest,
                         ::testing::ValuesIn(store::TestDatabase::dialects()),
                         [](const auto& info) {
                           return info.param == store::Dialect::sqlite ? "sqlite" : "postgres";
                         });

TEST_P(SharedTrafficTest, WhatWasToldBeforeAnybodyAskedIsNotCounted) {
  told("a", 100, 10, "3:90");
  EXPECT_EQ(read().requests, 0);

  told("a", 130, 11, "3:100 5:19");
  EXPECT_EQ(read().requests, 30);
  EXPECT_EQ(read().errors, 1);
  EXPECT_EQ(read().latency.counts.at(3), 10U);
  EXPECT_EQ(read().latency.counts.at(5), 19U);
  EXPECT_EQ(read(1).requests, 0);
}

TEST_P(SharedTrafficTest, EachServerCountsAndNoneIsCountedTwice) {
  EXPECT_EQ(read().requests, 0);
  told("a", 10, 0, "1:10");
  told("b", 20, 2, "1:18");
  EXPECT_EQ(read().requests, 30);
  told("b", 25, 2, "1:23");
  EXPECT_EQ(read().requests, 35);
  EXPECT_EQ(read().latency.counts.at(1), 33U);
  told("c", 5, 5, "");  // `a` started again: another server
  EXPECT_EQ(read().requests, 40);
  EXPECT_EQ(read().errors, 7);
}

TEST_P(SharedTrafficTest, NothingIsToldWhereNothingWasAnswered) {
  EXPECT_TRUE(traffic_.tell());
  SharedTraffic other(*db_, endpoints_, clock_, ids_);
  EXPECT_EQ(other.of_others("e", "m", 2)->traffic.requests, 0);
}

TEST_P(SharedTrafficTest, WhatIsNoCountIsPassedOver) {
  read();
  told("a", 4, 0, "x 1: :2 -1:5 999999999999:3 2:-4 7:4");
  EXPECT_EQ(read().latency.counts.size(), 8U);
  EXPECT_EQ(read().latency.counts.at(7), 4U);
}

}  // namespace
}  // namespace slipway::app
