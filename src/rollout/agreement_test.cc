// SPDX-License-Identifier: Apache-2.0
// What a shadow step looks at: copies, and answers to the same requests.
#include <random>

#include <gtest/gtest.h>

#include "checks.h"
#include "spec.h"

namespace slipway::rollout {
namespace {

constexpr double kAlpha = 0.01;

Check only(const Agreement& agreement, const Tolerances& t) {
  const auto checks = agreement_checks(agreement, t, kAlpha);
  EXPECT_EQ(checks.size(), 1U);
  return checks.front();
}

Agreement classes(std::int64_t pairs, std::int64_t equal) {
  return {.pairs = pairs, .classes = pairs, .equal = equal};
}

// Answers x and x + distance + noise.
Agreement numbers(std::int64_t pairs, double distance, double noise, std::uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> spread(0, 1);
  Agreement out{.pairs = pairs};
  for (std::int64_t i = 0; i < pairs; ++i) {
    const double x = spread(random);
    const double y = x + distance + noise * spread(random);
    ++out.numbers;
    out.difference += std::abs(x - y);
    out.difference_squares += (x - y) * (x - y);
    out.x += x;
    out.y += y;
    out.xx += x * x;
    out.yy += y * y;
    out.xy += x * y;
  }
  return out;
}

TEST(Agreement, WithoutARuleItIsToldAndDecidesNothing) {
  const auto check = only(classes(500, 250), {});
  EXPECT_EQ(check.name, "agreement");
  EXPECT_EQ(check.verdict, Verdict::green);
  EXPECT_DOUBLE_EQ(*check.challenger_value, 0.5);
  EXPECT_FALSE(is_ruled(check, {}));
  const auto told = agreement_checks(numbers(500, 3, 1), {}, kAlpha);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].verdict, Verdict::green);
  EXPECT_EQ(told[1].verdict, Verdict::green);
}

TEST(Agreement, ClassesThatDifferAreRedOnceProven) {
  const Tolerances t{.min_agreement = 0.95};
  EXPECT_EQ(only(classes(0, 0), t).verdict, Verdict::waiting);
  EXPECT_EQ(only(classes(29, 0), t).verdict, Verdict::waiting);
  EXPECT_EQ(only(classes(100, 94), t).verdict, Verdict::amber);
  EXPECT_EQ(only(classes(1'000, 970), t).verdict, Verdict::green);
  EXPECT_EQ(only(classes(1'000, 850), t).verdict, Verdict::red);
  EXPECT_TRUE(is_ruled(only(classes(0, 0), t), t));
}

TEST(Agreement, NumbersHaveADistanceAndACorrelation) {
  const Tolerances t{.max_difference = 0.5, .min_correlation = 0.9};
  auto checks = agreement_checks(numbers(1'000, 0.1, 0.1), t, kAlpha);
  ASSERT_EQ(checks.size(), 2U);
  EXPECT_EQ(checks[0].name, "difference");
  EXPECT_EQ(checks[0].verdict, Verdict::green);
  EXPECT_EQ(checks[1].name, "correlation");
  EXPECT_EQ(checks[1].verdict, Verdict::green);
  EXPECT_GT(*checks[1].challenger_value, 0.99);

  checks = agreement_checks(numbers(1'000, 2, 0.1), t, kAlpha);
  EXPECT_EQ(checks[0].verdict, Verdict::red);
  EXPECT_NEAR(*checks[0].challenger_value, 2, 0.05);
  EXPECT_EQ(checks[1].verdict, Verdict::green);  // moved, and in the same order

  checks = agreement_checks(numbers(1'000, 0, 1), t, kAlpha);
  EXPECT_EQ(checks[1].verdict, Verdict::red);
  checks = agreement_checks(numbers(99, 2, 1), t, kAlpha);
  EXPECT_EQ(checks[0].verdict, Verdict::waiting);
  EXPECT_EQ(checks[1].verdict, Verdict::waiting);
  EXPECT_TRUE(is_ruled(checks[0], t) && is_ruled(checks[1], t));
}

TEST(Agreement, AConstantHasNoCorrelation) {
  Agreement same{
      .pairs = 200, .numbers = 200, .x = 50, .y = 50, .xx = 12.5, .yy = 12.5, .xy = 12.5};
  const auto checks = agreement_checks(same, {.min_correlation = 0.9}, kAlpha);
  EXPECT_EQ(checks[1].verdict, Verdict::amber);
  EXPECT_FALSE(checks[1].challenger_value);
}

TEST(Agreement, WhatAgreesWellEnoughIsNotRedHoweverOftenOneLooks) {
  int alarms = 0;
  for (std::uint64_t path = 1; path <= 40; ++path) {
    std::mt19937_64 random(path);
    std::bernoulli_distribution agrees(0.9);
    Agreement sum;
    bool red = false;
    for (int n = 1; n <= 2'000; ++n) {
      ++sum.pairs;
      ++sum.classes;
      sum.equal += agrees(random) ? 1 : 0;
      if (n % 20 == 0) red |= only(sum, {.min_agreement = 0.9}).verdict == Verdict::red;
    }
    alarms += red ? 1 : 0;
  }
  EXPECT_LE(alarms, 1);  // stated: at most 1 %
}

TEST(Agreement, AShadowStepComparesCopiesWithTheRequestsOfItsTime) {
  const Side champion{{.requests = 1'000, .errors = 2, .latency = {}}, {}};
  const Side failing{{.requests = 1'000, .errors = 400, .latency = {}}, {}};
  const auto checks =
      compare_mirrored(judged_of(champion), judged_of(failing), classes(600, 600), {}, 0);
  EXPECT_EQ(checks[0].name, "errors");
  EXPECT_EQ(checks[0].verdict, Verdict::red);
  EXPECT_EQ(checks[1].name, "latency");
  EXPECT_EQ(checks[2].name, "agreement");
}

TEST(Spec, ShadowStepsComeFirstAndHaveNoWeight) {
  Spec spec{.endpoint = "e", .model = "m", .version = 2};
  spec.steps = {{.shadow = 10}, {.shadow = 100}, {.weight = 20}};
  const auto done = completed(spec);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->steps.size(), 4U);
  EXPECT_EQ(done->steps[0].min_requests, 100);
  EXPECT_EQ(done->steps[3].weight, 100);
  const auto refused = [&](std::vector<Step> steps) {
    spec.steps = std::move(steps);
    const auto got = completed(spec);
    return got ? std::string("taken") : got.error().message;
  };
  EXPECT_EQ(refused({{.weight = 5, .shadow = 5}}), "steps[0] has a weight and is a shadow");
  EXPECT_EQ(refused({{.weight = 5}, {.shadow = 5}}),
            "steps[1]: a shadow step comes before those with a weight");
  EXPECT_EQ(refused({{.shadow = 50}, {.shadow = 20}}),
            "steps[1].shadow must be above 50 and at most 100");
  EXPECT_EQ(refused({{.shadow = 101}}), "steps[0].shadow must be above 0 and at most 100");
  spec.tolerances.min_agreement = 0.9;
  EXPECT_EQ(refused({{.weight = 5}}),
            "tolerances.min_agreement: there is no shadow step to see it in");
  spec.tolerances.min_agreement = 1.5;
  EXPECT_EQ(refused({{.shadow = 5}}), "tolerances.min_agreement must be between 0 and 1, not 1.5");
}

}  // namespace
}  // namespace slipway::rollout
