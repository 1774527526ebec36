// SPDX-License-Identifier: Apache-2.0
// What receivers of alerts are told, and when they are told nothing.
#include "notices.h"

#include "base/text.h"
#include "json/value.h"
#include "monitor/silences.h"
#include "outbox.h"
#include "test_rig.h"

namespace slipway::monitor {
namespace {

const Timestamp kNow{1'767'323'045'000};  // 2026-01-02T03:04:05Z

Alert alert() {
  return {.id = "a1",
          .endpoint = "delays",
          .model = "flights",
          .version = "2",
          .opened = kNow,
          .message = "3 of 17 columns drifted <temp> & \"wind\"",
          .value = 0.25,
          .threshold = 0.1,
          .severity = "critical",
          .owner = "flights team"};
}

json::value parsed(const std::string& text) {
  const auto out = json::parse_value(text);
  EXPECT_TRUE(out) << text;
  return out.value_or(nullptr);
}

TEST(Notices, SlackGetsAMessageWithoutLinksOfOurs) {
  const Webhook hook{.url = "http://chat", .format = NoticeFormat::slack};
  const auto body = parsed(notice_body(hook, "alert.opened", alert(), "d1", kNow));
  EXPECT_EQ(json::text_at(body, "text"), "delays: drift of version 2, 0.25 where the limit is 0.1");
  const auto& attached = body.at("attachments").at(0);
  EXPECT_EQ(json::text_at(attached, "text"), "3 of 17 columns drifted &lt;temp&gt; &amp; \"wind\"");
  EXPECT_EQ(json::text_at(attached, "color"), "#c62f3b");
}

TEST(Notices, AlertmanagerIsToldTheEnd) {
  const Webhook hook{.url = "http://am/api/v2/alerts", .format = NoticeFormat::alertmanager};
  const auto opened = parsed(notice_body(hook, "alert.opened", alert(), "d1", kNow));
  const auto& first = opened.at(0);
  EXPECT_EQ(json::text_at(first.at("labels"), "alertname"), "SlipwayDrift");
  EXPECT_EQ(json::text_at(first.at("labels"), "owner"), "flights team");
  EXPECT_EQ(json::text_at(first, "startsAt"), "2026-01-02T03:04:05.000Z");
  EXPECT_EQ(json::text_at(first, "endsAt"), "2026-02-01T03:04:05.000Z");

  auto over = alert();
  over.closed = Timestamp{kNow.ms + 60'000};
  over.closed_by = "a green window";
  const auto closed = parsed(notice_body(hook, "alert.closed", over, "d2", kNow));
  EXPECT_EQ(closed.at(0).at("labels"), first.at("labels"));  // the same alert by its labels
  EXPECT_EQ(json::text_at(closed.at(0), "endsAt"), "2026-01-02T03:05:05.000Z");
}

TEST(Notices, AMailIsAsciiWithShortLinesWhateverTheNames) {
  auto odd = alert();
  odd.endpoint = "Verspätung\r\nBcc: x@y " + std::string(200, 'e');
  const Webhook hook{.url = "mailto:team@example.org"};
  const auto mail = with_sender(notice_body(hook, "alert.opened", odd, "d1", kNow), "s@w");
  EXPECT_TRUE(mail.starts_with("From: Slipway <s@w>\r\nTo: team@example.org\r\n"));
  EXPECT_NE(mail.find("Date: Fri, 02 Jan 2026 03:04:05 +0000\r\n"), std::string::npos);
  EXPECT_EQ(mail.find("\nBcc"), std::string::npos);
  for (const auto line : split(mail, '\n')) {
    EXPECT_LE(line.size(), 78U);
    for (const char c : line) EXPECT_LT(static_cast<unsigned char>(c), 0x80);
  }
  const auto body = mail.substr(mail.find("\r\n\r\n") + 4);
  std::string joined;
  for (const char c : body) joined += c == '\r' || c == '\n' ? "" : std::string(1, c);
  const auto text = from_base64(joined);
  ASSERT_TRUE(text);
  EXPECT_NE(text->find("owner     flights team"), std::string::npos);
}

TEST(Silence, DocumentsAreCheckedFieldByField) {
  const auto refusal = [](std::string_view document) {
    const auto got = silence_from_json(document, kNow);
    return got ? "accepted" : got.error().message;
  };
  EXPECT_EQ(refusal(R"({})"), "ends: missing");
  EXPECT_EQ(refusal(R"({"minutes": -1})"),
            "minutes: a silence lasts more than 0 minutes and at most 90 days");
  EXPECT_EQ(refusal(R"({"minutes": 5, "kind": "noise"})"), "kind: 'noise' is not known");
  EXPECT_EQ(refusal(R"({"ends": "2020-01-01T00:00:00Z"})"), "ends: that is over already");
  EXPECT_EQ(refusal(R"({"minutes": 5, "who": "me"})"), "unknown field 'who'");
  const auto later = silence_from_json(R"({"minutes": 5, "starts": "2026-02-01T00:00:00Z"})", kNow);
  ASSERT_TRUE(later);
  EXPECT_EQ(to_rfc3339(later->ends), "2026-02-01T00:05:00.000Z");
}

class SilenceTest : public MonitorTest {
 protected:
  void SetUp() override {
    set(R"({"window_rows": 200, "min_rows": 50, "stakes": "high", "owner": "flights team",
            "webhooks": ["http://hook/a"]})");
    learn();
    silences_ = std::make_unique<Silences>(*db_, clock_, ids_);
  }
  std::string silence(const std::string& document) {
    auto wanted = silence_from_json(document, clock_.now());
    EXPECT_TRUE(wanted) << wanted.error().message;
    const auto added = silences_->add(*std::move(wanted), "ann");
    EXPECT_TRUE(added);
    return added->id;
  }
  int deliver() {
    return deliver_due(*db_, clock_,
                       [&](const fetch::Request& request) {
                         received_.push_back(request.body);
                         return Result<fetch::Response>(fetch::Response{.status = 200});
                       })
        .value_or(-1);
  }

  std::unique_ptr<Silences> silences_;
  std::vector<std::string> received_;
};
INSTANTIATE_TEST_SUITE_P(Dialects, SilenceTest,
                         ::testing::ValuesIn(store::TestDatabase::dialects()), dialect_name);

TEST_P(SilenceTest, AnAlertIsKeptAndToldWhenTheSilenceEnds) {
  silence(R"({"endpoint": "delays", "kind": "drift", "minutes": 10, "reason": "migration"})");
  window(40);
  ASSERT_EQ(alerts().size(), 1u);
  EXPECT_EQ(alerts()[0].severity, "critical");
  EXPECT_EQ(alerts()[0].owner, "flights team");
  EXPECT_EQ(deliver(), 0);

  clock_.advance(10 * 60'000);
  EXPECT_EQ(deliver(), 1);
  EXPECT_NE(received_.at(0).find("\"owner\":\"flights team\""), std::string::npos);
}

TEST_P(SilenceTest, WhatOpenedAndClosedWithinItIsNeverTold) {
  silence(R"({"minutes": 60})");
  window(40);
  window(0);
  EXPECT_TRUE(alerts().empty());
  clock_.advance(3'600'000);
  EXPECT_EQ(deliver(), 0);
}

TEST_P(SilenceTest, AnotherEndpointOrKindIsTold) {
  silence(R"({"endpoint": "prices", "minutes": 60})");
  silence(R"({"kind": "latency", "minutes": 60})");
  window(40);
  EXPECT_EQ(deliver(), 1);
}

TEST_P(SilenceTest, EndingItEarlyTellsAtOnce) {
  const auto id = silence(R"({"minutes": 60})");
  window(40);
  EXPECT_EQ(silences_->list({})->items.size(), 1u);
  ASSERT_TRUE(silences_->end(id));
  EXPECT_EQ(silences_->end(id).error().code, Code::not_found);
  EXPECT_TRUE(silences_->list({})->items.empty());
  EXPECT_EQ(deliver(), 1);
}

TEST_P(SilenceTest, ListsPageByTheirEnd) {
  for (int i = 5; i > 0; --i) silence("{\"minutes\": " + std::to_string(i) + "}");
  const auto first = silences_->list({.size = 3});
  ASSERT_EQ(first->items.size(), 3u);
  const auto rest = silences_->list({.size = 3, .token = first->next_token});
  ASSERT_EQ(rest->items.size(), 2u);
  EXPECT_LT(first->items[2].ends, rest->items[0].ends);
  EXPECT_TRUE(rest->next_token.empty());
}

TEST_P(SilenceTest, WithBusinessStakesDriftOpensNothing) {
  set(R"({"stakes": "business"})");
  window(40);
  EXPECT_TRUE(alerts().empty());
  EXPECT_TRUE(reports().back().dataset_drift);
}

}  // namespace
}  // namespace slipway::monitor
