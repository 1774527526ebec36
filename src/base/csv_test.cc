// SPDX-License-Identifier: Apache-2.0
#include "base/csv.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

using Records = std::vector<std::vector<std::string>>;

Result<Records> records(std::string_view text) {
  Records out;
  SW_CHECK_OK(read_csv(text, [&](std::vector<std::string>& cells) -> Result<void> {
    out.push_back(cells);
    return {};
  }));
  return out;
}

TEST(Csv, QuotedCellsHoldCommasQuotesAndLineBreaks) {
  const auto got = records("a,b\r\n\"x, \"\"y\"\"\",\"1\n2\"\n,\n");

  ASSERT_TRUE(got);
  EXPECT_EQ(*got, (Records{{"a", "b"}, {"x, \"y\"", "1\n2"}, {"", ""}}));
}

TEST(Csv, AMarkBlankLinesAndAMissingLastLineBreakAreFine) {
  const auto got = records(
      "\xEF\xBB\xBF"
      "a,b\n\n1,2");

  ASSERT_TRUE(got);
  EXPECT_EQ(*got, (Records{{"a", "b"}, {"1", "2"}}));
}

TEST(Csv, AnEmptyCellOfAOneColumnFileIsARecord) {
  EXPECT_EQ(records("a\n\n1\n")->size(), 3u);
}

TEST(Csv, DamageIsReportedWithItsLine) {
  EXPECT_EQ(records("a,b\n1\n").error().message, "line 2: 1 cells where the header has 2");
  EXPECT_EQ(records("a,b\n1,\"2\n").error().message, "line 2: a quote is never closed");
  EXPECT_EQ(records("a\n\"1\"2\n").error().message, "line 2: text after a closing quote");
}

TEST(Csv, NothingIsNoRecords) {
  EXPECT_TRUE(records("")->empty());
}

}  // namespace
}  // namespace slipway
