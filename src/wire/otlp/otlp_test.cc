// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "attributes.h"
#include "base/text.h"
#include "batches.h"
#include "export.h"
#include "preview.h"
#include "protobuf.h"
#include "translate.h"
#include "words.h"

namespace slipway::wire::otlp {
namespace {

std::string varint(std::uint64_t number) {
  std::string out;
  for (; number >= 0x80; number >>= 7) out += static_cast<char>(number | 0x80);
  return out += static_cast<char>(number);
}
std::string field(int number, const std::string& bytes) {
  return varint(static_cast<std::uint64_t>(number) << 3 | 2) + varint(bytes.size()) + bytes;
}
std::string fixed64(int number, std::uint64_t value) {
  std::string out = varint(static_cast<std::uint64_t>(number) << 3 | 1);
  for (int i = 0; i < 8; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}
std::string pair(const std::string& key, const std::string& any) {
  return field(1, key) + field(2, any);
}
// A request of one span with the given extra fields.
std::string request(const std::string& span) {
  return field(1,
               field(2, field(2, field(1, std::string(16, '\1')) + field(2, std::string(8, '\2')) +
                                     field(5, "work") + fixed64(7, 1'000'000) + span)));
}

Batches made(const std::string& bytes) {
  const auto in = read_protobuf(bytes);
  EXPECT_TRUE(in) << in.error().message;
  const auto out = batches_of(*in);
  EXPECT_TRUE(out) << out.error().message;
  return *out;
}

TEST(ProtobufTest, CutAndWrongBytesAreRefused) {
  const auto whole = request(fixed64(8, 2'000'000) + field(9, pair("k", field(1, "v"))));
  ASSERT_TRUE(read_protobuf(whole));
  for (std::size_t size = 1; size < whole.size(); ++size) {
    EXPECT_FALSE(read_protobuf(whole.substr(0, size))) << size;
  }
  EXPECT_FALSE(read_protobuf("\xff\xff"));
  EXPECT_FALSE(read_protobuf(std::string(11, '\xff')));
  EXPECT_FALSE(read_protobuf(std::string("\x0b\x0c", 2))) << "groups";
  EXPECT_FALSE(read_protobuf(request(field(5, "\xff")))) << "a name that is not UTF-8";
}

TEST(ProtobufTest, ValuesNestedTooDeeplyAreRefused) {
  std::string any = field(1, "x");
  for (int i = 0; i < 30; ++i) any = field(5, field(1, any));
  EXPECT_TRUE(read_protobuf(request(field(9, pair("k", any)))));
  for (int i = 0; i < 5'000; ++i) any = field(5, field(1, any));
  EXPECT_FALSE(read_protobuf(request(field(9, pair("k", any)))));
}

TEST(ProtobufTest, AttributesOfAllKindsBecomeJson) {
  const auto batches = made(
      request(field(9, pair("text", field(1, "a \"b\" \xC3\xA9"))) +
              field(9, pair("flag", varint(2 << 3) + varint(1))) +
              field(9, pair("whole", varint(3 << 3) + varint(static_cast<std::uint64_t>(-5)))) +
              field(9, pair("real", fixed64(4, 0x3FF0000000000000))) +
              field(9, pair("list", field(5, field(1, field(1, "x")) + field(1, "")))) +
              field(9, pair("map", field(6, field(1, pair("k", field(1, "v")))))) +
              field(9, pair("bytes", field(7, std::string("a\0'", 3))))));
  const auto& body = batches.batches.at(0).spans.at(0).body;
  for (const auto* part : {R"("text": "\"a \\\"b\\\" é\"")", R"("flag": "true")",
                           R"("whole": "-5")", R"("real": "1.0")", R"("list": "[\"x\", null]")",
                           R"("map": "{\"k\": \"v\"}")", R"("bytes": "\"b\\\"a\\\\x00'\\\"\"")",
                           R"("mlflow.traceRequestId": "\"tr-01010101010101010101010101010101\"")",
                           R"("end_time_unix_nano": null)"}) {
    EXPECT_NE(body.find(part), std::string::npos) << part << "\n" << body;
  }
}

TEST(BatchesTest, SpansWithoutGoodIdsAreLeftOutAndCounted) {
  const auto good = field(1, std::string(16, '\1')) + field(2, std::string(8, '\2'));
  const auto spans = field(2, good) + field(2, field(2, std::string(8, '\2'))) +
                     field(2, field(1, std::string(17, '\1')) + field(2, "x")) +
                     field(2, good + fixed64(7, ~0ull));
  const auto batches = made(field(1, field(2, spans)));
  EXPECT_EQ(batches.refused, 3u);
  ASSERT_EQ(batches.batches.size(), 1u);
  EXPECT_EQ(batches.batches[0].spans.size(), 1u);
}

TEST(BatchesTest, TheRootTellsAboutTheWholeTrace) {
  const auto batches = made(
      field(1, field(1, field(1, pair("service.name", field(1, "shop")))) +
                   field(2, field(2, field(1, std::string(16, '\1')) + field(2, "12345678") +
                                         field(9, pair("mlflow.spanInputs", field(1, "hello"))) +
                                         field(9, pair("session.id", field(1, "s-1"))) +
                                         field(9, pair("user.id", field(1, "ann"))) +
                                         field(9, pair("mlflow.traceTag.team", field(1, "a")))))));
  const auto& batch = batches.batches.at(0);
  EXPECT_EQ(batch.request, "\"hello\"");
  EXPECT_EQ(batch.session, "s-1");
  EXPECT_EQ(batch.tags, (std::vector<Tag>{{"service.name", "shop"}, {"team", "a"}}));
  EXPECT_EQ(batch.metadata, (std::vector<Tag>{{"mlflow.trace.user", "ann"}}));
  EXPECT_EQ(batches.rooted.size(), 1u);
}

TEST(ReadJsonTest, BothEncodingsSayTheSame) {
  const auto in = read_json(R"({"resourceSpans":[{"scopeSpans":[{"spans":[{
      "traceId":"01010101010101010101010101010101","spanId":"0202020202020202","name":"work",
      "startTimeUnixNano":"1000000","attributes":[
        {"key":"whole","value":{"intValue":"-5"}},{"key":"map","value":{"kvlistValue":{"values":[
        {"key":"k","value":{"stringValue":"v"}}]}}}]}]}]}]})");
  ASSERT_TRUE(in) << in.error().message;
  const auto other = made(
      request(field(9, pair("whole", varint(3 << 3) + varint(static_cast<std::uint64_t>(-5)))) +
              field(9, pair("map", field(6, field(1, pair("k", field(1, "v"))))))));
  EXPECT_EQ(batches_of(*in)->batches.at(0).spans.at(0).body, other.batches.at(0).spans.at(0).body);
}

TEST(ReadJsonTest, WrongTypesAreRefused) {
  for (const auto* text :
       {"", "[]", "{\"resourceSpans\":5}", "{\"resourceSpans\":[5]}",
        R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"xyz"}]}]}]})",
        R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":"soon"}]}]}]})",
        R"({"resourceSpans":[{"resource":{"attributes":[{"key":"k","value":5}]}}]})"}) {
    EXPECT_FALSE(read_json(text)) << text;
  }
}

AttributeTexts translated(const Attributes& attributes, const std::vector<EventIn>& events = {}) {
  AttributeTexts out(attributes);
  translate(out, events);
  return out;
}

TEST(TranslateTest, GenAiConventionsShowAsMlflowDoes) {
  const auto out = translated({{"gen_ai.operation.name", "chat"},
                               {"gen_ai.request.model", "gpt-x"},
                               {"gen_ai.provider.name", "acme"},
                               {"gen_ai.usage.input_tokens", 3},
                               {"gen_ai.usage.output_tokens", 4},
                               {"gen_ai.input.messages", R"([{"role": "user"}])"}});
  EXPECT_EQ(*out.find(kSpanType), "\"CHAT_MODEL\"");
  EXPECT_EQ(*out.find(kModel), "\"gpt-x\"");
  EXPECT_EQ(*out.find(kProvider), "\"acme\"");
  EXPECT_EQ(*out.find(kTokenUsage),
            R"({"input_tokens": 3, "output_tokens": 4, "total_tokens": 7})");
  EXPECT_EQ(*out.find(kInputs), R"([{"role": "user"}])");
  EXPECT_FALSE(out.has(kOutputs));
}

TEST(TranslateTest, WhatIsThereStaysAndUnknownGivesWay) {
  EXPECT_EQ(*translated({{"openinference.span.kind", "TOOL"}, {"mlflow.spanType", "AGENT"}})
                 .find(kSpanType),
            "\"AGENT\"");
  EXPECT_EQ(*translated({{"openinference.span.kind", "TOOL"}, {"mlflow.spanType", "UNKNOWN"}})
                 .find(kSpanType),
            "\"TOOL\"");
}

TEST(TranslateTest, MessagesMayComeAsEvents) {
  const auto out = translated({}, {{"gen_ai.user.message", 1, {{"content", "hi"}}},
                                   {"gen_ai.choice", 2, {{"content", "ho"}}}});
  EXPECT_EQ(*out.find(kInputs), R"([{"role": "user", "content": "hi"}])");
  EXPECT_EQ(*out.find(kOutputs), R"([{"role": "assistant", "content": "ho"}])");
}

TEST(PreviewTest, ChatsShowTheirLastMessage) {
  EXPECT_EQ(preview_of(R"({"messages": [{"role": "user", "content": "one"},
      {"role": "assistant", "content": "two"}]})",
                       "user"),
            "one");
  EXPECT_EQ(preview_of(R"({"x": 1})", "user"), R"({"x": 1})");
  EXPECT_EQ(preview_of("\"" + std::string(2'000, 'y') + "\"", "user").size(), 1'000u);
}

}  // namespace
}  // namespace slipway::wire::otlp
