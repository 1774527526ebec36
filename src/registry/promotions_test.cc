// SPDX-License-Identifier: Apache-2.0
#include "registry/promotions.h"

#include "fixture.h"

namespace slipway::registry {
namespace {

class PromotionsTest : public RegistryFixture {
 protected:
  PromotionsTest() {
    make_model("flights");
    for (int i = 0; i < 3; ++i) add("flights");
  }
  static VersionRef at(std::int64_t version) { return {"flights", version}; }
  Version now(std::int64_t version) { return *registry_.version(at(version)); }
  Result<Version> move(std::int64_t version, Stage stage, bool archive = false) {
    return registry_.move(at(version), stage, archive, kAda);
  }
  std::int64_t champion() {
    const auto found = *registry_.by_alias("flights", kChampion);
    return found ? found->version : 0;
  }
  void protect(std::int64_t approvals, std::vector<std::string> approvers = {}, bool own = false) {
    ASSERT_TRUE(promotions_.protect(
        "flights",
        {.policy = "production", .approvals = approvals, .approvers = approvers, .own = own},
        kAda));
  }
  PromotionRequest ask(std::int64_t version, std::int64_t approvals,
                       std::vector<std::string> approvers = {}, bool hold = false) {
    auto made = promotions_.ask(
        {.ref = at(version),
         .terms = {.policy = "production", .approvals = approvals, .approvers = approvers},
         .hold = hold},
        kAda);
    EXPECT_TRUE(made);
    return made.value_or(PromotionRequest{});
  }
  std::vector<std::string> actions() {
    std::vector<std::string> out;
    const auto page = *registry_.history().of("flights", 0, {.size = 100});
    for (const auto& change : page.items) out.push_back(change.action);
    return out;
  }

  Promotions& promotions_ = registry_.promotions();
};

TEST_P(PromotionsTest, EnteringProductionMakesTheVersionChampion) {
  ASSERT_TRUE(move(1, Stage::production));
  EXPECT_EQ(champion(), 1);

  ASSERT_TRUE(move(2, Stage::production));
  EXPECT_EQ(champion(), 2);
  EXPECT_EQ(now(1).stage, Stage::production);  // nobody asked to archive it

  ASSERT_TRUE(move(3, Stage::production, true));
  EXPECT_EQ(champion(), 3);
  EXPECT_EQ(now(1).stage, Stage::archived);
  EXPECT_EQ(now(2).stage, Stage::archived);
}

TEST_P(PromotionsTest, PointingTheAliasAtAVersionPutsItIntoProduction) {
  ASSERT_TRUE(registry_.set_alias("flights", kChampion, 1, kAda));
  EXPECT_EQ(now(1).stage, Stage::production);

  ASSERT_TRUE(registry_.set_alias("flights", kChampion, 2, kAda));
  EXPECT_EQ(now(1).stage, Stage::archived);
  EXPECT_EQ(now(2).stage, Stage::production);

  ASSERT_TRUE(registry_.set_alias("flights", kChampion, 0, kAda));
  EXPECT_EQ(now(2).stage, Stage::archived);
  EXPECT_EQ(champion(), 0);
}

TEST_P(PromotionsTest, AChampionThatLeavesProductionHandsOver) {
  ASSERT_TRUE(move(1, Stage::production));
  clock_.advance(1);
  ASSERT_TRUE(move(2, Stage::production));
  ASSERT_TRUE(move(2, Stage::staging));
  EXPECT_EQ(champion(), 1);

  ASSERT_TRUE(registry_.remove_version(at(1), kAda));
  EXPECT_EQ(champion(), 0);
  EXPECT_FALSE(registry_.history().verify()->broken_at);
}

TEST_P(PromotionsTest, OtherAliasesAndStagesGoTheirOwnWay) {
  ASSERT_TRUE(registry_.set_alias("flights", "challenger", 2, kAda));
  EXPECT_EQ(now(2).stage, Stage::none);
  ASSERT_TRUE(move(2, Stage::staging));
  ASSERT_TRUE(registry_.set_alias("flights", kChampion, 2, kAda));
  EXPECT_EQ(now(2).aliases, (std::vector<std::string>{"challenger", "champion"}));
}

TEST_P(PromotionsTest, AProtectedModelLetsNothingUnapprovedIntoProduction) {
  protect(1);

  for (const auto& refused :
       {move(1, Stage::production).error(),
        registry_.set_alias("flights", kChampion, 1, kAda).error(),
        registry_.promote(at(1), kAda).error(), promotions_.check(at(1)).error()}) {
    EXPECT_EQ(refused.code, Code::failed_precondition);
    EXPECT_NE(refused.hint.find("slipway model promote flights 1"), std::string::npos);
  }
  EXPECT_EQ(champion(), 0);
  EXPECT_TRUE(move(1, Stage::staging));
  EXPECT_TRUE(registry_.promote(at(1), {"rollout", "evidence", true}));
}

TEST_P(PromotionsTest, TheLastMissingApprovalPromotes) {
  protect(2);
  const auto asked = ask(1, 2);

  const auto own = promotions_.approve(asked.id, kAda);
  ASSERT_FALSE(own);
  EXPECT_EQ(own.error().code, Code::permission_denied);

  EXPECT_EQ(promotions_.approve(asked.id, {"grace", "fine"})->state, RequestState::requested);
  EXPECT_EQ(promotions_.approve(asked.id, {"grace", "again"}).error().code,
            Code::failed_precondition);
  EXPECT_EQ(champion(), 0);

  const auto done = promotions_.approve(asked.id, {"linus", "good"});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->state, RequestState::done);
  EXPECT_EQ(done->approvals(), 2);
  EXPECT_EQ(champion(), 1);
  EXPECT_EQ(now(1).stage, Stage::production);
  EXPECT_EQ(promotions_.approve(asked.id, {"tim", ""}).error().code, Code::failed_precondition);
}

TEST_P(PromotionsTest, OnlyNamedPeopleMayApprove) {
  const auto asked = ask(1, 1, {"grace"});
  EXPECT_EQ(promotions_.approve(asked.id, {"linus", ""}).error().code, Code::permission_denied);
  EXPECT_EQ(promotions_.reject(asked.id, {"linus", ""}).error().code, Code::permission_denied);
  EXPECT_TRUE(promotions_.approve(asked.id, {"grace", ""}));
}

TEST_P(PromotionsTest, ARejectedRequestMakesRoomForAnother) {
  const auto first = ask(1, 1);
  EXPECT_EQ(promotions_.ask({.ref = at(1)}, kAda).error().code, Code::conflict);
  const auto rejected = promotions_.reject(first.id, {"grace", "too slow"});
  ASSERT_TRUE(rejected);
  EXPECT_EQ(rejected->state, RequestState::rejected);
  EXPECT_EQ(rejected->votes.at(0).reason, "too slow");

  const auto second = ask(1, 1);
  EXPECT_EQ(promotions_.reject(second.id, kAda)->state, RequestState::withdrawn);
  EXPECT_EQ(actions().front(), "promotion.withdrawn");
}

TEST_P(PromotionsTest, AnApprovalThatHoldsPermitsTheMove) {
  protect(1);
  const auto asked = ask(2, 1, {}, true);
  ASSERT_EQ(promotions_.approve(asked.id, {"grace", ""})->state, RequestState::approved);
  EXPECT_EQ(champion(), 0);

  ASSERT_TRUE(move(2, Stage::production));
  EXPECT_EQ(promotions_.get(asked.id)->state, RequestState::done);
  EXPECT_FALSE(move(1, Stage::production));
}

TEST_P(PromotionsTest, RequestsAreListedNewestFirst) {
  ask(1, 1);
  const auto second = ask(2, 1);
  const auto page = promotions_.list("flights", 0, RequestState::requested, {.size = 1});
  ASSERT_TRUE(page);
  ASSERT_EQ(page->items.size(), 1u);
  EXPECT_EQ(page->items[0].id, second.id);
  EXPECT_FALSE(page->next_token.empty());
  EXPECT_TRUE(promotions_.list("other", 0, {}, {})->items.empty());
}

INSTANTIATE_TEST_SUITE_P(Dialects, PromotionsTest,
                         ::testing::ValuesIn(store::TestDatabase::dialects()));

}  // namespace
}  // namespace slipway::registry
