// SPDX-License-Identifier: Apache-2.0
// Last values in rows and in blocks: a reader cannot tell which, whoever moved them meanwhile.
#include "latest.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "run_search.h"
#include "store/test_database.h"
#include "tracking/erase.h"
#include "tracking/tracking.h"

namespace slipway::tracking {
namespace {

class Deaf : public EventSink {
 public:
  void publish(Event) override {}
};

class LatestTest : public ::testing::TestWithParam<store::Dialect> {
 protected:
  static constexpr int kWide = 200;  // metrics of a report that go to blocks

  RunId started(std::string name = "run") {
    return tracking_->runs().start({.experiment = ExperimentId("0"), .name = std::move(name)})->id;
  }
  static Metric metric(std::string key, double value, std::int64_t step = 0, std::int64_t at = 1) {
    return {.key = std::move(key), .value = value, .at = {at}, .step = step};
  }
  // "m0" is `base`, "m1" one more, and so on.
  static std::vector<Metric> wide(double base, std::int64_t step = 0, int metrics = kWide) {
    std::vector<Metric> out;
    for (int i = 0; i < metrics; ++i) {
      out.push_back(metric("m" + std::to_string(i), base + i, step));
    }
    return out;
  }
  void log(const RunId& run, const std::vector<Metric>& metrics) {
    const auto result = tracking_->runs().log(run, {.metrics = metrics});
    ASSERT_TRUE(result) << result.error().message;
  }
  void log(Tracking& by, const RunId& run, const std::vector<Metric>& metrics) {
    const auto result = by.runs().log(run, {.metrics = metrics});
    ASSERT_TRUE(result) << result.error().message;
  }
  std::map<std::string, double> latest(const RunId& run) {
    std::map<std::string, double> out;
    const auto found = *tracking_->runs().get(run);
    for (const auto& each : found.metrics) {
      EXPECT_TRUE(out.emplace(each.key, each.value).second) << each.key;
    }
    return out;
  }
  std::int64_t number(const std::string& sql) {
    const auto found = database_->read([&](store::Connection& c) {
      return c.first(sql, {}, [](const auto& row) { return row.int64(0); });
    });
    return found->value_or(-1);
  }
  std::int64_t count(const std::string& what) { return number("SELECT COUNT(*) FROM " + what); }
  static Search above(const std::string& key, double value) {
    Search out{.experiments = {ExperimentId("0")}};
    out.filter = {.kind = Filter::Kind::compare,
                  .entity = "metric",
                  .key = key,
                  .op = Filter::Op::gt,
                  .value = value};
    out.order = {{{"metric", key, false}, {}, {}}};
    return out;
  }
  std::vector<std::string> names(const Search& search) {
    const auto page = tracking_->runs().search(search);
    if (!page) return {page.error().message};
    std::vector<std::string> out;
    for (const auto& run : page->items) out.push_back(run.name);
    return out;
  }
  std::unique_ptr<Tracking> another() {
    return std::make_unique<Tracking>(*database_, events_, system_clock(), system_ids());
  }

  store::TestDatabase database_{GetParam()};
  Deaf events_;
  std::unique_ptr<Tracking> tracking_ = another();
};

using Names = std::vector<std::string>;

TEST_P(LatestTest, AWideReportCostsARowForEach64Metrics) {
  const auto run = started();
  log(run, wide(0));
  EXPECT_EQ(count("latest_metrics"), 0);
  EXPECT_LE(count("latest_blocks"), kWide / 64 + 2);

  log(run, {metric("m7", -7, 1), metric("alone", 5)});
  log(run, {metric("m7", 99, 0, 9), metric("alone", 6)});
  const auto found = latest(run);
  EXPECT_EQ(found.size(), kWide + 1u);
  EXPECT_EQ(found.at("m7"), -7);
  EXPECT_EQ(found.at("m199"), 199);
  EXPECT_EQ(found.at("alone"), 6);
  EXPECT_EQ(count("latest_metrics"), 1);
}

TEST_P(LatestTest, ANarrowReportStaysInRowsAndAnotherRunOfItsMetricsMayBeWide) {
  const auto narrow = started("narrow");
  log(narrow, wide(1'000, 0, 3));
  EXPECT_EQ(count("latest_metrics"), 3);
  const auto run = started("wide");
  log(run, wide(0));
  EXPECT_EQ(count("latest_metrics"), 3);
  log(narrow, {metric("m1", 7, 1), metric("m2", 7, -1)});  // a block beside the rows

  EXPECT_EQ(latest(narrow),
            (std::map<std::string, double>{{"m0", 1'000}, {"m1", 7}, {"m2", 1'002}}));
  EXPECT_EQ(names(above("m1", 0)), (Names{"narrow", "wide"}));
  EXPECT_EQ(names(above("m1", 1)), (Names{"narrow"}));
  EXPECT_EQ(names(above("m2", 1)), (Names{"narrow", "wide"}));
  EXPECT_EQ(latest(narrow).at("m1"), 7);
}

TEST_P(LatestTest, ARunThatGrowsWideReportByReportIsFoundOut) {
  const auto run = started();
  const auto all = wide(0, 0, 600);
  for (std::size_t first = 0; first < all.size(); first += 20) {
    const auto from = all.begin() + static_cast<std::ptrdiff_t>(first);
    log(run, {from, from + 20});
  }
  EXPECT_LE(count("latest_metrics"), 100);
  EXPECT_EQ(latest(run).size(), 600u);
  EXPECT_EQ(latest(run).at("m599"), 599);
}

TEST_P(LatestTest, EveryAcknowledgedValueIsFoundByTheNextSearch) {
  const auto first = started("first");
  const auto second = started("second");
  log(first, wide(0));
  log(second, wide(0.5));
  EXPECT_EQ(names(above("m3", 0)), (Names{"second", "first"}));  // the first to name it
  log(first, {metric("m3", 50, 1)});
  EXPECT_EQ(names(above("m3", 0)), (Names{"first", "second"}));
  const auto third = started("third");
  log(third, wide(100));
  EXPECT_EQ(names(above("m3", 0)), (Names{"third", "first", "second"}));
  log(third, wide(-100, 1));
  EXPECT_EQ(names(above("m3", 0)), (Names{"first", "second"}));
  EXPECT_EQ(names(above("m4", 0)), (Names{"second", "first"}));
  EXPECT_EQ(number("SELECT COUNT(*) FROM latest_metrics"), 6);
  EXPECT_EQ(latest(third).at("m3"), -97);
}

TEST_P(LatestTest, AnotherProcessThatHasNotHeardOfAMoveWritesToTheRightPlace) {
  const auto other = another();
  const auto run = started("a");
  const auto late = started("b");
  log(run, wide(0));
  log(*other, late, wide(10));  // both know now that these are in blocks
  EXPECT_EQ(names(above("m5", 0)), (Names{"b", "a"}));
  log(*other, run, wide(100, 1));
  EXPECT_EQ(names(above("m5", 0)), (Names{"a", "b"}));
  log(*other, late, wide(1'000, 1));
  EXPECT_EQ(names(above("m5", 0)), (Names{"b", "a"}));
  EXPECT_EQ(names(above("m6", 1'000)), (Names{"b"}));
}

TEST_P(LatestTest, AMoveThatWasInterruptedGoesOn) {
  const auto first = started("first");
  const auto second = started("second");
  log(first, wide(0));
  log(second, wide(1));
  const auto metric_number = number("SELECT id FROM metric_keys WHERE name = 'm9'");
  ASSERT_TRUE(database_->write([&](store::Connection& c) -> Result<void> {
    SW_CHECK_OK(c.exec("UPDATE metric_keys SET place = 2 WHERE id = ?", {metric_number}));
    SW_CHECK_OK(
        c.exec("INSERT INTO metric_moves (metric, reached) VALUES (?, 0)", {metric_number}));
    return {};
  }));
  log(first, wide(20, 1));
  log(second, wide(-20, -1));  // older than what the block still has
  EXPECT_EQ(latest(first).at("m9"), 29);
  EXPECT_EQ(latest(second).at("m9"), 10);
  EXPECT_EQ(names(above("m9", 0)), (Names{"first", "second"}));
  EXPECT_EQ(latest(second).at("m9"), 10);
}

TEST_P(LatestTest, ManyRunsMoveInPieces) {
  ASSERT_TRUE(database_->write([&](store::Connection& c) -> Result<void> {
    SW_CHECK_OK(c.exec("INSERT INTO metric_keys (id, name, place) VALUES (70, 'loss', 1)"));
    SW_CHECK_OK(c.exec(
        "INSERT INTO runs (id, uuid, experiment, name, user_name, status, started, artifact_root,"
        " state) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2100)"
        " SELECT i, 'run' || i, 0, CAST(i AS TEXT), '', 1, i, 'x', 0 FROM n"));
    std::vector<store::Cells> rows;
    for (std::int64_t run = 1; run <= 2'100; ++run) {
      std::vector<KeyedPoint> points;
      for (std::int64_t m = 64; m < 80; ++m) {
        points.push_back({m, {static_cast<double>(run * 100 + m), {1}, 0}});
      }
      rows.push_back({run, std::int64_t{64}, store::Blob{encode(points.data(), points.size())}});
    }
    return c.exec_many("INSERT INTO latest_blocks (run, first, data) VALUES (?, ?, ?)", rows);
  }));
  auto search = above("loss", 270);
  search.page.size = 3;
  EXPECT_EQ(names(search), (Names{"2100", "2099", "2098"}));
  search.page.size = 10'000;
  EXPECT_EQ(names(search).size(), 2'098u);
  EXPECT_EQ(count("latest_metrics"), 2'100);
  EXPECT_EQ(number("SELECT reached FROM metric_moves"), 2'100);
}

TEST_P(LatestTest, WhatOlderVersionsStoredInRowsIsReadAndWideReportsLeaveIt) {
  const auto run = started("old");
  log(run, {metric("m0", 1)});
  // As a version before blocks would have: a row a metric.
  ASSERT_TRUE(database_->write([&](store::Connection& c) -> Result<void> {
    for (int i = 1; i < kWide; ++i) {
      SW_CHECK_OK(c.exec("INSERT INTO metric_keys (id, name) VALUES (?, ?)",
                         {std::int64_t{1'000 + i}, "m" + std::to_string(i)}));
      SW_CHECK_OK(
          c.exec("INSERT INTO latest_metrics (run, metric, step, at, value, kind)"
                 " SELECT id, ?, 5, 1, ?, 0 FROM runs WHERE uuid = ?",
                 {std::int64_t{1'000 + i}, i * 1.0, run.str()}));
    }
    return {};
  }));
  EXPECT_EQ(latest(run).size(), static_cast<std::size_t>(kWide));
  EXPECT_EQ(names(above("m150", 100)), (Names{"old"}));

  log(run, wide(1'000, 4));  // older than the rows, but for m0
  EXPECT_EQ(count("latest_metrics"), kWide);
  EXPECT_EQ(latest(run).at("m150"), 150);
  EXPECT_EQ(latest(run).at("m0"), 1'000);
  log(run, wide(2'000, 6));
  EXPECT_EQ(latest(run).at("m150"), 2'150);
  EXPECT_EQ(names(above("m150", 151)), (Names{"old"}));
  EXPECT_EQ(names(above("m151", 2'150)), (Names{"old"}));
}

TEST_P(LatestTest, KeysAndAPartOfThemComeFromBothPlaces) {
  const auto run = started();
  log(run, wide(0));
  EXPECT_EQ(names(above("m8", 100)), Names{});
  log(run, {metric("M8", 1), metric("m8", 2, 1)});
  const auto keys = *tracking_->runs().keys(ExperimentId("0"), 10);
  EXPECT_EQ(keys.metrics.size(), kWide + 1u);
  EXPECT_EQ(keys.metrics.front(), "M8");

  Search search{.experiments = {ExperimentId("0")}};
  search.keys.metrics = {"m8", "m9", "M8", "absent"};
  const auto found = tracking_->runs().search(search)->items;
  ASSERT_EQ(found.size(), 1u);
  std::map<std::string, double> values;
  for (const auto& each : found[0].metrics) values[each.key] = each.value;
  EXPECT_EQ(values, (std::map<std::string, double>{{"M8", 1}, {"m8", 2}, {"m9", 9}}));
}

TEST_P(LatestTest, AnErasedRunLeavesNothing) {
  const auto run = started();
  log(run, wide(0));
  ASSERT_TRUE(tracking_->runs().remove(run));
  ASSERT_TRUE(*database_->write([&](store::Connection& c) { return erase_run(c, run); }));
  EXPECT_EQ(count("latest_blocks"), 0);
}

// Reports of every width to a few runs, by two processes, with searches in between: what is read is
// what a plain map holds.
TEST_P(LatestTest, PlacesChangeAndValuesDoNot) {
  std::mt19937 random(11);
  const auto roll = [&](int sides) {
    return static_cast<int>(random() % static_cast<unsigned>(sides));
  };
  const auto at = [](int n) { return static_cast<std::size_t>(n); };
  const std::vector<double> values = {
      0, 1, 2.5, -3, std::nan(""), std::numeric_limits<double>::infinity()};
  const auto other = another();
  std::vector<RunId> runs;
  for (int i = 0; i < 6; ++i) runs.push_back(started(std::to_string(i)));
  std::map<std::pair<int, std::string>, Point> wanted;
  for (int round = 0; round < (GetParam() == store::Dialect::sqlite ? 250 : 80); ++round) {
    const int run = roll(6);
    const int size = roll(3) == 0 ? 80 + roll(60) : 1 + roll(30);
    std::vector<Metric> report;
    for (int i = 0; i < size; ++i) {
      const auto each =
          metric("k" + std::to_string(roll(150)), values[at(roll(6))], roll(4), roll(3));
      const Point point{each.value, each.at, each.step};
      const auto [last, is_new] = wanted.try_emplace({run, each.key}, point);
      if (!is_new && outranks(point, last->second)) last->second = point;
      report.push_back(each);
    }
    log(roll(2) == 0 ? *other : *tracking_, runs[at(run)], report);
    if (roll(4) != 0) continue;
    const auto key = "k" + std::to_string(roll(150));
    Names expected;
    for (int i = 0; i < 6; ++i) {
      const auto last = wanted.find({i, key});
      if (last != wanted.end() && last->second.value > 0.5) expected.push_back(std::to_string(i));
    }
    auto search = above(key, 0.5);
    auto found = roll(2) == 0 ? other->runs().search(search)->items
                              : tracking_->runs().search(search)->items;
    Names got;
    for (const auto& each : found) got.push_back(each.name);
    std::sort(got.begin(), got.end());
    ASSERT_EQ(got, expected) << key << " in round " << round;
  }
  EXPECT_GT(count("latest_blocks"), 0);
  EXPECT_GT(count("latest_metrics"), 0);
  EXPECT_GT(count("metric_moves"), 1);
  std::size_t total = 0;
  for (int i = 0; i < 6; ++i) {
    const auto found = *tracking_->runs().get(runs[at(i)]);
    for (const auto& each : found.metrics) {
      ASSERT_TRUE(same({each.value, each.at, each.step}, wanted.at({i, each.key}))) << each.key;
      ++total;
    }
  }
  EXPECT_EQ(total, wanted.size());
}

INSTANTIATE_TEST_SUITE_P(Dialects, LatestTest, ::testing::ValuesIn(store::TestDatabase::dialects()),
                         [](const auto& info) {
                           return info.param == store::Dialect::sqlite ? "sqlite" : "postgres";
                         });

}  // namespace
}  // namespace slipway::tracking
