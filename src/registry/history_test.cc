// SPDX-License-Identifier: Apache-2.0
#include "registry/history.h"

#include <gtest/gtest.h>

#include "fixture.h"

namespace slipway::registry {
namespace {

class HistoryTest : public RegistryFixture {
 protected:
  Result<std::int64_t> tamper(const std::string& sql) {
    return db_->write([&](store::Connection& connection) { return connection.exec(sql); });
  }
};

TEST_P(HistoryTest, SaysWhoChangedWhatAndWhyNewestFirst) {
  make_model("flights");
  add("flights");
  clock_.advance(5);
  ASSERT_TRUE(registry_.set_alias("flights", "champion", 1, {"bob", "looks good"}));

  const auto page = registry_.history().of("flights", 0, {.size = 10});

  ASSERT_TRUE(page);
  ASSERT_EQ(page->items.size(), 4u);  // a champion is in Production
  const auto& newest = page->items[0];
  EXPECT_EQ(newest.action, "alias.set");
  EXPECT_EQ(newest.actor, "bob");
  EXPECT_EQ(newest.reason, "looks good");
  EXPECT_EQ(newest.version, 1);
  EXPECT_EQ(newest.from, "");
  EXPECT_EQ(newest.to, "champion=1");
  EXPECT_EQ(newest.at, Timestamp{1'005});
  EXPECT_EQ(page->items[3].action, "model.created");
}

TEST_P(HistoryTest, PagesAreCompleteAndInOrder) {
  make_model("flights");
  for (int i = 0; i < 4; ++i) add("flights");

  const auto first = registry_.history().of("flights", 0, {.size = 3});
  const auto second = registry_.history().of("flights", 0, {.size = 3, .token = first->next_token});

  EXPECT_EQ(first->items.size(), 3u);
  EXPECT_EQ(second->items.size(), 2u);
  EXPECT_TRUE(second->next_token.empty());
  EXPECT_EQ(registry_.history().of("flights", 0, {.token = "junk"}).error().code,
            Code::invalid_argument);
}

TEST_P(HistoryTest, OutlivesTheModelAndItsName) {
  make_model("flights");
  add("flights");
  ASSERT_TRUE(registry_.rename("flights", "departures", kAda));
  EXPECT_EQ(registry_.history().of("departures", 0, {})->items.size(), 3u);

  ASSERT_TRUE(registry_.remove("departures", kAda));

  EXPECT_EQ(registry_.history().of("departures", 0, {})->items[0].action, "model.removed");
}

TEST_P(HistoryTest, OtherRoomsMayAddWhatTheyDecided) {
  make_model("flights");
  add("flights");
  ASSERT_TRUE(registry_.history().note({.actor = "rollout",
                                        .action = "rollout.rolled_back",
                                        .model = "flights",
                                        .version = 1,
                                        .reason = "errors 5 % against 0 %"}));

  EXPECT_EQ(registry_.history().of("flights", 1, {})->items[0].action, "rollout.rolled_back");
  EXPECT_TRUE(registry_.history().verify()->broken_at == std::nullopt);
}

TEST_P(HistoryTest, AnEditIsFound) {
  make_model("flights");
  add("flights");
  add("flights");
  EXPECT_EQ(registry_.history().verify()->broken_at, std::nullopt);
  EXPECT_EQ(registry_.history().verify()->entries, 3);

  ASSERT_TRUE(tamper("UPDATE registry_history SET reason = 'other' WHERE sequence = 2"));

  EXPECT_EQ(registry_.history().verify()->broken_at, 2);
}

TEST_P(HistoryTest, AMissingEntryIsFound) {
  make_model("flights");
  add("flights");
  add("flights");

  ASSERT_TRUE(tamper("DELETE FROM registry_history WHERE sequence = 2"));

  EXPECT_EQ(registry_.history().verify()->broken_at, 2);
}

TEST_P(HistoryTest, ARemovedStartIsFound) {
  make_model("flights");
  add("flights");

  ASSERT_TRUE(tamper("DELETE FROM registry_history WHERE sequence = 1"));

  EXPECT_EQ(registry_.history().verify()->broken_at, 1);
}

INSTANTIATE_TEST_SUITE_P(Stores, HistoryTest, ::testing::ValuesIn(store::TestDatabase::dialects()));

}  // namespace
}  // namespace slipway::registry
