// SPDX-License-Identifier: Apache-2.0
#include "tracking/tracking.h"

#include <cmath>
#include <limits>
#include <thread>

#include <gtest/gtest.h>

#include "store/test_database.h"
#include "tracking/artifacts.h"

namespace slipway::tracking {
namespace {

class Collector : public EventSink {
 public:
  void publish(Event event) override { events.push_back(std::move(event)); }
  std::vector<Event> events;
};

class TrackingTest : public ::testing::TestWithParam<store::Dialect> {
 protected:
  RunId started(std::string name = "baseline", std::int64_t at = 1'000) {
    return tracking_.runs()
        .start({.experiment = ExperimentId("0"), .name = std::move(name), .started = Timestamp{at}})
        ->id;
  }
  Result<void> log(const RunId& run, std::vector<Metric> metrics) {
    return tracking_.runs().log(run, {.metrics = std::move(metrics)});
  }
  double latest(const RunId& run, const std::string& key) {
    const auto found = *tracking_.runs().get(run);
    for (const auto& metric : found.metrics) {
      if (metric.key == key) return metric.value;
    }
    return -12345;
  }
  std::vector<std::string> names(Filter filter, std::vector<SearchOrder> order = {}) {
    Search search{
        .experiments = {ExperimentId("0")}, .filter = std::move(filter), .order = std::move(order)};
    const auto page = tracking_.runs().search(search);
    if (!page) return {page.error().message};
    std::vector<std::string> out;
    for (const auto& run : page->items) out.push_back(run.name);
    return out;
  }
  static Filter where(std::string entity, std::string key, Filter::Op op, Filter::Value value) {
    return {.kind = Filter::Kind::compare,
            .entity = std::move(entity),
            .key = std::move(key),
            .op = op,
            .value = std::move(value)};
  }
  static SearchOrder by(std::string entity, std::string key, bool ascending = true) {
    return {{std::move(entity), std::move(key), ascending}, {}, {}};
  }
  static Metric metric(std::string key, double value, std::int64_t step, std::int64_t at) {
    return {.key = std::move(key), .value = value, .at = {at}, .step = step};
  }

  store::TestDatabase db_{GetParam()};
  Collector events_;
  FakeClock clock_{1'000};
  FakeIds ids_;
  Tracking tracking_{db_, events_, clock_, ids_};
};

using Names = std::vector<std::string>;
using Op = Filter::Op;

TEST_P(TrackingTest, AParamKeepsItsFirstValueAndABatchIsAllOrNothing) {
  const auto run = started();
  ASSERT_TRUE(tracking_.runs().log(run, {.params = {{"lr", "0.1"}}}));

  const auto again = tracking_.runs().log(run, {.metrics = {metric("loss", 1, 0, 1)},
                                                .params = {{"new", "x"}, {"lr", "0.2"}},
                                                .tags = {{"late", "1"}}});

  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::invalid_argument);
  EXPECT_NE(again.error().message.find("'0.1'"), std::string::npos);
  EXPECT_TRUE(tracking_.runs().log(run, {.params = {{"lr", "0.1"}}}));
  const auto now = *tracking_.runs().get(run);
  EXPECT_EQ(now.params.size(), 1u);
  EXPECT_TRUE(now.tags.empty());
  EXPECT_TRUE(now.metrics.empty());
}

TEST(Artifacts, APathGoesBeforeTheQueryOfAnAddress) {
  EXPECT_EQ(beneath("s3://bucket/a?region=eu&x=/y", "/r1/artifacts"),
            "s3://bucket/a/r1/artifacts?region=eu&x=/y");
  EXPECT_EQ(beneath("gs://bucket/a#part", "/r1"), "gs://bucket/a/r1#part");
  EXPECT_EQ(beneath("s3://bucket/a", "/r1"), "s3://bucket/a/r1");
  EXPECT_EQ(beneath("0/what?", "/r1"), "0/what?/r1");
}

TEST_P(TrackingTest, AFinishedRunAcceptsLateReportsADeletedOneDoesNot) {
  const auto run = started();
  ASSERT_TRUE(tracking_.runs().change(run, {.status = RunStatus::finished, .ended = Timestamp{5}}));
  EXPECT_TRUE(tracking_.runs().log(run, {.params = {{"lr", "0.1"}}}));

  ASSERT_TRUE(tracking_.runs().remove(run));
  const auto late = tracking_.runs().log(run, {.params = {{"depth", "3"}}});

  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::failed_precondition);
  EXPECT_TRUE(tracking_.runs().remove(run));
  EXPECT_TRUE(tracking_.runs().restore(run));
  EXPECT_TRUE(tracking_.runs().log(run, {.params = {{"depth", "3"}}}));
}

TEST_P(TrackingTest, TheEndOfARunIsToldOnce) {
  const auto run = started();
  ASSERT_TRUE(tracking_.runs().change(run, {.status = RunStatus::finished}));
  ASSERT_TRUE(tracking_.runs().change(run, {.status = RunStatus::finished}));

  ASSERT_EQ(events_.events.size(), 1u);
  EXPECT_EQ(events_.events[0].type, "run.finished");
  EXPECT_EQ(events_.events[0].subject, run.str());
}

TEST_P(TrackingTest, TheLatestMetricIsTheGreatestByStepTimeAndValue) {
  const auto run = started();
  ASSERT_TRUE(log(run, {metric("m", 5, 2, 10), metric("m", 9, 1, 99)}));
  EXPECT_EQ(latest(run, "m"), 5);
  ASSERT_TRUE(log(run, {metric("m", 4, 2, 10)}));
  EXPECT_EQ(latest(run, "m"), 5);
  ASSERT_TRUE(log(run, {metric("m", 6, 2, 10)}));
  EXPECT_EQ(latest(run, "m"), 6);
  ASSERT_TRUE(log(run, {metric("m", 1, 2, 11)}));
  EXPECT_EQ(latest(run, "m"), 1);
  ASSERT_TRUE(log(run, {metric("m", -7, 3, 0)}));
  EXPECT_EQ(latest(run, "m"), -7);
}

TEST_P(TrackingTest, NanAndInfinitiesSurviveAndNanNeverBeatsANumber) {
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  const auto inf = std::numeric_limits<double>::infinity();
  const auto run = started();
  ASSERT_TRUE(log(run, {metric("x", nan, 0, 1), metric("y", inf, 0, 1), metric("z", -inf, 0, 1)}));
  EXPECT_TRUE(std::isnan(latest(run, "x")));
  EXPECT_EQ(latest(run, "y"), inf);
  EXPECT_EQ(latest(run, "z"), -inf);

  ASSERT_TRUE(log(run, {metric("x", -3, 0, 1)}));
  EXPECT_EQ(latest(run, "x"), -3);
  ASSERT_TRUE(log(run, {metric("x", nan, 0, 1)}));
  EXPECT_EQ(latest(run, "x"), -3);
  EXPECT_EQ(tracking_.runs().history(run, "x", {0, ""})->items.size(), 2u);
}

TEST_P(TrackingTest, TheSameObservationIsKeptOnceAndHistoryIsByTime) {
  const auto run = started();
  ASSERT_TRUE(log(run, {metric("m", 1, 5, 10), metric("m", 1, 5, 10), metric("m", 2, 1, 20)}));
  ASSERT_TRUE(log(run, {metric("m", 1, 5, 10)}));

  const auto history = tracking_.runs().history(run, "m", {0, ""});

  ASSERT_EQ(history->items.size(), 2u);
  EXPECT_EQ(history->items[0].step, 5);
  EXPECT_EQ(history->items[1].step, 1);
  EXPECT_TRUE(tracking_.runs().history(RunId("nobody"), "m", {0, ""})->items.empty());
}

TEST_P(TrackingTest, HistoryPagesMeetWithoutGapAndASampleKeepsBothEnds) {
  const auto run = started();
  std::vector<Metric> metrics;
  for (int i = 0; i < 250; ++i) metrics.push_back(metric("m", i * 0.5, i, 1'000 - i));
  ASSERT_TRUE(log(run, metrics));

  std::vector<double> values;
  PageRequest page{100, ""};
  do {
    const auto part = *tracking_.runs().history(run, "m", page);
    for (const auto& each : part.items) values.push_back(each.value);
    page.token = part.next_token;
  } while (!page.token.empty());
  ASSERT_EQ(values.size(), 250u);
  EXPECT_EQ(values.front(), 124.5);
  EXPECT_EQ(values.back(), 0);
  EXPECT_FALSE(tracking_.runs().history(run, "m", {10, "garbage"}));

  const auto sample = *tracking_.runs().sampled(run, "m", 7, {});
  ASSERT_EQ(sample.size(), 7u);
  EXPECT_EQ(sample.front().step, 0);
  EXPECT_EQ(sample.back().step, 249);
  EXPECT_EQ(tracking_.runs().sampled(run, "m", 1, {})->front().step, 249);
  EXPECT_EQ(tracking_.runs().sampled(run, "m", 1'000, {})->size(), 250u);
  EXPECT_EQ(tracking_.runs().sampled(run, "m", 1'000, {{10, 19}})->size(), 10u);
}

TEST_P(TrackingTest, RunsAreFoundByWhatTheyReported) {
  const auto a = started("a", 1);
  const auto b = started("b", 2);
  started("c", 3);
  ASSERT_TRUE(tracking_.runs().log(
      a, {.metrics = {metric("loss", 0.1, 0, 1)}, .params = {{"p", "X*"}}, .tags = {{"t", "1"}}}));
  ASSERT_TRUE(
      tracking_.runs().log(b, {.metrics = {metric("loss", NAN, 0, 1)}, .params = {{"p", "xy"}}}));

  EXPECT_EQ(names({}), (Names{"c", "b", "a"}));
  EXPECT_EQ(names(where("metric", "loss", Op::lt, 1.0)), Names{"a"});
  EXPECT_EQ(names(where("metric", "loss", Op::ne, 0.1)), Names{"b"});
  EXPECT_EQ(names(where("param", "p", Op::ne, "xy")), Names{"a"});
  EXPECT_EQ(names(where("param", "p", Op::like, "x%")), Names{"b"});
  EXPECT_EQ(names(where("param", "p", Op::like, "_*")), Names{"a"});
  EXPECT_EQ(names(where("param", "p", Op::ilike, "x_")), (Names{"b", "a"}));
  EXPECT_EQ(names(where("tag", "t", Op::is_null, {})), (Names{"c", "b"}));
  EXPECT_EQ(names(where("attribute", "name", Op::in, Names{"a", "c"})), (Names{"c", "a"}));
  EXPECT_EQ(names(where("attribute", "started", Op::ge, 2.0)), (Names{"c", "b"}));
  EXPECT_EQ(names(where("attribute", "status", Op::eq, "running")), (Names{"c", "b", "a"}));
  EXPECT_NE(names(where("attribute", "color", Op::eq, "red"))[0].find("color"), std::string::npos);
  Filter either{
      .kind = Filter::Kind::any_of,
      .parts = {where("attribute", "name", Op::eq, "a"), where("attribute", "name", Op::eq, "c")}};
  EXPECT_EQ(names(either), (Names{"c", "a"}));
  Filter neither{.kind = Filter::Kind::none_of, .parts = either.parts};
  EXPECT_EQ(names(neither), Names{"b"});
}

TEST_P(TrackingTest, RunsThatLackTheKeyComeLastInBothDirections) {
  const auto a = started("a", 1);
  const auto b = started("b", 2);
  const auto c = started("c", 3);
  started("d", 4);
  ASSERT_TRUE(log(a, {metric("m", 2, 0, 1)}));
  ASSERT_TRUE(log(b, {metric("m", 1, 0, 1)}));
  ASSERT_TRUE(log(c, {metric("m", NAN, 0, 1)}));

  EXPECT_EQ(names({}, {by("metric", "m")}), (Names{"b", "a", "c", "d"}));
  EXPECT_EQ(names({}, {by("metric", "m", false)}), (Names{"a", "b", "c", "d"}));
  EXPECT_EQ(names({}, {by("attribute", "started")}), (Names{"a", "b", "c", "d"}));
  EXPECT_EQ(names({}, {by("attribute", "ended"), by("attribute", "name", false)}),
            (Names{"d", "c", "b", "a"}));
  EXPECT_EQ(names({}, {by("metric", "m"), by("metric", "m")}).size(), 1u);
}

TEST_P(TrackingTest, PagesOfASearchMeetWithoutGap) {
  for (int i = 0; i < 25; ++i) started("r" + std::to_string(i), i);
  Search search{.experiments = {ExperimentId("0")}, .page = {10, ""}};
  Names seen;
  do {
    const auto page = *tracking_.runs().search(search);
    for (const auto& run : page.items) seen.push_back(run.name);
    search.page.token = page.next_token;
  } while (!search.page.token.empty());

  ASSERT_EQ(seen.size(), 25u);
  EXPECT_EQ(seen.front(), "r24");
  EXPECT_EQ(seen.back(), "r0");
}

TEST_P(TrackingTest, DeletingAnExperimentHidesItsRunsAndKeepsItsName) {
  const auto made = *tracking_.experiments().create("one", "", {{"k", "v"}});
  EXPECT_EQ(made.id, ExperimentId("1"));
  EXPECT_EQ(made.artifact_root, "1");
  const auto run = tracking_.runs().start({.experiment = made.id})->id;
  ASSERT_TRUE(tracking_.experiments().remove(made.id));

  EXPECT_EQ(tracking_.runs().get(run)->lifecycle, Lifecycle::deleted);
  EXPECT_EQ(tracking_.experiments().create("one", "", {}).error().code, Code::already_exists);
  EXPECT_EQ(tracking_.experiments().remove(made.id).error().code, Code::not_found);
  EXPECT_EQ(tracking_.runs().start({.experiment = made.id}).error().code,
            Code::failed_precondition);
  ASSERT_TRUE(tracking_.experiments().restore(made.id));
  EXPECT_EQ(tracking_.runs().get(run)->lifecycle, Lifecycle::active);
  EXPECT_EQ(tracking_.experiments().get(ExperimentId("x")).error().code, Code::invalid_argument);
  EXPECT_EQ(tracking_.experiments().by_name("Default")->id, ExperimentId("0"));
}

TEST_P(TrackingTest, DatasetsAreInputsOnce) {
  const auto run = started();
  const DatasetInput input{.dataset = {.name = "d", .digest = "1", .source_type = "x"},
                           .tags = {{kContextTag, "training"}}};
  ASSERT_TRUE(tracking_.runs().add_inputs(run, {input, input}, {LoggedModelId("m-1")}));
  ASSERT_TRUE(tracking_.runs().add_inputs(run, {input}, {LoggedModelId("m-1")}));

  const auto now = *tracking_.runs().get(run);
  ASSERT_EQ(now.datasets.size(), 1u);
  EXPECT_EQ(now.datasets[0].tags[0].value, "training");
  EXPECT_EQ(now.model_inputs.size(), 1u);
  EXPECT_EQ(names(where("dataset", "context", Op::eq, "training")), Names{"baseline"});
  EXPECT_EQ(tracking_.runs().datasets({ExperimentId("0")})->size(), 1u);
}

TEST_P(TrackingTest, ALoggedModelIsFoundByItsMetrics) {
  const auto run = started();
  const auto model =
      *tracking_.models().create({.experiment = ExperimentId("0"), .name = "m", .source_run = run});
  auto acc = metric("acc", 0.5, 0, 1);
  acc.model = model.id.str();
  acc.dataset_name = "d";
  ASSERT_TRUE(log(run, {acc}));
  ASSERT_TRUE(tracking_.models().finalize(model.id, ModelStatus::ready));

  Search search{.experiments = {ExperimentId("0")}};
  search.filter = where("metric", "acc", Op::gt, 0.4);
  ASSERT_EQ(tracking_.models().search(search)->items.size(), 1u);
  EXPECT_EQ(tracking_.models().search(search)->items[0].metrics[0].run, run);
  search.datasets = {{.name = "other"}};
  EXPECT_TRUE(tracking_.models().search(search)->items.empty());
  search.datasets.clear();
  search.order = {by("metric", "acc", false), by("attribute", "name")};
  EXPECT_EQ(tracking_.models().search(search)->items.size(), 1u);
  ASSERT_TRUE(tracking_.models().remove(model.id));
  EXPECT_EQ(tracking_.models().get(model.id).error().code, Code::not_found);
  EXPECT_EQ(tracking_.models().get(model.id, true)->status, ModelStatus::ready);
}

TEST_P(TrackingTest, ManyWritersLoseNothing) {
  const auto run = started();
  std::vector<std::thread> writers;
  for (int w = 0; w < 4; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; i < 25; ++i) {
        EXPECT_TRUE(
            log(run, {metric("m", i, w * 100 + i, 1), metric("own" + std::to_string(w), i, i, 1)}));
      }
    });
  }
  for (auto& writer : writers) writer.join();

  EXPECT_EQ(tracking_.runs().history(run, "m", {0, ""})->items.size(), 100u);
  EXPECT_EQ(latest(run, "m"), 24);
  EXPECT_EQ(tracking_.runs().get(run)->metrics.size(), 5u);
}

TEST_P(TrackingTest, PagesOfExperimentsStandOnTheLastOne) {
  auto& experiments = tracking_.experiments();
  for (const char* name : {"b", "a", "d", "c", "e"}) {
    clock_.advance(name[0] % 2);  // some are as old as their neighbour
    ASSERT_TRUE(experiments.create(name, "", {}));
  }
  const std::vector<std::vector<SearchOrder>> orders = {
      {},
      {by("attribute", "name")},
      {by("attribute", "created"), by("attribute", "name", false)},
      {by("attribute", "updated", false), by("attribute", "id")},
  };
  for (const auto& order : orders) {
    Names all;
    const auto whole = *experiments.search({.order = order});
    for (const auto& each : whole.items) all.push_back(each.name);
    ASSERT_EQ(all.size(), 6u);
    for (std::size_t size = 1; size <= 6; ++size) {
      Names found;
      Search search{.order = order, .page = {size, ""}};
      do {
        const auto page = experiments.search(search);
        ASSERT_TRUE(page) << page.error().message;
        EXPECT_LE(page->items.size(), size);
        for (const auto& each : page->items) found.push_back(each.name);
        search.page.token = page->next_token;
      } while (!search.page.token.empty());
      EXPECT_EQ(found, all) << size;
    }
  }
  Search search{.order = {by("attribute", "name")}, .page = {3, ""}};
  search.page.token = experiments.search(search)->next_token;
  ASSERT_TRUE(experiments.create("0 comes before", "", {}));
  EXPECT_EQ(experiments.search(search)->items.front().name, "c");
  search.order = {by("attribute", "name", false)};
  EXPECT_EQ(experiments.search(search).error().code, Code::invalid_argument);
}

INSTANTIATE_TEST_SUITE_P(Dialects, TrackingTest,
                         ::testing::ValuesIn(store::TestDatabase::dialects()),
                         [](const auto& info) {
                           return info.param == store::Dialect::sqlite ? "sqlite" : "postgres";
                         });

}  // namespace
}  // namespace slipway::tracking
