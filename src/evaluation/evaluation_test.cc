// SPDX-License-Identifier: Apache-2.0
#include "evaluation/evaluation.h"

#include <gtest/gtest.h>

#include "store/test_database.h"
#include "tracking/tracking.h"

namespace slipway::evaluation {
namespace {

class EvaluationTest : public ::testing::TestWithParam<store::Dialect> {
 protected:
  store::TestDatabase db_{GetParam()};
  FakeClock clock_{1'000};
  EventBus events_;
  FakeIds ids_;
  tracking::Tracking tracking_{db_, events_, clock_, ids_};
  Evaluation evaluation_{db_, tracking_, clock_, ids_};
};

INSTANTIATE_TEST_SUITE_P(Dialects, EvaluationTest,
                         ::testing::ValuesIn(store::TestDatabase::dialects()));

TEST_P(EvaluationTest, TheSameInputsAreTheSameRecord) {
  auto& datasets = evaluation_.datasets();
  const auto made = datasets.create("qa", {{"mlflow.user", "ada"}}, {"0"});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->created_by, "ada");

  const auto first = datasets.upsert(
      made->id, R"([{"inputs":{"a":1,"b":"x"},"expectations":{"e":1}},{"inputs":{"a":2}}])");
  clock_.advance(5);
  const auto again = datasets.upsert(
      made->id, R"([{"inputs":{"b":"x","a":1},"outputs":"o","expectations":{"f":true}}])");

  ASSERT_TRUE(first && again);
  EXPECT_EQ(first->inserted, 2);
  EXPECT_EQ(again->updated, 1);
  const auto records = datasets.records(made->id, {.size = 1});
  ASSERT_TRUE(records);
  ASSERT_EQ(records->items.size(), 1u);
  EXPECT_NE(records->next_token, "");
  EXPECT_EQ(records->items[0].outputs, "\"o\"");
  EXPECT_EQ(records->items[0].expectations, R"({"e":1,"f":true})");
  const auto rest = datasets.records(made->id, {.size = 5, .token = records->next_token});
  ASSERT_TRUE(rest);
  EXPECT_EQ(rest->items.size(), 1u);
  const auto now = datasets.get(made->id);
  EXPECT_NE(now->digest, made->digest);
  EXPECT_EQ(now->profile, R"({"num_records":2})");
  EXPECT_NE(now->schema->find(R"("b":"string")"), std::string::npos);
}

TEST_P(EvaluationTest, ABadRecordKeepsNothingOfTheOthers) {
  auto& datasets = evaluation_.datasets();
  const auto made = datasets.create("qa", {}, {});
  for (const auto* bad :
       {"nothing", "{}", "[1]", R"([{"inputs":{"a":1}},{"inputs":[1]}])",
        R"([{"inputs":{"a":1}},{"inputs":null}])",
        R"([{"inputs":{},"source":{"source_type":"x"}}])", R"([{"inputs":{},"tags":[]}])"}) {
    const auto refused = datasets.upsert(made->id, bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, Code::invalid_argument) << bad;
  }
  EXPECT_TRUE(datasets.records(made->id, {.size = 10})->items.empty());
}

TEST_P(EvaluationTest, ScorersCountTheirVersions) {
  auto& scorers = evaluation_.scorers();
  EXPECT_EQ(scorers.add("0", "tone", "{\"a\":1}")->version, 1);
  EXPECT_EQ(scorers.add("0", "tone", "{\"a\":2}")->version, 2);
  EXPECT_EQ(scorers.get("0", "tone", 1)->serialized, "{\"a\":1}");
  EXPECT_EQ(scorers.list("0")->size(), 1u);
  EXPECT_EQ(scorers.versions("0", "tone")->size(), 2u);
  ASSERT_TRUE(scorers.remove("0", "tone", 1));
  EXPECT_EQ(scorers.get("0", "tone", 1).error().code, Code::not_found);
  ASSERT_TRUE(scorers.remove("0", "tone", std::nullopt));
  EXPECT_TRUE(scorers.list("0")->empty());
  EXPECT_EQ(scorers
                .add("0", "x", R"({"a":[{"call_source":"exit"
}]
})")
                .error()
                .code,
            Code::invalid_argument);
  EXPECT_EQ(scorers.add("77", "x", "{}").error().code, Code::not_found);
}

TEST_P(EvaluationTest, EveryExperimentHasItsStandardQuestion) {
  auto& questions = evaluation_.questions();
  const auto all = questions.list("0", {.size = 10});
  ASSERT_TRUE(all) << all.error().message;
  ASSERT_EQ(all->items.size(), 1u);
  EXPECT_TRUE(all->items[0].standard);
  EXPECT_FALSE(questions.remove(all->items[0].id));
  EXPECT_FALSE(questions.change(all->items[0].id, {.name = "x"}));
  EXPECT_FALSE(questions.create({.experiment = "0", .name = " feedback"}));
  EXPECT_EQ(questions.list("0", {.size = 10})->items.size(), 1u);
}

TEST_P(EvaluationTest, TheFormOfAnAnswerKeepsItsKind) {
  auto& questions = evaluation_.questions();
  const auto made = questions.create(
      {.experiment = "0",
       .name = "tone",
       .form = {.kind = AnswerForm::Kind::categorical, .options = {"kind", "rude"}}});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_FALSE(questions.change(made->id, {.form = AnswerForm{}}));
  AnswerForm more = made->form;
  more.options.push_back("neutral");
  ASSERT_TRUE(questions.change(made->id, {.form = more}));
  EXPECT_EQ(questions.get(made->id)->form.options.size(), 3u);
  more.options.push_back("rude");
  EXPECT_FALSE(questions.change(made->id, {.form = more}));
  EXPECT_EQ(questions.create({.experiment = "0", .name = "tone"}).error().code,
            Code::already_exists);
}

TEST_P(EvaluationTest, AQueueKeepsWhoReviewedWhat) {
  auto& queues = evaluation_.queues();
  const auto queue = queues.create({.experiment = "0", .name = "Night shift", .users = {" Ada "}});
  ASSERT_TRUE(queue) << queue.error().message;
  EXPECT_EQ(queue->users, std::vector<std::string>{"ada"});
  EXPECT_EQ(queues.create({.experiment = "0", .name = "night SHIFT"}).error().code,
            Code::already_exists);
  ASSERT_TRUE(queues.add_items(queue->id, {"t1", "t2", " t1 "}));
  EXPECT_FALSE(queues.set_status(queue->id, "t1", ReviewStatus::complete, std::nullopt));
  const auto done = queues.set_status(queue->id, "t1", ReviewStatus::complete, "Ada");
  ASSERT_TRUE(done);
  EXPECT_EQ(done->completed_by, "ada");
  EXPECT_EQ(queues.set_status(queue->id, "t1", ReviewStatus::complete, "bob")->completed_by, "ada");
  EXPECT_EQ(queues.items(queue->id, ReviewStatus::pending, {.size = 10})->items.size(), 1u);
  EXPECT_FALSE(queues.change(queue->id, {.questions = std::vector<std::string>{}}));
  EXPECT_EQ(queues.list("0", {.user = "ADA"}, {.size = 10})->items.size(), 1u);
  const auto own = queues.of_user("0", "Bob");
  ASSERT_TRUE(own);
  EXPECT_EQ(queues.of_user("0", "bob")->id, own->id);
}

TEST_P(EvaluationTest, IssuesComeMostSevereFirst) {
  auto& issues = evaluation_.issues();
  ASSERT_TRUE(issues.create({.experiment = "0", .name = "a", .description = "d"}));
  ASSERT_TRUE(
      issues.create({.experiment = "0", .name = "b", .description = "d", .severity = "high"}));
  const auto found = issues.search({.experiment = "0", .page = {.size = 10}});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->items.front().name, "b");
  ASSERT_TRUE(issues.change(found->items.front().id, {.status = "resolved"}));
  Filter pending{.kind = Filter::Kind::compare, .entity = "attribute", .key = "status"};
  pending.value = std::string("pending");
  EXPECT_EQ(issues.search({.filter = pending, .page = {.size = 10}})->items.size(), 1u);
  EXPECT_FALSE(issues.create({.experiment = "0", .name = "c", .description = "d", .status = "x"}));
}

}  // namespace
}  // namespace slipway::evaluation
