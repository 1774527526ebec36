// SPDX-License-Identifier: Apache-2.0
// Histories at length: compaction changes where points lie and never what is read.
#include <algorithm>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "store/test_database.h"
#include "tracking/tracking.h"

namespace slipway::tracking {
namespace {

class Deaf : public EventSink {
 public:
  void publish(Event) override {}
};

class MetricsTest : public ::testing::TestWithParam<store::Dialect> {
 protected:
  RunId started() { return tracking_->runs().start({.experiment = ExperimentId("0")})->id; }
  void log(const RunId& run, const std::vector<Metric>& metrics) {
    const auto result = tracking_->runs().log(run, {.metrics = metrics});
    ASSERT_TRUE(result) << result.error().message;
  }
  std::vector<Point> pages(const RunId& run, const std::string& key, std::size_t size) {
    std::vector<Point> out;
    PageRequest page{size, ""};
    do {
      const auto part = *tracking_->runs().history(run, key, page);
      EXPECT_LE(part.items.size(), size);
      out.insert(out.end(), part.items.begin(), part.items.end());
      page.token = part.next_token;
    } while (!page.token.empty());
    return out;
  }
  std::int64_t count(const std::string& what) {
    const auto found = database_->read([&](store::Connection& c) {
      return c.first("SELECT COUNT(*) FROM " + what, {}, [](const auto& r) { return r.int64(0); });
    });
    return found->value_or(-1);
  }
  static bool by_time(const Point& a, const Point& b) {
    return std::tuple(a.at.ms, a.step, a.value) < std::tuple(b.at.ms, b.step, b.value);
  }
  static bool by_step(const Point& a, const Point& b) {
    return std::tuple(a.step, a.at.ms, a.value) < std::tuple(b.step, b.at.ms, b.value);
  }
  static void expect_equal(const std::vector<Point>& a, const std::vector<Point>& b) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      ASSERT_EQ(a[i].value, b[i].value) << i;
      ASSERT_EQ(a[i].at.ms, b[i].at.ms) << i;
      ASSERT_EQ(a[i].step, b[i].step) << i;
    }
  }

  store::TestDatabase database_{GetParam()};
  Deaf events_;
  std::unique_ptr<Tracking> tracking_ =
      std::make_unique<Tracking>(*database_, events_, system_clock(), system_ids());
};

TEST_P(MetricsTest, LongHistoriesReadAsIfTheyWereRows) {
  std::mt19937_64 random(3);
  const auto run = started();
  std::vector<Point> wanted;
  for (int batch = 0; batch < 60; ++batch) {
    std::vector<Metric> metrics;
    for (int i = 0; i < 1'000; ++i) {
      const auto n = batch * 500 + i / 2;
      // Late reports, steps that start again, and the same observation twice.
      const auto late = random() % 50 == 0 ? static_cast<std::int64_t>(random() % 20'000) : 0;
      const Point point{n * 0.25, {1'000'000 + n * 10 - late}, n % 20'000};
      const bool counted = i % 2 == 0;
      metrics.push_back({.key = counted ? "loss" : "other",
                         .value = point.value,
                         .at = point.at,
                         .step = point.step});
      if (counted) wanted.push_back(point);
      if (counted && random() % 10 == 0) metrics.push_back(metrics.back());
    }
    log(run, metrics);
  }
  std::sort(wanted.begin(), wanted.end(), by_time);
  EXPECT_GT(count("metric_chunks"), 4);
  EXPECT_LT(count("metric_tail"), 60);

  expect_equal(tracking_->runs().history(run, "loss", {0, ""})->items, wanted);
  expect_equal(pages(run, "loss", 777), wanted);
  ASSERT_TRUE(tracking_->runs().change(run, {.status = RunStatus::finished}));
  EXPECT_EQ(count("metric_tail"), 0);
  expect_equal(pages(run, "loss", 10'000), wanted);

  std::sort(wanted.begin(), wanted.end(), by_step);
  expect_equal(*tracking_->runs().sampled(run, "loss", 100'000, {}), wanted);
  std::vector<Point> part;
  for (const auto& p : wanted) {
    if (p.step >= 1'000 && p.step <= 1'500) part.push_back(p);
  }
  expect_equal(*tracking_->runs().sampled(run, "loss", 100'000, {{1'000, 1'500}}), part);
  const auto sample = *tracking_->runs().sampled(run, "loss", 100, {});
  ASSERT_EQ(sample.size(), 100u);
  for (std::size_t i = 0; i + 1 < 100; ++i) EXPECT_EQ(sample[i].step, wanted[i * 300].step);
  EXPECT_EQ(sample.back().step, wanted.back().step);
}

TEST_P(MetricsTest, ManyMetricsOfOnePointStayInFewRows) {
  const auto run = started();
  std::vector<Metric> metrics;
  for (int i = 0; i < 1'000; ++i) {
    metrics.push_back({.key = "m" + std::to_string(i), .value = i * 0.5, .at = {7}, .step = 1});
  }
  for (int batch = 0; batch < 20; ++batch) {
    for (auto& metric : metrics) metric.step = batch;
    log(run, metrics);
  }
  ASSERT_TRUE(tracking_->runs().change(run, {.status = RunStatus::finished}));
  EXPECT_EQ(count("metric_chunks"), 0);
  EXPECT_LE(count("metric_tail"), 3);
  EXPECT_EQ(tracking_->runs().history(run, "m999", {0, ""})->items.size(), 20u);
  const auto now = *tracking_->runs().get(run);
  ASSERT_EQ(now.metrics.size(), 1'000u);
  EXPECT_TRUE(std::all_of(now.metrics.begin(), now.metrics.end(),
                          [](const Metric& m) { return m.step == Step(19); }));
}

TEST_P(MetricsTest, StepsKeepTheirDecimals) {
  const auto run = started();
  const auto at = [](const char* step) { return *Step::parse(step); };
  const auto metric = [&](const char* step, double value) {
    return Metric{.key = "m", .value = value, .at = {1}, .step = at(step)};
  };
  log(run, {metric("0.5", 1), metric("0.25", 2), metric("-0.75", 3)});
  log(run, {metric("0.499999999", 4), metric("0.5", 1)});

  const auto history = tracking_->runs().history(run, "m", {0, ""})->items;
  ASSERT_EQ(history.size(), 4u);
  EXPECT_EQ(history[0].step, at("-0.75"));
  EXPECT_EQ(history[2].step, at("0.499999999"));
  EXPECT_EQ(pages(run, "m", 1).size(), 4u);
  EXPECT_EQ(tracking_->runs().get(run)->metrics[0].step, at("0.5"));
  EXPECT_EQ(tracking_->runs().sampled(run, "m", 9, {{0, 0}})->size(), 0u);
  EXPECT_EQ(tracking_->runs().sampled(run, "m", 9, {{-1, 1}})->size(), 4u);
  log(run, {metric("0.500000001", 7)});
  EXPECT_EQ(tracking_->runs().get(run)->metrics[0].value, 7);
}

TEST_P(MetricsTest, RowsOfOlderVersionsAreMovedOnceAndWhole) {
  const auto run = started();
  log(run, {{.key = "m", .value = 1, .at = {1}, .step = 1}});
  ASSERT_TRUE(database_->write([](store::Connection& c) -> Result<void> {
    SW_CHECK_OK(
        c.exec("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 149999)"
               " INSERT INTO metrics (run, metric, step, at, value, kind)"
               " SELECT 1, 1, i / 3 - 7, 1000 + i, i * 0.5, 0 FROM n"));
    return c.exec_many(
        "INSERT INTO metrics (run, metric, step, at, value, kind) VALUES (1, 1, 99, 5, ?, ?)",
        {{0.0, std::int64_t{1}}, {std::numeric_limits<double>::max(), std::int64_t{2}}});
  }));
  tracking_ = std::make_unique<Tracking>(*database_, events_, system_clock(), system_ids());

  EXPECT_EQ(count("metrics"), 0);
  const auto history = tracking_->runs().history(run, "m", {0, ""})->items;
  ASSERT_EQ(history.size(), 150'003u);
  EXPECT_TRUE(std::isnan(history[1].value));
  EXPECT_TRUE(std::isinf(history[2].value));
  for (std::int64_t i = 0; i < 150'000; ++i) {
    const auto& point = history[static_cast<std::size_t>(i) + 3];
    ASSERT_EQ(point.at.ms, 1'000 + i);
    ASSERT_EQ(point.step, Step(i / 3 - 7));
    ASSERT_EQ(point.value, i * 0.5);
  }
}

INSTANTIATE_TEST_SUITE_P(Dialects, MetricsTest,
                         ::testing::ValuesIn(store::TestDatabase::dialects()),
                         [](const auto& info) {
                           return info.param == store::Dialect::sqlite ? "sqlite" : "postgres";
                         });

}  // namespace
}  // namespace slipway::tracking
