// SPDX-License-Identifier: Apache-2.0
#include "json/json.h"

#include <cmath>
#include <cstdint>
#include <vector>

#include <boost/describe.hpp>
#include <gtest/gtest.h>

#include "json/describe.h"

namespace slipway::json_test {

struct Inner {
  double value = 0;
  std::optional<std::string> note;
};
BOOST_DESCRIBE_STRUCT(Inner, (), (value, note))

struct Outer {
  std::string name = "unnamed";
  std::int64_t at = 7;
  bool on = false;
  std::vector<Inner> items;
  std::map<std::string, std::int32_t> counts;
  json::Nullable<double> maybe;
  json::Raw raw;
};
BOOST_DESCRIBE_STRUCT(Outer, (), (name, at, on, items, counts, maybe, raw))

struct Lenient {
  std::int64_t two_words = 0;
  bool flag = false;
  std::vector<std::string> list;
};
BOOST_DESCRIBE_STRUCT(Lenient, (), (two_words, flag, list))

}  // namespace slipway::json_test

SLIPWAY_JSON(slipway::json_test::Outer)
SLIPWAY_JSON(slipway::json_test::Lenient)

namespace slipway::json_test {
namespace {

std::string error_of(std::string_view text, json::ParseOptions options = {}) {
  const auto result = json::parse<Outer>(text, options);
  return result ? "no error" : result.error().message;
}

TEST(Json, StructsRoundTrip) {
  const std::string text =
      R"({"name":"a\"b","at":9007199254740993,"on":true,"items":[{"value":0.1,"note":"x"},)"
      R"({"value":-2}],"counts":{"k":3},"maybe":null,"raw":{"x":[1,2]}})";
  const auto out = json::parse<Outer>(text);
  ASSERT_TRUE(out);
  EXPECT_EQ(out->at, 9007199254740993);
  EXPECT_EQ(json::dump(*out), text);
}

TEST(Json, AbsentAndNullFieldsKeepTheirDefault) {
  const auto out = json::parse<Outer>(R"({"at":null,"unknown":1})");
  ASSERT_TRUE(out);
  EXPECT_EQ(out->at, 7);
  EXPECT_EQ(out->name, "unnamed");
}

TEST(Json, ErrorsNameThePath) {
  EXPECT_EQ(error_of(R"({"items":[{},{"value":"1"}]})"),
            "$.items[1].value: expected a number, got a string");
  EXPECT_EQ(error_of(R"({"counts":{"k":3000000000}})"), "$.counts.k: 3000000000 is out of range");
  EXPECT_EQ(error_of(R"({"at":1.5})"), "$.at: expected an integer, got 1.5");
  EXPECT_EQ(error_of("[]"), "$: expected an object, got an array");
  EXPECT_EQ(error_of(R"({"nme":1})", {.reject_unknown = true}), "$: unknown field 'nme'");
}

TEST(Json, MalformedTextIsRefused) {
  EXPECT_NE(error_of("{").find("malformed JSON"), std::string::npos);
  EXPECT_NE(error_of("{} x").find("malformed JSON"), std::string::npos);
  EXPECT_NE(error_of(std::string(100'000, '[')).find("malformed JSON"), std::string::npos);
}

TEST(Json, LenientModeReadsNumbersFromTextAndCamelCase) {
  const json::ParseOptions lenient{.numbers_from_text = true};
  const auto out = json::parse<Outer>(R"({"at":"12","items":[{"value":"NaN"}]})", lenient);
  ASSERT_TRUE(out);
  EXPECT_EQ(out->at, 12);
  EXPECT_TRUE(std::isnan(out->items[0].value));
}

TEST(Json, OneFieldSpeltTwoWaysIsRefusedInLenientMode) {
  const auto both =
      json::parse<Lenient>(R"({"two_words":1,"twoWords":2})", {.camel_case_too = true});
  ASSERT_FALSE(both);
  EXPECT_NE(both.error().message.find("twoWords"), std::string::npos);
  EXPECT_EQ(json::parse<Lenient>(R"({"twoWords":2})", {.camel_case_too = true})->two_words, 2);
}

TEST(Json, QueryStringsReadAsFlagsAndLists) {
  const auto out = json::parse<Lenient>(R"({"flag":"TRUE","list":"a"})",
                                        {.flags_from_text = true, .list_from_single = true});
  ASSERT_TRUE(out);
  EXPECT_TRUE(out->flag);
  EXPECT_EQ(out->list, std::vector<std::string>{"a"});
  EXPECT_FALSE(json::parse<Lenient>(R"({"flag":"yes"})", {.flags_from_text = true}));
}

TEST(Json, EmptyListsAreLeftOutWhenAsked) {
  EXPECT_EQ(json::dump(Lenient{}, {.skip_empty_lists = true}), R"({"two_words":0,"flag":false})");
}

TEST(Json, NonFiniteNumbersAreWrittenAsAsked) {
  Outer out;
  out.items = {{.value = HUGE_VAL}};
  EXPECT_NE(json::dump(out).find(R"("value":null)"), std::string::npos);
  EXPECT_NE(json::dump(out, {json::DumpOptions::NonFinite::text}).find(R"("value":"Infinity")"),
            std::string::npos);
}

TEST(Json, TheSchemaNamesEveryField) {
  EXPECT_EQ(json::schema<Outer>(),
            R"({"type":"object","properties":{"name":{"type":"string"},"at":{"type":"integer"},)"
            R"("on":{"type":"boolean"},"items":{"type":"array","items":{"type":"object",)"
            R"("properties":{"value":{"type":["number","null"]},"note":{"type":"string"}}}},)"
            R"("counts":{"type":"object","additionalProperties":{"type":"integer"}},)"
            R"("maybe":{"anyOf":[{"type":["number","null"]},{"type":"null"}]},"raw":{}}})");
}

TEST(Value, DoublesAreReadExactly) {
  for (const double number :
       {0.9333333333333333, 0.1, 1.0 / 3, 8.41e21, 5e-324, 1.7976931348623157e308,
        2.2250738585072014e-308, 123456.789012345678}) {
    const auto read = json::parse_value("[" + number_text(number) + ", 1]");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->get_array()[0].is_double() ? read->get_array()[0].get_double()
                                               : read->get_array()[0].to_number<double>(),
              number);
  }
  std::uint64_t bits = 0x9E3779B97F4A7C15u;
  for (int i = 0; i < 10'000; ++i) {
    bits ^= bits << 13;
    bits ^= bits >> 7;
    bits ^= bits << 17;
    const double number = static_cast<double>(bits >> 11) * 0x1p-53;
    EXPECT_EQ(json::parse_value(number_text(number))->to_number<double>(), number);
  }
}

TEST(Value, WhatIsNoSingleDocumentIsRefused) {
  for (const auto* text : {"", " ", "1 2", "{} x", "[1", "{\"a\":1,}", "nul", "1e", "-"}) {
    EXPECT_FALSE(json::parse_value(text)) << text;
  }
  EXPECT_TRUE(json::parse_value(" [1, 2]\n "));
  EXPECT_EQ(json::parse_value("{\"a\":1,\"a\":2.5}")->get_object().at("a").get_double(), 2.5);
}

}  // namespace
}  // namespace slipway::json_test
