// SPDX-License-Identifier: Apache-2.0
#include "pipeline/cron.h"

#include <fstream>

#include <gtest/gtest.h>

#include "base/text.h"

namespace slipway::pipeline {
namespace {

std::string next_of(const std::string& expression, const std::string& from,
                    const std::string& zone = "UTC") {
  const auto cron = Cron::parse(expression);
  const auto where = load_zone(zone);
  if (!cron) return cron.error().message;
  if (!where) return where.error().message;
  const auto next = cron->next(*parse_rfc3339(from), **where);
  return next ? to_rfc3339(*next) : next.error().message;
}

std::string hint_of(const std::string& expression) {
  const auto cron = Cron::parse(expression);
  return cron ? "" : cron.error().message;
}

// testdata/record_croniter.py wrote the answers.
TEST(Cron, AnswersAsCroniterDoesAlsoWhenTheClocksChange) {
  std::ifstream file(SLIPWAY_TESTDATA "/cron_croniter.tsv");
  std::string line;
  int cases = 0;
  int wrong = 0;
  while (std::getline(file, line)) {
    const auto columns = split(line, '\t');
    ASSERT_EQ(columns.size(), 4u);
    const auto cron = Cron::parse(columns[0]);
    const auto zone = load_zone(std::string(columns[1]));
    ASSERT_TRUE(cron) << line;
    ASSERT_TRUE(zone) << line;
    Timestamp at{*parse_int(columns[2]) * 1000};
    for (const auto expected : split(columns[3], ' ')) {
      const auto next = cron->next(at, **zone);
      ASSERT_TRUE(next) << line;
      if (next->ms != *parse_int(expected) * 1000 && ++wrong < 20) {
        ADD_FAILURE() << columns[0] << " in " << columns[1] << " after " << to_rfc3339(at) << ": "
                      << to_rfc3339(*next) << ", croniter says "
                      << to_rfc3339({*parse_int(expected) * 1000});
      }
      at = {*parse_int(expected) * 1000};
    }
    ++cases;
  }
  EXPECT_GT(cases, 1000);
  EXPECT_EQ(wrong, 0);
}

TEST(Cron, ATimeThatIsSkippedFiresWhenTheClocksAreAhead) {
  EXPECT_EQ(next_of("30 2 * * *", "2024-03-09T08:00:00Z", "America/New_York"),
            "2024-03-10T07:00:00.000Z");
}

TEST(Cron, ATimeThatRepeatsFiresOnce) {
  EXPECT_EQ(next_of("30 1 * * *", "2024-11-03T04:00:00Z", "America/New_York"),
            "2024-11-03T05:30:00.000Z");
}

TEST(Cron, MistakesNameThePartAndTheWay) {
  EXPECT_EQ(hint_of("* * * *"), "'* * * *' has 4 fields, a schedule has five");
  EXPECT_EQ(hint_of("61 * * * *"), "'61' is not a minute of a schedule");
  EXPECT_EQ(hint_of("* * * foo *"), "'foo' is not a month of a schedule");
  EXPECT_EQ(hint_of("*/0 * * * *"), "'*/0' is not a minute of a schedule");
  EXPECT_EQ(hint_of("* * 0 * *"), "'0' is not a day of month of a schedule");
  EXPECT_EQ(hint_of("* * L * *"), "'l' is not a day of month of a schedule");
  EXPECT_NE(hint_of("1-2-3 * * * *"), "");
  EXPECT_NE(hint_of("-1 * * * *"), "");
  EXPECT_NE(hint_of("1,,2 * * * *"), "");
  EXPECT_NE(hint_of(std::string(5000, '*')), "");
}

TEST(Cron, AnImpossibleDateSaysSo) {
  EXPECT_EQ(next_of("0 0 31 2 *", "2024-01-01T00:00:00Z"),
            "the schedule does not fire in the next 50 years");
}

TEST(Zone, UnknownAndHostileNamesAreRefused) {
  for (const auto* name : {"Mars/Olympus", "../../etc/passwd", "/etc/passwd", "", "zone.tab"}) {
    EXPECT_FALSE(load_zone(name)) << name;
  }
}

TEST(Zone, DamagedFilesAreRefusedWhereverTheyAreCut) {
  std::ifstream file("/usr/share/zoneinfo/Europe/Berlin", std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  ASSERT_GT(bytes.size(), 100u);

  for (std::size_t n = 0; n + 20 < bytes.size(); n += 7) {
    const auto zone = parse_zone(std::string_view(bytes).substr(0, n), "x");
    if (zone) (*zone)->offset_at(1'700'000'000);  // must not crash
  }
  EXPECT_FALSE(parse_zone(bytes.substr(0, 200), "x"));
}

}  // namespace
}  // namespace slipway::pipeline
