// SPDX-License-Identifier: Apache-2.0
#include "tracing/tracing.h"

#include <gtest/gtest.h>

#include "store/test_database.h"
#include "tracking/tracking.h"

namespace slipway::tracing {
namespace {

class Nowhere : public EventSink {
 public:
  void publish(Event) override {}
};

class TracingTest : public ::testing::TestWithParam<store::Dialect> {
 protected:
  Trace reported(const std::string& id, std::int64_t at, std::vector<Tag> tags = {}) {
    Trace trace;
    trace.id = TraceId(id);
    trace.experiment = ExperimentId("0");
    trace.requested = {at};
    trace.duration_ms = 10;
    trace.state = TraceState::ok;
    trace.told = true;
    trace.tags = std::move(tags);
    const auto made = tracing_.traces().report(trace);
    EXPECT_TRUE(made) << made.error().message;
    return *made;
  }
  static Span span(const std::string& id, const std::string& parent, const std::string& name,
                   const std::string& body) {
    Span out;
    out.id = id;
    out.parent = parent;
    out.name = name;
    out.status = SpanStatus::ok;
    out.started_ns = 2'000'000'000;
    out.ended_ns = 2'500'000'000;
    out.body = body;
    return out;
  }
  void add(const std::string& trace, std::vector<Span> spans) {
    SpanBatch batch;
    batch.trace = TraceId(trace);
    batch.spans = std::move(spans);
    const auto added = tracing_.spans().add(ExperimentId("0"), {batch});
    ASSERT_TRUE(added) << added.error().message;
  }
  static Filter where(std::string entity, std::string key, Filter::Op op, Filter::Value value) {
    return {.kind = Filter::Kind::compare,
            .entity = std::move(entity),
            .key = std::move(key),
            .op = op,
            .value = std::move(value)};
  }
  std::vector<std::string> found(Filter filter, std::size_t size = 100, std::string token = "") {
    if (filter.kind == Filter::Kind::compare) filter = {.parts = {filter}};
    Search search{.experiments = {{ExperimentId("0")}},
                  .filter = std::move(filter),
                  .order = {},
                  .page = {size, std::move(token)}};
    const auto page = tracing_.traces().search(search);
    if (!page) return {page.error().message};
    next_ = page->next_token;
    std::vector<std::string> out;
    for (const auto& trace : page->items) out.push_back(trace.id.str());
    return out;
  }

  store::TestDatabase db_{GetParam()};
  FakeClock clock_{5'000};
  FakeIds ids_;
  Nowhere nowhere_;
  tracking::Tracking tracking_{db_, nowhere_, clock_, ids_};
  Tracing tracing_{db_, tracking_, clock_, ids_};
  std::string next_;
  using Names = std::vector<std::string>;
  using Op = Filter::Op;
};

TEST_P(TracingTest, SpansThatComeFirstMakeTheTraceAndTheReportWins) {
  add("tr-1", {span("a", "", "root", "{}")});
  auto trace = *tracing_.traces().get(TraceId("tr-1"));
  EXPECT_EQ(trace.requested.ms, 2'000);
  EXPECT_EQ(trace.duration_ms, 500);
  EXPECT_EQ(trace.state, TraceState::ok);
  EXPECT_FALSE(trace.told);
  reported("tr-1", 1'234);
  add("tr-1", {span("b", "a", "child", "{}")});
  trace = *tracing_.traces().get(TraceId("tr-1"));
  EXPECT_EQ(trace.requested.ms, 1'234);
  EXPECT_EQ(trace.duration_ms, 10);
  EXPECT_TRUE(trace.has_spans);
  EXPECT_EQ(trace.artifact_root, "0/traces/tr-1/artifacts");
}

TEST_P(TracingTest, ASpanSentAgainReplacesItself) {
  add("tr-1", {span("a", "", "root", "{\"first\": 1}")});
  add("tr-1", {span("a", "", "renamed", "{\"second\": 2}")});
  const auto spans = *tracing_.spans().of(TraceId("tr-1"));
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(spans[0].name, "renamed");
  EXPECT_EQ(spans[0].body, "{\"second\": 2}");
  EXPECT_EQ(found(where("span", "body", Op::like, std::string("%first%"))), Names{});
}

TEST_P(TracingTest, AParentThatCountsHidesItsChildren) {
  auto root = span("a", "", "root", "{}");
  auto child = span("b", "a", "child", "{}");
  auto stray = span("c", "elsewhere", "stray", "{}");
  child.usage = Usage{.input = 3, .output = 4, .total = 7};
  stray.usage = Usage{.input = 1, .output = 1, .total = 2};
  add("tr-1", {child, stray});
  EXPECT_EQ(tracing_.traces().get(TraceId("tr-1"))->usage.total, 9);
  root.usage = Usage{.input = 5, .output = 5, .total = 10};
  add("tr-1", {root});
  EXPECT_EQ(tracing_.traces().get(TraceId("tr-1"))->usage.total, 12);
}

TEST_P(TracingTest, TextsAreFoundInBodiesOfTheSameSpan) {
  add("tr-1", {span("a", "", "ask", "{\"q\": \"Paris in spring\"}"),
               span("b", "a", "other", "{\"q\": \"nothing\"}")});
  add("tr-2", {span("a", "", "ask", "{\"q\": \"London\"}")});
  const auto paris = where("span", "body", Op::like, std::string("%Paris%"));
  EXPECT_EQ(found(paris), Names{"tr-1"});
  EXPECT_EQ(found(where("span", "body", Op::like, std::string("%paris%"))), Names{});
  EXPECT_EQ(found(where("span", "body", Op::ilike, std::string("%PARIS%"))), Names{"tr-1"});
  EXPECT_EQ(found(where("span", "body", Op::rlike, std::string("Pa.is"))), Names{"tr-1"});
  EXPECT_EQ(found({.parts = {paris, where("span", "name", Op::eq, std::string("ask"))}}),
            Names{"tr-1"});
  EXPECT_EQ(found({.parts = {paris, where("span", "name", Op::eq, std::string("other"))}}),
            Names{});
}

TEST_P(TracingTest, AlternativesMayMixTheDatabaseAndBodies) {
  add("tr-1", {span("a", "", "ask", "{\"q\": \"Paris\"}")});
  add("tr-2", {span("a", "", "ask", "{\"q\": \"London\"}")});
  reported("tr-3", 9'000, {{"city", "Rome"}});
  Filter either{.kind = Filter::Kind::any_of,
                .parts = {where("span", "body", Op::like, std::string("%Paris%")),
                          where("tag", "city", Op::eq, std::string("Rome"))}};
  EXPECT_EQ(found(either), (Names{"tr-3", "tr-1"}));
  EXPECT_EQ(found({.kind = Filter::Kind::none_of, .parts = {either}}), Names{"tr-2"});
}

TEST_P(TracingTest, PagesOfATextSearchFollowEachOther) {
  for (int i = 0; i < 300; ++i) {
    add("tr-" + std::to_string(1000 + i),
        {span("a", "", "ask", i % 3 == 0 ? "{\"q\": \"needle\"}" : "{\"q\": \"hay\"}")});
  }
  Names all;
  std::string token;
  for (int page = 0; page < 20; ++page) {
    const auto some = found(where("span", "body", Op::like, std::string("%needle%")), 30, token);
    all.insert(all.end(), some.begin(), some.end());
    token = next_;
    if (token.empty()) break;
  }
  ASSERT_EQ(all.size(), 100u);
  EXPECT_EQ(all.front(), "tr-1000");
  EXPECT_EQ(all.back(), "tr-1297");
}

TEST_P(TracingTest, RegularExpressionsSeeTagsAndNames) {
  reported("tr-1", 1, {{"city", "Rome"}});
  reported("tr-2", 2, {{"city", "Oslo"}});
  reported("tr-3", 3);
  EXPECT_EQ(found(where("tag", "city", Op::rlike, std::string("^R.me$"))), Names{"tr-1"});
  EXPECT_EQ(found(where("tag", "city", Op::rlike, std::string("o"))), (Names{"tr-2", "tr-1"}));
  EXPECT_NE(found(where("tag", "city", Op::rlike, std::string("(")))[0].find("regular"),
            std::string::npos);
}

TEST_P(TracingTest, AssessmentsAreFoundByTheirValue) {
  reported("tr-1", 1);
  reported("tr-2", 2);
  const auto judge = [&](const std::string& trace, const std::string& value) {
    Assessment one;
    one.trace = TraceId(trace);
    one.name = "quality";
    one.value = value;
    one.source_kind = "HUMAN";
    const auto made = tracing_.assessments().create(one);
    EXPECT_TRUE(made) << made.error().message;
    return made->id;
  };
  const auto low = judge("tr-1", "0.2");
  judge("tr-2", "\"good\"");
  EXPECT_EQ(found(where("feedback", "quality", Op::lt, 0.5)), Names{"tr-1"});
  EXPECT_EQ(found(where("feedback", "quality", Op::eq, std::string("good"))), Names{"tr-2"});
  EXPECT_EQ(found(where("feedback", "quality", Op::eq, std::string("0.2"))), Names{"tr-1"});
  EXPECT_EQ(found(where("feedback", "quality", Op::ne, std::string("good"))), Names{"tr-1"});
  EXPECT_EQ(found(where("feedback", "quality", Op::rlike, std::string("g.*d"))), Names{"tr-2"});
  EXPECT_EQ(found(where("expectation", "quality", Op::is_null, {})), (Names{"tr-2", "tr-1"}));

  Assessment better;
  better.trace = TraceId("tr-1");
  better.name = "quality";
  better.value = "0.9";
  better.source_kind = "HUMAN";
  better.overrides = low.str();
  const auto made = tracing_.assessments().create(better);
  ASSERT_TRUE(made);
  EXPECT_EQ(found(where("feedback", "quality", Op::lt, 0.5)), Names{}) << "replaced";
  ASSERT_TRUE(tracing_.assessments().remove(TraceId("tr-1"), made->id));
  EXPECT_EQ(found(where("feedback", "quality", Op::lt, 0.5)), Names{"tr-1"}) << "valid again";
}

TEST_P(TracingTest, ARemovalTakesTheOldestAndAllThatHangsOnThem) {
  reported("tr-1", 1, {{"a", "b"}});
  reported("tr-2", 2);
  reported("tr-3", 3);
  add("tr-1", {span("a", "", "root", "{}")});
  EXPECT_EQ(*tracing_.traces().remove({.experiment = ExperimentId("0"), .up_to_ms = 2, .most = 1}),
            1);
  EXPECT_EQ(found({}), (Names{"tr-3", "tr-2"}));
  EXPECT_EQ(tracing_.spans().of(TraceId("tr-1")).error().code, Code::not_found);
  EXPECT_EQ(*tracing_.traces().remove({.experiment = ExperimentId("0"), .ids = {TraceId("tr-3")}}),
            1);
  EXPECT_EQ(found({}), Names{"tr-2"});
}

TEST_P(TracingTest, FiguresAreGroupedByTimeAndName) {
  for (int i = 0; i < 4; ++i) {
    auto one = span("a", "", i % 2 == 0 ? "even" : "odd", "{}");
    one.started_ns = i * 3'600'000'000'000;
    one.ended_ns = one.started_ns + (i + 1) * 1'000'000;
    add("tr-" + std::to_string(i), {one});
  }
  MetricsQuery query;
  query.experiments = {ExperimentId("0")};
  query.subject = Subject::spans;
  query.measure = Measure::latency;
  query.aggregations = {{Aggregation::Kind::average, 0}, {Aggregation::Kind::percentile, 50}};
  query.dimensions = {Dimension::name};
  auto points = *tracing_.metrics().query(query);
  ASSERT_EQ(points.size(), 2u);
  EXPECT_EQ(points[0].dimensions, Names{"even"});
  EXPECT_EQ(points[0].values[0], 2);
  EXPECT_EQ(points[1].values[1], 3);
  query.bucket_seconds = 7'200;
  points = *tracing_.metrics().query(query);
  ASSERT_EQ(points.size(), 4u);
  EXPECT_EQ(points[3].bucket_ms, 7'200'000);
}

TEST_P(TracingTest, PercentilesAloneAreOneFigureAGroup) {
  for (int i = 0; i < 5; ++i) {
    auto one = span("a", "", i % 2 == 0 ? "even" : "odd", "{}");
    one.ended_ns = one.started_ns + (i + 1) * 1'000'000;
    add("tr-" + std::to_string(i), {one});
  }
  MetricsQuery query;
  query.experiments = {ExperimentId("0")};
  query.subject = Subject::spans;
  query.measure = Measure::latency;
  query.aggregations = {{Aggregation::Kind::percentile, 50}, {Aggregation::Kind::percentile, 75}};
  auto points = *tracing_.metrics().query(query);
  ASSERT_EQ(points.size(), 1u);
  EXPECT_EQ(points[0].values[0], 3);
  EXPECT_EQ(points[0].values[1], 4);
  query.dimensions = {Dimension::name};
  points = *tracing_.metrics().query(query);
  ASSERT_EQ(points.size(), 2u);
  EXPECT_EQ(points[1].values[0], 3);
}

TEST_P(TracingTest, EverythingIsThereAfterwards) {
  add("tr-1", {span("a", "", "root", std::string(10'000, 'x'))});
  db_.reopen();
  tracking::Tracking tracking(db_, nowhere_, clock_, ids_);
  Tracing again(db_, tracking, clock_, ids_);
  EXPECT_EQ(again.spans().of(TraceId("tr-1"))->at(0).body.size(), 10'000u);
}

INSTANTIATE_TEST_SUITE_P(Dialects, TracingTest,
                         ::testing::ValuesIn(store::TestDatabase::dialects()));

}  // namespace
}  // namespace slipway::tracing
