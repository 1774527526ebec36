// SPDX-License-Identifier: Apache-2.0
#include "meter/meter.h"

#include <cmath>
#include <limits>
#include <thread>

#include <gtest/gtest.h>

namespace slipway::meter {
namespace {

bool has(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(Meter, TheSameNameAndLabelsGiveTheSameHandle) {
  Registry registry;
  auto& one = registry.counter("slipway_a_total", "help", {{"x", "1"}});
  EXPECT_EQ(&one, &registry.counter("slipway_a_total", "other help", {{"x", "1"}}));
  EXPECT_NE(&one, &registry.counter("slipway_a_total", "help", {{"x", "2"}}));
}

TEST(Meter, CountersOnlyGrow) {
  Registry registry;
  auto& counter = registry.counter("slipway_a_total", "help");
  counter.add();
  counter.add(-5);
  counter.add(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(counter.value(), 1);
}

TEST(Meter, NothingIsLostBetweenThreads) {
  Registry registry;
  auto& counter = registry.counter("slipway_a_total", "help");
  auto& gauge = registry.gauge("slipway_g", "help");
  auto& histogram = registry.histogram("slipway_h_seconds", "help");
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) {
        counter.add();
        gauge.add(i % 2 == 0 ? 1 : -1);
        histogram.observe(0.001);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 80'000);
  EXPECT_EQ(gauge.value(), 0);
  EXPECT_EQ(histogram.count(), 80'000u);
}

TEST(Meter, PrometheusTextEscapesAndCumulates) {
  Registry registry;
  registry.counter("slipway_a_total", "back\\slash\nline", {{"path", "a\"b\\c\nd"}}).add(2);
  auto& histogram = registry.histogram("slipway_h_seconds", "help", {{"m", "x"}}, {0.5, 1});
  histogram.observe(0.5);
  histogram.observe(0.7);
  histogram.observe(9);

  const auto text = registry.prometheus_text();

  EXPECT_TRUE(has(text, R"(# HELP slipway_a_total back\\slash\nline)"));
  EXPECT_TRUE(has(text, "# TYPE slipway_a_total counter"));
  EXPECT_TRUE(has(text, R"(slipway_a_total{path="a\"b\\c\nd"} 2)"));
  EXPECT_TRUE(has(text, R"(slipway_h_seconds_bucket{m="x",le="0.5"} 1)")) << "bounds are inclusive";
  EXPECT_TRUE(has(text, R"(slipway_h_seconds_bucket{m="x",le="1"} 2)"));
  EXPECT_TRUE(has(text, R"(slipway_h_seconds_bucket{m="x",le="+Inf"} 3)"));
  EXPECT_TRUE(has(text, R"(slipway_h_seconds_sum{m="x"} 10.2)"));
  EXPECT_TRUE(has(text, R"(slipway_h_seconds_count{m="x"} 3)"));
}

TEST(Meter, OpenMetricsNamesCountersByTheirFamily) {
  Registry registry;
  registry.counter("slipway_a_total", "say \"hi\"").add();
  registry.gauge("slipway_g", "help").set(-std::numeric_limits<double>::infinity());
  registry.histogram("slipway_h_seconds", "help", {}, {1}).observe(1);

  const auto text = registry.openmetrics_text();

  EXPECT_TRUE(has(text, "# TYPE slipway_a counter"));
  EXPECT_TRUE(has(text, R"(# HELP slipway_a say \"hi\")"));
  EXPECT_TRUE(has(text, "slipway_a_total 1"));
  EXPECT_TRUE(has(text, "slipway_g -Inf"));
  EXPECT_TRUE(has(text, R"(slipway_h_seconds_bucket{le="1.0"} 1)"));
  EXPECT_TRUE(text.ends_with("# EOF\n"));
}

TEST(Meter, QuantilesAreInterpolatedInTheirBucket) {
  Registry registry;
  auto& histogram = registry.histogram("slipway_h", "help", {}, {10, 20, 40});
  EXPECT_TRUE(std::isnan(histogram.quantile(0.5)));
  for (int i = 0; i < 10; ++i) histogram.observe(15);
  EXPECT_DOUBLE_EQ(histogram.quantile(0.5), 15);
  EXPECT_DOUBLE_EQ(histogram.quantile(1), 20);
  for (int i = 0; i < 90; ++i) histogram.observe(1'000);
  EXPECT_DOUBLE_EQ(histogram.quantile(0.99), 40) << "beyond the last bound nothing is known";
}

TEST(Meter, LabelsMadeFromInputCannotExhaustMemory) {
  Registry registry;
  for (int i = 0; i < 20'000; ++i) {
    registry.counter("slipway_a_total", "help", {{"x", std::to_string(i)}}).add();
  }
  EXPECT_EQ(registry.counter("slipway_a_total", "help", {{"overflow", "true"}}).value(), 10'000);
}

TEST(Meter, AForgottenSeriesIsNotShownAndItsHandleStaysValid) {
  Registry registry;
  auto& gauge = registry.gauge("slipway_g", "help", {{"x", "1"}});
  registry.forget("slipway_g", {{"x", "1"}});
  gauge.set(3);
  EXPECT_EQ(registry.prometheus_text(), "");
  EXPECT_NE(&registry.gauge("slipway_g", "help", {{"x", "1"}}), &gauge);
}

}  // namespace
}  // namespace slipway::meter
