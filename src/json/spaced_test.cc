// SPDX-License-Identifier: Apache-2.0
#include "json/spaced.h"

#include <limits>

#include <gtest/gtest.h>

namespace slipway::json {
namespace {

std::string number(double value) {
  std::string out;
  append_spaced(out, value);
  return out;
}

TEST(SpacedTest, NumbersAreWrittenAsPythonDoes) {
  EXPECT_EQ(number(1), "1.0");
  EXPECT_EQ(number(-2.5), "-2.5");
  EXPECT_EQ(number(0), "0.0");
  EXPECT_EQ(number(0.0001), "0.0001");
  EXPECT_EQ(number(0.00001), "1e-05");
  EXPECT_EQ(number(1e15), "1000000000000000.0");
  EXPECT_EQ(number(1e16), "1e+16");
  EXPECT_EQ(number(1e300), "1e+300");
  EXPECT_EQ(number(std::numeric_limits<double>::infinity()), "Infinity");
  EXPECT_EQ(number(std::numeric_limits<double>::quiet_NaN()), "NaN");
}

TEST(SpacedTest, TextsAreEscapedOnlyAsFarAsAsked) {
  const auto text = *parse_value("\"\\u00e9\\ud83d\\ude00\\\"\\n\\u0001\"");
  EXPECT_EQ(dump_spaced(text, Escape::ascii), R"("\u00e9\ud83d\ude00\"\n\u0001")");
  EXPECT_EQ(dump_spaced(text, Escape::none), "\"\xC3\xA9\xF0\x9F\x98\x80\\\"\\n\\u0001\"");
}

TEST(SpacedTest, CommasAndColonsAreFollowedByASpace) {
  EXPECT_EQ(dump_spaced(*parse_value(R"({"a":[1,2.0,null],"b":{"c":true}})"), Escape::none),
            R"({"a": [1, 2.0, null], "b": {"c": true}})");
}

}  // namespace
}  // namespace slipway::json
