// SPDX-License-Identifier: Apache-2.0
#include "serving/endpoints.h"

#include <algorithm>
#include <map>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "fake_models.h"
#include "meter/meter.h"
#include "record_budget.h"
#include "store/test_database.h"

namespace slipway::serving {
namespace {

class EndpointsTest : public ::testing::TestWithParam<store::Dialect> {
 protected:
  EndpointsTest() { open(); }
  ~EndpointsTest() override {
    control_.held = false;
    endpoints_.reset();
    EXPECT_EQ(control_.loaded, 0) << "a version was not unloaded";
  }

  void open() {
    auto packages = std::make_unique<FakePackages>();
    packages_ = packages.get();
    std::vector<std::unique_ptr<ModelBackend>> backends;
    backends.push_back(std::make_unique<FakeBackend>(control_));
    endpoints_ =
        std::make_unique<Endpoints>(*db_, std::move(packages), std::move(backends), events_,
                                    system_clock(), meters_, Options{.housekeeping_ms = 5});
  }

  void reopen() {
    endpoints_.reset();
    open();
    ASSERT_TRUE(endpoints_->restore());
  }

  Result<float> predict(const std::string& endpoint, float a = 1, float b = 2) {
    SW_TRY(const auto target, endpoints_->pick(endpoint));
    SW_TRY(const auto answer,
           target.infer_and_wait({.request_id = "r", .inputs = {pair_of(a, b)}}));
    return answer[0].values<float>()[0];
  }

  static EndpointSpec pinned(const std::string& name, const std::string& version) {
    return {.name = name, .routes = {{.model = "m", .version = version}}};
  }
  static EndpointSpec champion(const std::string& name) {
    return {.name = name, .routes = {{.model = "m", .alias = "champion"}}};
  }

  store::TestDatabase db_{GetParam()};
  FakeControl control_;
  EventBus events_;
  meter::Registry meters_;
  FakePackages* packages_ = nullptr;
  std::unique_ptr<Endpoints> endpoints_;
  Principal who_{.name = "ada"};
};

TEST_P(EndpointsTest, ANewEndpointAnswersAndTellsIt) {
  std::vector<std::string> seen;
  const auto subscription = events_.subscribe(
      [&](const Event& event) { seen.push_back(event.type + " " + event.subject); });

  const auto made = endpoints_->create(champion("e"), who_);

  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->routes[0].version, "1");
  EXPECT_EQ(made->routes[0].state, RouteState::ready);
  EXPECT_EQ(predict("e").value(), 1003);
  events_.drain();
  EXPECT_EQ(seen, std::vector<std::string>{"endpoint.created e"});
}

TEST_P(EndpointsTest, ATakenNameAndAnUnknownOne) {
  ASSERT_TRUE(endpoints_->create(pinned("e", "1"), who_));

  EXPECT_EQ(endpoints_->create(pinned("e", "2"), who_).error().code, Code::already_exists);
  EXPECT_EQ(endpoints_->update(pinned("f", "2"), who_).error().code, Code::not_found);
  EXPECT_EQ(endpoints_->remove("f", who_).error().code, Code::not_found);
  EXPECT_EQ(predict("f").error().code, Code::not_found);
}

TEST_P(EndpointsTest, WhatCannotBeLoadedChangesNothing) {
  ASSERT_TRUE(endpoints_->create(pinned("e", "1"), who_));

  const auto changed = endpoints_->update(pinned("e", "13"), who_);
  const auto made = endpoints_->create(pinned("f", "13"), who_);

  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code, Code::failed_precondition);
  EXPECT_EQ(changed.error().message,
            "version 13 of model 'm' cannot be loaded: the file is truncated");
  EXPECT_FALSE(made);
  EXPECT_EQ(predict("e").value(), 1003);
  reopen();
  EXPECT_EQ(predict("e").value(), 1003);
  EXPECT_EQ(endpoints_->list().size(), 1U);
}

TEST_P(EndpointsTest, AModelWithoutAServedFlavourSaysSo) {
  const auto made =
      endpoints_->create({.name = "e", .routes = {{.model = "foreign", .version = "1"}}}, who_);

  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message,
            "version 1 of model 'foreign' has flavours sklearn, none of which can be served");
}

TEST_P(EndpointsTest, EndpointsComeBack) {
  auto spec = champion("e");
  spec.routes[0].weight = 90;
  spec.routes.push_back({.model = "m", .version = "3", .weight = 10});
  spec.routes.push_back({.model = "m", .version = "4", .weight = 50, .shadow = true});
  spec.sample_rate = 0.25;
  spec.timeout_ms = 1234;
  ASSERT_TRUE(endpoints_->create(spec, who_));
  ASSERT_TRUE(endpoints_->create(pinned("gone", "1"), who_));
  ASSERT_TRUE(endpoints_->remove("gone", who_));

  reopen();

  const auto view = endpoints_->get("e");
  ASSERT_TRUE(view);
  ASSERT_EQ(view->routes.size(), 3U);
  EXPECT_EQ(view->routes[0].spec.alias, "champion");
  EXPECT_EQ(view->routes[1].spec.weight, 10);
  EXPECT_TRUE(view->routes[2].spec.shadow);
  EXPECT_EQ(view->spec.sample_rate, 0.25);
  EXPECT_EQ(view->spec.timeout_ms, 1234);
  EXPECT_FALSE(endpoints_->get("gone"));
}

TEST_P(EndpointsTest, TrafficFollowsTheWeightsAlsoOverFewRequests) {
  auto spec = pinned("e", "1");
  spec.routes[0].weight = 95;
  spec.routes.push_back({.model = "m", .version = "2", .weight = 5});
  ASSERT_TRUE(endpoints_->create(spec, who_));

  int second = 0;
  for (int i = 0; i < 200; ++i) second += predict("e").value() > 2000 ? 1 : 0;

  EXPECT_GE(second, 8);
  EXPECT_LE(second, 12);
  const auto view = *endpoints_->get("e");
  ASSERT_EQ(view.stats.size(), 2U);
  EXPECT_EQ(view.stats[0].requests + view.stats[1].requests, 200U);
  EXPECT_GT(view.stats[0].latency.quantile_ms(0.5), 0);
}

TEST_P(EndpointsTest, AnAliasThatMovesIsFollowed) {
  ASSERT_TRUE(endpoints_->create(champion("e"), who_));
  packages_->set_champion("2");

  endpoints_->refresh_now("m");

  EXPECT_EQ(predict("e").value(), 2003);
  EXPECT_EQ(endpoints_->get("e")->routes[0].version, "2");
}

TEST_P(EndpointsTest, AnAliasOnABrokenVersionKeepsTheOldOneAndSaysWhy) {
  ASSERT_TRUE(endpoints_->create(champion("e"), who_));
  packages_->set_champion("13");

  endpoints_->refresh_now("m");

  const auto view = *endpoints_->get("e");
  EXPECT_EQ(view.routes[0].version, "1");
  EXPECT_EQ(view.routes[0].state, RouteState::ready);
  EXPECT_NE(view.routes[0].error.find("version 13"), std::string::npos);
  EXPECT_EQ(predict("e").value(), 1003);
  packages_->set_champion("5");
  endpoints_->refresh_now("m");
  EXPECT_EQ(predict("e").value(), 5003);
  EXPECT_EQ(endpoints_->get("e")->routes[0].error, "");
}

TEST_P(EndpointsTest, VersionsSwapUnderLoadWithoutAFailedRequest) {
  ASSERT_TRUE(endpoints_->create(champion("e"), who_));
  std::atomic<bool> stop{false};
  std::atomic<int> failed{0};
  std::atomic<int> answered{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      while (!stop) {
        const auto answer = predict("e");
        const bool right = answer && static_cast<int>(*answer) % 1000 == 3;
        ++(right ? answered : failed);
      }
    });
  }

  // On a busy machine until the callers had their turn, too.
  for (int turn = 0; turn < 40 || (answered <= 100 && turn < 10'000); ++turn) {
    packages_->set_champion(std::to_string(turn % 12 + 1));
    endpoints_->refresh_now("m");
    const auto spec = turn % 2 == 0 ? champion("e") : pinned("e", "20");
    ASSERT_TRUE(endpoints_->update(spec, who_));
  }
  stop = true;
  for (auto& caller : callers) caller.join();

  EXPECT_EQ(failed, 0);
  EXPECT_GT(answered, 100);
}

TEST_P(EndpointsTest, AVersionThatNobodyUsesIsUnloaded) {
  ASSERT_TRUE(endpoints_->create(pinned("e", "1"), who_));
  ASSERT_TRUE(endpoints_->update(pinned("e", "2"), who_));

  for (int i = 0; i < 2000 && control_.loaded > 1; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  EXPECT_EQ(control_.loaded, 1);
}

TEST_P(EndpointsTest, AShadowGetsCopiesAndItsAnswersAreOnlyRecorded) {
  auto spec = pinned("e", "1");
  spec.routes.push_back({.model = "m", .version = "2", .shadow = true});
  ASSERT_TRUE(endpoints_->create(spec, who_));

  for (int i = 0; i < 10; ++i) EXPECT_EQ(predict("e").value(), 1003);

  for (int i = 0; i < 2000 && endpoints_->get("e")->stats[1].shadowed < 10; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const auto view = *endpoints_->get("e");
  EXPECT_EQ(view.stats[0].requests, 10U);
  EXPECT_EQ(view.stats[1].requests, 0U);
  EXPECT_EQ(view.stats[1].shadowed, 10U);
  std::vector<Prediction> recorded;
  for (int i = 0; i < 2000 && recorded.size() < 20; ++i) {
    endpoints_->predictions().drain(recorded);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  int shadows = 0;
  for (const auto& prediction : recorded) shadows += prediction.shadow ? 1 : 0;
  EXPECT_EQ(shadows, 10);
}

TEST_P(EndpointsTest, PredictionsCarryRowsWithTheirColumns) {
  ASSERT_TRUE(endpoints_->create(pinned("e", "7"), who_));
  const auto target = *endpoints_->pick("e");
  auto rows = Tensor::make("x", DType::fp32, {2, 2});
  static_cast<float*>(rows.mutable_data())[2] = 5;

  ASSERT_TRUE(target.infer_and_wait({.request_id = "trip", .inputs = {rows}}));

  std::vector<Prediction> recorded;
  ASSERT_EQ(endpoints_->predictions().drain(recorded), 1U);
  ASSERT_EQ(recorded.size(), 2U);
  const auto& second = recorded[1];
  EXPECT_EQ(second.endpoint, "e");
  EXPECT_EQ(second.version, "7");
  EXPECT_EQ(second.request_id, "trip/1");
  EXPECT_EQ(second.schema->features[0].name, "a");
  EXPECT_EQ(second.schema->outputs[0].name, "y");
  EXPECT_EQ(std::get<double>(second.features[0]), 5);
  EXPECT_EQ(std::get<double>(second.outputs[0]), 7005);
}

TEST_P(EndpointsTest, TheSampleRateDecidesWhatIsRecorded) {
  ASSERT_TRUE(endpoints_->create(pinned("e", "1"), who_));
  ASSERT_TRUE(endpoints_->set_sample_rate("e", 0.1));

  for (int i = 0; i < 200; ++i) ASSERT_TRUE(predict("e"));

  std::vector<Prediction> recorded;
  endpoints_->predictions().drain(recorded);
  EXPECT_GE(recorded.size(), 15U);
  EXPECT_LE(recorded.size(), 25U);
  EXPECT_EQ(endpoints_->set_sample_rate("e", 2).error().code, Code::invalid_argument);
}

TEST_P(EndpointsTest, WhatIsBeyondTheBudgetIsAnsweredAndNotRecorded) {
  ASSERT_TRUE(endpoints_->create(pinned("e", "1"), who_));
  ASSERT_TRUE(endpoints_->set_record_budget("e", 1));  // 20 at once

  for (int i = 0; i < 200; ++i) ASSERT_TRUE(predict("e"));

  std::vector<Prediction> recorded;
  endpoints_->predictions().drain(recorded);
  EXPECT_GE(recorded.size(), 20U);
  EXPECT_LT(recorded.size(), 100U);
  EXPECT_NE(meters_.prometheus_text().find("slipway_serving_predictions_thinned_total " +
                                           std::to_string(200 - recorded.size())),
            std::string::npos);
}

TEST(RecordBudgetTest, BurstsAreTakenWholeAndLastingTrafficEvenly) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  RecordBudget budget;
  budget.set(10);
  std::int64_t now = 1'000 * kSecond;
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(budget.take(1, now)) << i;
  EXPECT_TRUE(budget.take(1, now));  // the last one is paid for later
  EXPECT_FALSE(budget.take(1, now));
  int taken = 0;
  for (int i = 0; i < 10'000; ++i) taken += budget.take(1, now += kSecond / 1'000) ? 1 : 0;
  EXPECT_NEAR(taken, 100, 1);
  EXPECT_TRUE(budget.take(1'000, now += kSecond));  // whole; it is paid for in 100 seconds
  EXPECT_FALSE(budget.take(1, now + 99 * kSecond));
  budget.set(0);
  EXPECT_TRUE(budget.take(1'000'000, now));
}

TEST_P(EndpointsTest, WrongInputsAreRefusedByName) {
  ASSERT_TRUE(endpoints_->create(pinned("e", "1"), who_));
  const auto target = *endpoints_->pick("e");
  const auto say = [&](Tensors inputs) {
    return target.infer_and_wait({.inputs = std::move(inputs)}).error().message;
  };

  EXPECT_EQ(say({}), "input 'x' is missing");
  EXPECT_EQ(say({Tensor::make("z", DType::fp32, {1, 2})}), "unknown input 'z'");
  EXPECT_EQ(say({Tensor::make("x", DType::fp64, {1, 2})}), "input 'x' takes FP32, got FP64");
  EXPECT_EQ(say({Tensor::make("x", DType::fp32, {1, 3})}),
            "input 'x' takes shape [-1,2], got [1,3]");
  EXPECT_EQ(say({Tensor::make("x", DType::fp32, {0, 2})}), "input 'x' has no elements");
  EXPECT_EQ(endpoints_->get("e")->stats[0].rejected, 5U);
}

class Fields : public Caller {
 public:
  explicit Fields(std::map<std::string, std::string> fields) : fields_(std::move(fields)) {}
  std::string_view header(const std::string& name) const override {
    const auto found = fields_.find(name);
    return found == fields_.end() ? std::string_view() : std::string_view(found->second);
  }

 private:
  std::map<std::string, std::string> fields_;
};

TEST_P(EndpointsTest, RulesAndStickyCallersDecideBeforeWeights) {
  EndpointSpec spec{.name = "e", .sticky = "x-user"};
  spec.routes = {
      {.model = "m", .version = "1", .weight = 50},
      {.model = "m", .version = "2", .weight = 50},
      {.model = "m", .version = "3", .weight = 0, .header = "x-tier", .header_value = "beta"}};
  ASSERT_TRUE(endpoints_->create(spec, who_));
  const auto version = [&](std::map<std::string, std::string> fields) {
    const Fields caller(std::move(fields));
    return endpoints_->pick("e", {}, &caller)->version();
  };

  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(version({{"x-tier", "beta"}, {"x-user", std::to_string(i)}}), "3");
    EXPECT_EQ(version({{"x-user", "ada"}}), version({{"x-user", "ada"}}));
  }
  std::set<std::string> all;
  for (int i = 0; i < 50; ++i) all.insert(version({{"x-user", std::to_string(i)}}));
  EXPECT_EQ(all, (std::set<std::string>{"1", "2"}));
  reopen();
  EXPECT_EQ(version({{"x-tier", "beta"}}), "3");
}

TEST_P(EndpointsTest, WhoIsWithTheChallengerStaysWhileItsWeightGrows) {
  EndpointSpec spec{.name = "e", .sticky = "x-user"};
  spec.routes = {{.model = "m", .version = "1", .weight = 90},
                 {.model = "m", .version = "2", .weight = 10}};
  ASSERT_TRUE(endpoints_->create(spec, who_));
  const auto with_second = [&] {
    std::set<int> out;
    for (int i = 0; i < 300; ++i) {
      const Fields caller({{"x-user", std::to_string(i)}});
      if (endpoints_->pick("e", {}, &caller)->version() == "2") out.insert(i);
    }
    return out;
  };
  const auto few = with_second();
  spec.routes[0].weight = spec.routes[1].weight = 50;
  ASSERT_TRUE(endpoints_->update(spec, who_));
  const auto many = with_second();

  EXPECT_GT(few.size(), 10U);
  EXPECT_LT(few.size(), 60U);
  EXPECT_GT(many.size(), 100U);
  EXPECT_TRUE(std::includes(many.begin(), many.end(), few.begin(), few.end()));
}

TEST_P(EndpointsTest, AnUnloadedEndpointStaysSoUntilItIsLoaded) {
  ASSERT_TRUE(endpoints_->create(champion("e"), who_));
  ASSERT_TRUE(endpoints_->unload("e", who_));

  EXPECT_EQ(predict("e").error().code, Code::unavailable);
  EXPECT_TRUE(endpoints_->get("e")->spec.paused);
  reopen();
  EXPECT_EQ(predict("e").error().code, Code::unavailable);
  EXPECT_EQ(control_.loaded, 0);
  ASSERT_TRUE(endpoints_->load("e", who_));
  EXPECT_EQ(predict("e").value(), 1003);
  reopen();
  EXPECT_EQ(predict("e").value(), 1003);
  EXPECT_EQ(endpoints_->unload("none", who_).error().code, Code::not_found);
}

TEST_P(EndpointsTest, LoadingAModelMakesItAnEndpoint) {
  const auto made = endpoints_->load("m", who_);

  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->spec.routes[0].alias, "champion");
  EXPECT_EQ(predict("m").value(), 1003);
  EXPECT_EQ(endpoints_->statistics("m", "")->at(0).rows, 1U);
  EXPECT_FALSE(endpoints_->statistics("m", "9"));
}

TEST_P(EndpointsTest, EqualRequestsAreAnsweredFromTheCache) {
  auto spec = champion("e");
  spec.cache_bytes = 1 << 20;
  ASSERT_TRUE(endpoints_->create(spec, who_));
  const int before = control_.runs;

  EXPECT_EQ(predict("e").value(), 1003);
  EXPECT_EQ(predict("e").value(), 1003);

  EXPECT_EQ(control_.runs, before + 1);
  const auto all = endpoints_->statistics("e", "1");
  EXPECT_EQ(all->at(0).cache_hit.count, 1U);
  EXPECT_EQ(all->at(0).cache_miss.count, 1U);
}

INSTANTIATE_TEST_SUITE_P(Dialects, EndpointsTest,
                         ::testing::ValuesIn(store::TestDatabase::dialects()),
                         [](const auto& info) {
                           return info.param == store::Dialect::sqlite ? "Sqlite" : "Postgres";
                         });

}  // namespace
}  // namespace slipway::serving
