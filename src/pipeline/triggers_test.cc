// SPDX-License-Identifier: Apache-2.0
#include "triggers.h"

#include <gtest/gtest.h>

#include "store/test_database.h"

namespace slipway::pipeline {
namespace {

class Scripted : public Sources {
 public:
  Result<Content> data(const std::string& path) override {
    looked_at = path;
    if (broken) return unavailable("the disk is gone");
    return content;
  }
  Result<Content> branch(const std::string&, const std::string&) override { return commit; }

  Content content{"a", ""};
  Content commit{"c1", ""};
  bool broken = false;
  std::string looked_at;
};

class TriggersTest : public ::testing::TestWithParam<store::Dialect> {
 protected:
  void put(const std::string& yaml, const std::string& name = "p") {
    const auto definition = parse_definition(yaml + "steps: [{name: s, run: 'true'}]\n", "p.yaml");
    ASSERT_TRUE(definition) << definition.error().message;
    const auto watched = first_look(&sources_, *definition, name, "/project");
    ASSERT_TRUE(watched);
    Registered registered{
        .name = name, .yaml = yaml + "steps: [{name: s, run: 'true'}]\n", .folder = "/project"};
    ASSERT_TRUE(records_.put(registered, *watched));
  }

  // Looks often enough for everything to be seen twice.
  void look(int times = 2) {
    for (int i = 0; i < times; ++i) {
      watch_->look();
      clock_.advance(1'000);
    }
  }

  std::vector<std::string> details() {
    std::vector<std::string> out;
    const auto all = records_.list("", {.size = 100, .token = {}});
    for (const auto& one : all->items) out.push_back(one.trigger.kind + " " + one.trigger.detail);
    return out;
  }

  // As another process would begin.
  void restart() { watch_.emplace(make_watch()); }

  TriggerWatch make_watch() {
    return TriggerWatch({records_, sources_, clock_, ids_, "me"},
                        [this](const Execution& execution) { started_.push_back(execution.id); });
  }

  store::TestDatabase db_{GetParam()};
  Records records_{db_};
  Scripted sources_;
  FakeClock clock_{1'000};
  FakeIds ids_;
  std::vector<std::string> started_;
  std::optional<TriggerWatch> watch_{make_watch()};
};

constexpr auto kData = "on: {data: {path: data/x.csv}}\n";
constexpr auto kPush = "on: {push: {branch: main}}\n";

TEST_P(TriggersTest, AChangeStartsOneExecutionThatSaysWhatChanged) {
  put(kData);
  look(5);
  EXPECT_TRUE(started_.empty());

  sources_.content.present = "b";
  look(5);

  EXPECT_EQ(sources_.looked_at, "/project/data/x.csv");
  EXPECT_EQ(started_.size(), 1U);
  EXPECT_EQ(details(), std::vector<std::string>{"data data/x.csv: a -> b"});
}

TEST_P(TriggersTest, WhatStillChangesIsNotYetAChange) {
  put(kData);
  for (const auto* content : {"b", "c", "d"}) {
    sources_.content.present = content;
    look(1);
  }
  EXPECT_TRUE(started_.empty());

  look(1);

  EXPECT_EQ(details(), std::vector<std::string>{"data data/x.csv: a -> d"});
}

TEST_P(TriggersTest, AChangeWhileNobodyLookedCountsOnceAfterARestart) {
  put(kData);
  put(kPush, "q");
  look();
  sources_.content.present = "b";
  sources_.commit.present = "c2";

  restart();
  look();
  restart();
  look();

  EXPECT_EQ(details(),
            (std::vector<std::string>{"push main: c1 -> c2", "data data/x.csv: a -> b"}));
}

TEST_P(TriggersTest, RegisteringAgainKeepsWhatWasSeenAnotherPathBeginsAnew) {
  put(kData);
  sources_.content.present = "b";
  put(kData);
  look();
  EXPECT_EQ(started_.size(), 1U);

  sources_.content.present = "c";
  put("on: {data: {path: data/y.csv}}\n");
  look();
  EXPECT_EQ(started_.size(), 1U);

  put("");
  sources_.content.present = "d";
  look();
  EXPECT_EQ(started_.size(), 1U);
}

TEST_P(TriggersTest, DataAndItsPointerCountOnceWhicheverChangesFirst) {
  sources_.content = {"a", "a"};
  put(kData);
  sources_.content.present = "b";  // changed here ..
  look();
  sources_.content.recorded = "b";  // .. and added
  look();
  EXPECT_EQ(started_.size(), 1U);

  sources_.content.recorded = "c";  // pulled ..
  look();
  sources_.content.present = "c";  // .. and checked out
  look();
  EXPECT_EQ(started_.size(), 2U);

  sources_.content = {"a", "a"};  // both at once
  look();
  EXPECT_EQ(started_.size(), 3U);
}

TEST_P(TriggersTest, DataThatGoesAwayStartsNothingDataThatAppearsDoes) {
  sources_.content = {};
  put(kData);
  sources_.content.present = "a";
  look();
  EXPECT_EQ(details(), std::vector<std::string>{"data data/x.csv: nothing -> a"});

  sources_.content = {};
  look();
  sources_.content.present = "a";
  look();
  EXPECT_EQ(started_.size(), 1U);
}

TEST_P(TriggersTest, OnlyOneOfTwoServersStartsIt) {
  put(kData);
  auto other = make_watch();
  sources_.content.present = "b";
  for (int i = 0; i < 3; ++i) {
    watch_->look();
    other.look();
    clock_.advance(1'000);
  }
  EXPECT_EQ(started_.size(), 1U);
}

TEST_P(TriggersTest, WhatCannotBeLookedAtIsTriedAgain) {
  put(kData);
  sources_.broken = true;
  look();
  sources_.broken = false;
  sources_.content.present = "b";
  look();
  EXPECT_EQ(started_.size(), 1U);
}

TEST_P(TriggersTest, ARemovedPipelineStartsNothing) {
  put(kData);
  ASSERT_TRUE(records_.remove("p"));
  sources_.content.present = "b";
  look();
  EXPECT_TRUE(started_.empty());
  put(kData);
  look();
  EXPECT_TRUE(started_.empty());
}

TEST(Branches, AreNamesAsGitHasThem) {
  const auto read = [](const std::string& branch) {
    return parse_definition(
        "on: {push: {branch: \"" + branch + "\"}}\nsteps: [{name: s, run: x}]\n", "p.yaml");
  };
  for (const auto* good : {"main", "release/1.2", "feature_x-y"}) EXPECT_TRUE(read(good)) << good;
  for (const auto* bad :
       {"../../etc/passwd", "/main", "a b", "a..b", "x.lock", "-x", "a//b", "a:b"}) {
    EXPECT_FALSE(read(bad)) << bad;
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, TriggersTest,
                         ::testing::ValuesIn(store::TestDatabase::dialects()));

}  // namespace
}  // namespace slipway::pipeline
