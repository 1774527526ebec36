// SPDX-License-Identifier: Apache-2.0
#include "json/reader.h"

#include <array>
#include <bit>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "json/value.h"

namespace slipway::json {
namespace {

bool well_formed(std::string_view text) {
  Reader in(text);
  return in.skip() && in.finish();
}

double number(const std::string& text) {
  Reader in(text);
  Reader::Number out;
  EXPECT_TRUE(in.read(out) && in.finish()) << text;
  return out.real;
}

TEST(Reader, WalksObjectsAndArrays) {
  Reader in(R"( {"a": [1, -2.5, "x"], "b": {}, "c": true, "d": null} )");
  std::string_view key;
  Reader::Number n;
  std::string_view text;
  bool flag = false;

  ASSERT_TRUE(in.begin_object());
  ASSERT_TRUE(in.next_key(key));
  EXPECT_EQ(key, "a");
  ASSERT_TRUE(in.begin_array());
  ASSERT_TRUE(in.next_element() && in.read(n));
  EXPECT_TRUE(n.is_integer);
  EXPECT_EQ(n.integer, 1);
  ASSERT_TRUE(in.next_element() && in.read(n));
  EXPECT_FALSE(n.is_integer);
  EXPECT_EQ(n.real, -2.5);
  ASSERT_TRUE(in.next_element() && in.read(text));
  EXPECT_EQ(text, "x");
  EXPECT_FALSE(in.next_element());
  ASSERT_TRUE(in.next_key(key) && in.skip());
  ASSERT_TRUE(in.next_key(key) && in.read(flag));
  EXPECT_TRUE(flag);
  ASSERT_TRUE(in.next_key(key) && in.read_null());
  EXPECT_FALSE(in.next_key(key));
  EXPECT_TRUE(in.finish());
}

TEST(Reader, NumbersReadExactlyAsTheLibraryReadsThem) {
  for (const char* text : {"0", "-0", "0.1", "1e10", "-1.5E-3", "123456789012345678", "5e-324",
                           "1.7976931348623157e308", "0.30000000000000004", "9007199254740993",
                           "179769313486231570000", "2.2250738585072011e-308", "1e-400",
                           "1234567890.12345678901234567890"}) {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(number(text)),
              std::bit_cast<std::uint64_t>(std::strtod(text, nullptr)))
        << text;
  }
  std::mt19937_64 random(7);
  char text[64];
  for (int i = 0; i < 20'000; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    std::snprintf(text, sizeof text, i % 2 == 0 ? "%.17g" : "%.6f",
                  i % 2 == 0 ? value : static_cast<double>(random() % 1'000'000'000) / 777.0);
    EXPECT_EQ(number(text), std::strtod(text, nullptr)) << text;
  }
}

// An array of numbers by runs, and one by one where a run ends; nothing when it is not well formed.
std::optional<std::vector<double>> by_runs(const std::string& text) {
  Reader in(text);
  std::vector<double> out;
  if (!in.begin_array()) return std::nullopt;
  while (true) {
    std::array<double, 3> some{};
    const auto n = in.read_run(some.data(), some.size());
    out.insert(out.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(n));
    if (n == some.size()) continue;
    if (!in.next_element()) break;
    Reader::Number one;
    if (!in.read(one)) return std::nullopt;
    out.push_back(one.real);
  }
  if (!in.finish()) return std::nullopt;
  return out;
}

TEST(Reader, NumbersOfARunAreWhatEachReadsAs) {
  const std::vector<std::string> texts{"0",
                                       "-0",
                                       "7",
                                       "1.5",
                                       "-2.25",
                                       "0.1",
                                       "123456789012345",
                                       "1234567890123456",
                                       "0.3",
                                       "16777217",
                                       "1e3",
                                       "-1E-2",
                                       "3.0",
                                       "0.07",
                                       "0.123456789012345",
                                       "12.34567890123456",
                                       "9.9",
                                       "0.000001",
                                       "5e-324"};
  for (const std::string between : {",", " ,", ", ", "\n,\t"}) {
    std::string all = "[";
    for (const auto& text : texts) all += (all.size() > 1 ? between : "") + text;
    const auto got = by_runs(all + "]");
    ASSERT_TRUE(got) << all;
    ASSERT_EQ(got->size(), texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      EXPECT_EQ(std::bit_cast<std::uint64_t>((*got)[i]),
                std::bit_cast<std::uint64_t>(number(texts[i])))
          << texts[i];
    }
  }
}

TEST(Reader, ARunTakesNothingThatIsNotJson) {
  for (const char* text : {"[]", "[1]", "[1,]", "[,1]", "[1 2]", "[01]", "[-]", "[1.]", "[.5]",
                           "[+1]", "[1", "[1,", "[1,2,3", "[1,2,3,", "[1;2]", "[--1]", "[1.5.2]"}) {
    EXPECT_EQ(by_runs(text).has_value(), well_formed(text)) << text;
  }
}

TEST(Reader, KeepsIntegersThatADoubleCannotHold) {
  Reader in("[9223372036854775807, -9223372036854775808, 9223372036854775808]");
  Reader::Number n;
  ASSERT_TRUE(in.begin_array() && in.next_element() && in.read(n));
  EXPECT_EQ(n.integer, INT64_MAX);
  ASSERT_TRUE(in.next_element() && in.read(n));
  EXPECT_TRUE(n.is_integer);
  EXPECT_EQ(n.integer, INT64_MIN);
  ASSERT_TRUE(in.next_element() && in.read(n));
  EXPECT_FALSE(n.is_integer);
}

TEST(Reader, TooSmallNumbersAreZeroAndTooLargeOnesAreRefused) {
  const std::string zeros(400, '0');
  EXPECT_EQ(number("1e-400"), 0.0);
  EXPECT_TRUE(std::signbit(number("-1e-400")));
  EXPECT_EQ(number("0." + zeros + "1"), 0.0);
  EXPECT_EQ(number("1" + zeros + "e-400"), 1.0);
  EXPECT_FALSE(well_formed("1e400"));
  EXPECT_FALSE(well_formed("1" + zeros + zeros + "e-300"));
  EXPECT_FALSE(well_formed(std::string(400, '9')));
}

TEST(Reader, UnescapesTexts) {
  Reader in(R"("a\"\\\/\b\f\n\r\té\ud83d\ude00é")");
  std::string_view text;
  ASSERT_TRUE(in.read(text));
  EXPECT_EQ(text, "a\"\\/\b\f\n\r\t\xC3\xA9\xF0\x9F\x98\x80\xC3\xA9");
}

TEST(Reader, RefusesWhatIsNotJson) {
  for (
      const char* text :
      {"",        "{",        "[",          "[1",          "[1,",         "[1,]",        "[,1]",
       "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}",       "01",          "-",           "1.",
       ".5",      "1e",       "+1",         "NaN",         "-Infinity",   "Infinity",    "nul",
       "tru",     "\"",       "\"\\x\"",    "\"\\u12g4\"", "\"\\ud800\"", "\"\\udc00\"", "\"\x01\"",
       "1 2",     "[1]]",     "\"\xFF\"",   "[1 2]",       "{\"a\" 1}",   "1e999",       "\"\xC3\"",
       "[}",      "{]"}) {
    EXPECT_FALSE(well_formed(text)) << text;
  }
}

TEST(Reader, AgreesWithTheTreeParserOnMutatedTexts) {
  const std::string seed = R"({"a":[1,2.5,-3e4,{"b":null}],"c":"x\u00e9\n","d":[[],{}],"e":true})";
  std::mt19937 random(11);
  for (int i = 0; i < 30'000; ++i) {
    std::string text = seed;
    for (unsigned edits = random() % 3 + 1; edits > 0; --edits) {
      const auto at = random() % text.size();
      constexpr std::string_view kAlphabet = "{}[],:\"0123456789.eE+-tfn \\u";
      const char c = kAlphabet[random() % kAlphabet.size()];
      switch (random() % 3) {
        case 0:
          text[at] = c;
          break;
        case 1:
          text.insert(at, 1, c);
          break;
        default:
          text.erase(at, 1);
      }
    }
    if (text.find("e9") != std::string::npos && text.find("\\u") == std::string::npos) continue;
    EXPECT_EQ(well_formed(text), parse_value(text).ok()) << text;
  }
}

TEST(Reader, BoundsTheNesting) {
  EXPECT_TRUE(well_formed(std::string(kMaxDepth, '[') + std::string(kMaxDepth, ']')));
  const std::string deep(200'000, '[');
  Reader in(deep);
  EXPECT_FALSE(in.skip());
  EXPECT_NE(in.error().message.find("nested deeper than 64"), std::string::npos);
}

TEST(Reader, SaysWhere) {
  Reader in("[1, NaN]");
  EXPECT_FALSE(in.skip());
  EXPECT_EQ(in.error().message,
            "malformed JSON: expected a value (NaN and Infinity are not JSON) at byte 4");
}

}  // namespace
}  // namespace slipway::json
