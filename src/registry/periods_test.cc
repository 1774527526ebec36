// SPDX-License-Identifier: Apache-2.0
#include "registry/periods.h"

#include "fixture.h"

namespace slipway::registry {
namespace {

TEST(Span, ADayIsWholeAndAMomentIsAMoment) {
  const auto day = parse_span("2026-03-03");
  ASSERT_TRUE(day);
  EXPECT_EQ(to_rfc3339(day->from), "2026-03-03T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(day->to), "2026-03-03T23:59:59.999Z");
  const auto moment = parse_span("2026-03-03T12:00:00+02:00");
  ASSERT_TRUE(moment);
  EXPECT_EQ(moment->from, moment->to);
  EXPECT_EQ(to_rfc3339(moment->to), "2026-03-03T10:00:00.000Z");
  EXPECT_FALSE(parse_span("3 March"));
}

class PeriodsTest : public RegistryFixture {
 protected:
  std::string champions(std::int64_t from, std::int64_t to) {
    std::string out;
    for (const auto& period : *registry_.history().periods("flights")) {
      if (period.kind != Period::Kind::alias || period.name != kChampion) continue;
      if (period.within({{from}, {to}})) out += std::to_string(period.version) + " ";
    }
    return out;
  }
};

TEST_P(PeriodsTest, TheHistoryTellsWhoWasChampionWhen) {
  make_model("flights");  // at 1000
  for (int i = 0; i < 2; ++i) add("flights");
  clock_.advance(1'000);  // 2000
  ASSERT_TRUE(registry_.set_alias("flights", kChampion, 1, kAda));
  clock_.advance(1'000);  // 3000
  ASSERT_TRUE(registry_.promote({"flights", 2}, kAda));
  clock_.advance(1'000);  // 4000
  ASSERT_TRUE(registry_.move({"flights", 2}, Stage::archived, false, kAda));

  EXPECT_EQ(champions(1'999, 1'999), "");
  EXPECT_EQ(champions(2'000, 2'000), "1 ");
  EXPECT_EQ(champions(2'999, 2'999), "1 ");
  EXPECT_EQ(champions(3'000, 3'000), "2 ");
  EXPECT_EQ(champions(2'500, 3'500), "1 2 ");
  EXPECT_EQ(champions(4'000, 9'000), "");
}

TEST_P(PeriodsTest, ARenamedOrRemovedModelKeepsItsPast) {
  make_model("old");
  add("old");
  ASSERT_TRUE(registry_.promote({"old", 1}, kAda));
  clock_.advance(1'000);  // 2000
  ASSERT_TRUE(registry_.rename("old", "flights", kAda));
  EXPECT_EQ(champions(1'500, 1'500), "1 ");
  clock_.advance(1'000);  // 3000
  ASSERT_TRUE(registry_.remove("flights", kAda));
  EXPECT_EQ(champions(2'500, 2'500), "1 ");
  EXPECT_EQ(champions(3'000, 3'000), "");
}

INSTANTIATE_TEST_SUITE_P(Dialects, PeriodsTest,
                         ::testing::ValuesIn(store::TestDatabase::dialects()));

}  // namespace
}  // namespace slipway::registry
