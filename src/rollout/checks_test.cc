// SPDX-License-Identifier: Apache-2.0
#include "checks.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "spec.h"

namespace slipway::rollout {
namespace {

Traffic traffic(std::int64_t requests, std::int64_t errors) {
  return {.requests = requests, .errors = errors, .latency = {}};
}

Verdict errors_of(const Traffic& champion, const Traffic& challenger) {
  return compare({champion, {}}, {challenger, {}}, {}, false)[0].verdict;
}

// Outcomes with labels as likely as `trust` of the scores says.
Outcomes outcomes(std::size_t n, double trust, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> unit(0, 1);
  Outcomes out;
  for (std::size_t i = 0; i < n; ++i) {
    const double p = unit(random);
    const int label = unit(random) < p ? 1 : 0;
    const double score = trust * p + (1 - trust) * (1 - p);
    out.labels.push_back(label);
    out.scores.push_back(std::clamp(score, 0.01, 0.99));
    out.right += (score >= 0.5) == (label == 1) ? 1 : 0;
  }
  out.known = out.classified = static_cast<std::int64_t>(n);
  return out;
}

TEST(Checks, FailingRequestsAreRedAfterAHandful) {
  EXPECT_EQ(errors_of(traffic(400, 0), traffic(20, 20)), Verdict::red);
  EXPECT_EQ(errors_of(traffic(400, 0), traffic(2'000, 0)), Verdict::green);
  EXPECT_EQ(errors_of(traffic(400, 0), traffic(0, 0)), Verdict::waiting);
  EXPECT_EQ(errors_of(traffic(400, 0), traffic(40, 1)), Verdict::amber);
  EXPECT_EQ(errors_of(traffic(0, 0), traffic(20, 20)), Verdict::red);
  EXPECT_EQ(errors_of(traffic(400, 40), traffic(400, 40)), Verdict::green);
}

TEST(Checks, AWrongScorerIsRedInEveryMeasureOfQuality) {
  const Side good{traffic(500, 0), outcomes(500, 1, 1)};
  const Side bad{traffic(500, 0), outcomes(500, 0, 2)};

  for (const auto& check : compare(good, bad, {}, false)) {
    if (check.name == "errors" || check.name == "latency") continue;
    EXPECT_EQ(check.verdict, Verdict::red) << check.name << ": " << check.detail;
  }
}

TEST(Checks, AnEqualScorerIsNotRedHoweverOftenOneLooks) {
  int alarms = 0;
  for (std::uint64_t path = 0; path < 20; ++path) {
    const auto all0 = outcomes(2'000, 1, 10 + path);
    const auto all1 = outcomes(2'000, 1, 1'000 + path);
    for (std::size_t n = 100; n <= 2'000; n += 100) {
      Outcomes a;
      Outcomes b;
      a.labels.assign(all0.labels.begin(), all0.labels.begin() + static_cast<std::ptrdiff_t>(n));
      a.scores.assign(all0.scores.begin(), all0.scores.begin() + static_cast<std::ptrdiff_t>(n));
      b.labels.assign(all1.labels.begin(), all1.labels.begin() + static_cast<std::ptrdiff_t>(n));
      b.scores.assign(all1.scores.begin(), all1.scores.begin() + static_cast<std::ptrdiff_t>(n));
      for (const auto& check : compare({traffic(1, 0), a}, {traffic(1, 0), b}, {}, false)) {
        alarms += check.verdict == Verdict::red ? 1 : 0;
      }
    }
  }
  EXPECT_EQ(alarms, 0);
}

Outcomes numbers(std::size_t n, double spread, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> error(0, spread);
  Outcomes out{.known = static_cast<std::int64_t>(n)};
  for (std::size_t i = 0; i < n; ++i) out.errors.push_back(error(random));
  return out;
}

Check mae_of(const Outcomes& champion, const Outcomes& challenger) {
  const auto checks = compare({traffic(1, 0), champion}, {traffic(1, 0), challenger}, {}, false);
  EXPECT_EQ(checks.size(), 3U);
  return checks.back();
}

TEST(Checks, NumbersAreComparedByTheirMeanAbsoluteError) {
  const auto red = mae_of(numbers(1'000, 10, 1), numbers(1'000, 20, 2));
  EXPECT_EQ(red.name, "mae");
  EXPECT_EQ(red.verdict, Verdict::red) << red.detail;
  EXPECT_NEAR(*red.champion_value, 10 * std::sqrt(2 / 3.14159265), 0.6);
  EXPECT_EQ(mae_of(numbers(1'000, 10, 1), numbers(1'000, 9, 2)).verdict, Verdict::green);
  EXPECT_EQ(mae_of(numbers(1'000, 10, 1), numbers(99, 20, 2)).verdict, Verdict::waiting);
  EXPECT_EQ(mae_of(numbers(120, 10, 1), numbers(120, 11.5, 2)).verdict, Verdict::amber);
  // The unit does not matter.
  EXPECT_EQ(mae_of(numbers(1'000, 1e-6, 1), numbers(1'000, 2e-6, 2)).verdict, Verdict::red);
}

TEST(Checks, EqualErrorsAreNotRedHoweverOftenOneLooks) {
  int alarms = 0;
  for (std::uint64_t path = 0; path < 20; ++path) {
    const auto all0 = numbers(2'000, 10, 10 + path);
    const auto all1 = numbers(2'000, 10, 1'000 + path);
    for (std::size_t n = 100; n <= 2'000; n += 100) {
      auto a = all0;
      auto b = all1;
      a.errors.resize(n);
      b.errors.resize(n);
      alarms += mae_of(a, b).verdict == Verdict::red ? 1 : 0;
    }
  }
  EXPECT_EQ(alarms, 0);
}

TEST(Spec, WeightsGrowToAHundred) {
  Spec spec{.endpoint = "e", .model = "m", .version = 2};
  ASSERT_EQ(completed(spec)->steps.size(), 4u);
  EXPECT_EQ(completed(spec)->steps[0].shadow, 100);
  EXPECT_EQ(completed(spec)->steps[1].weight, 5);
  spec.steps = {{.weight = 10}};
  EXPECT_EQ(completed(spec)->steps.back().weight, 100);
  spec.steps = {{.weight = 50}, {.weight = 5}};
  EXPECT_EQ(completed(spec).error().code, Code::invalid_argument);
  spec.steps = {{.weight = std::nan("")}};
  EXPECT_EQ(completed(spec).error().code, Code::invalid_argument);
  spec.steps = {{.weight = 100, .min_requests = -1}};
  EXPECT_EQ(completed(spec).error().code, Code::invalid_argument);
}

Outcomes sales(std::int64_t predictions, std::int64_t requests, double each = 1) {
  const auto n = static_cast<double>(requests);
  return {.predictions = predictions, .business = {{"sale", requests, n * each, n * each * each}}};
}

Verdict business_of(const Outcomes& champion, const Outcomes& challenger,
                    const std::string& measure) {
  const auto checks = compare({traffic(100, 0), champion}, {traffic(100, 0), challenger}, {}, false,
                              {{"sale", measure, 0.05}});
  EXPECT_EQ(checks.back().name, "business:sale");
  return checks.back().verdict;
}

TEST(Checks, FewerSalesAreRedOnceProven) {
  for (const std::string measure : {"rate", "value"}) {
    EXPECT_EQ(business_of(sales(99, 10), sales(2'000, 0), measure), Verdict::waiting);
    EXPECT_EQ(business_of(sales(2'000, 200), sales(2'000, 200), measure), Verdict::green);
    EXPECT_EQ(business_of(sales(2'000, 200), sales(2'000, 180), measure), Verdict::amber);
    EXPECT_EQ(business_of(sales(2'000, 200), sales(2'000, 60), measure), Verdict::red);
  }
  // None at all is not nothing known.
  EXPECT_EQ(business_of(sales(2'000, 200), {.predictions = 2'000}, "rate"), Verdict::red);
  // As many sales, each worth a third.
  EXPECT_EQ(business_of(sales(3'000, 300, 3), sales(3'000, 300, 1), "rate"), Verdict::green);
  EXPECT_EQ(business_of(sales(3'000, 300, 3), sales(3'000, 300, 1), "value"), Verdict::red);
}

TEST(Checks, EqualSalesAreNotRedHoweverOftenOneLooks) {
  int alarms = 0;
  for (std::uint64_t path = 0; path < 40; ++path) {
    std::mt19937_64 random(path + 1);
    std::bernoulli_distribution sells(0.1);
    std::int64_t a = 0;
    std::int64_t b = 0;
    bool red = false;
    for (std::int64_t n = 1; n <= 3'000; ++n) {
      a += sells(random) ? 1 : 0;
      b += sells(random) ? 1 : 0;
      if (n % 50 != 0) continue;
      red = red || business_of(sales(n, a), sales(n, b), "rate") == Verdict::red;
    }
    alarms += red ? 1 : 0;
  }
  EXPECT_LE(alarms, 2);
}

TEST(Checks, GoalsThatMakeNoSenseAreRefused) {
  Spec spec{.endpoint = "e", .model = "m", .version = 2};
  spec.business = {{"", "rate", 0.1}};
  EXPECT_EQ(completed(spec).error().message, "business[0].event is missing");
  spec.business = {{"sale", "count", 0.1}};
  EXPECT_EQ(completed(spec).error().message, "business[0].measure is 'count'");
  spec.business = {{"sale", "rate", 2}};
  EXPECT_EQ(completed(spec).error().message,
            "business[0].tolerance must be between 0 and 1, not 2");
}

}  // namespace
}  // namespace slipway::rollout
