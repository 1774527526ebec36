// SPDX-License-Identifier: Apache-2.0
// Alerts of one kind by their own rule: for how long, on how many rows, how severe, whose; told
// together; and none of it forgotten by a restart.
#include "json/value.h"
#include "outbox.h"
#include "test_rig.h"

namespace slipway::monitor {
namespace {

class AlertRulesTest : public MonitorTest {
 protected:
  void SetUp() override {
    set(R"({"window_rows": 200, "min_rows": 50})");
    learn();
  }
  // A second in which nothing comes.
  void wait(std::int64_t ms) {
    clock_.advance(ms);
    ASSERT_TRUE(monitor_->flush());
  }
  int deliver() {
    const auto send = [&](const fetch::Request& request) -> Result<fetch::Response> {
      sent_.push_back(request);
      return fetch::Response{.status = status_};
    };
    const auto mail = [&](const std::string&, const std::string& message) -> Result<void> {
      mails_.push_back(message);
      return {};
    };
    const auto done = deliver_due(*db_, clock_, send, {}, mail);
    EXPECT_TRUE(done);
    return done.value_or(-1);
  }
  // Warm rows of which many failed: drift and errors in one window.
  void two_alerts() {
    traffic(200, 40);
    std::vector<Captured> failed;
    for (int i = 0; i < 60; ++i) {
      failed.push_back(row(140.5, "UA"));
      failed.back().outputs.clear();
      failed.back().error = "no";
    }
    monitor_->capture(std::move(failed));
    ASSERT_TRUE(monitor_->flush());
    ASSERT_EQ(alerts().size(), 2U);
  }

  int status_ = 200;
  std::vector<fetch::Request> sent_;
  std::vector<std::string> mails_;
};
INSTANTIATE_TEST_SUITE_P(Dialects, AlertRulesTest,
                         ::testing::ValuesIn(store::TestDatabase::dialects()), dialect_name);

TEST_P(AlertRulesTest, WhatIsBadForTooShortATimeAlarmsNobody) {
  set(R"({"alerts": {"drift": {"for_s": 600}}})");
  window(40);
  wait(300'000);
  EXPECT_TRUE(alerts().empty());
  window(0);
  wait(400'000);
  EXPECT_TRUE(alerts().empty());
  window(40);
  wait(599'000);
  EXPECT_TRUE(alerts().empty());
  wait(2'000);  // and no window has closed since
  ASSERT_EQ(alerts().size(), 1U);
  EXPECT_NE(alerts()[0].message.find("(for 10 min)"), std::string::npos) << alerts()[0].message;
  window(0);
  EXPECT_TRUE(alerts().empty());
}

TEST_P(AlertRulesTest, ARestartForgetsNeitherTheWindowsNorTheTime) {
  set(R"({"windows": 3, "alerts": {"drift": {"for_s": 600}}})");
  window(40);
  window(40);
  reopen();
  clock_.advance(700'000);
  EXPECT_TRUE(alerts().empty());
  window(40);  // the third, and long enough since the first
  EXPECT_EQ(alerts().size(), 1U);
  window(0);
  window(0);
  reopen();
  window(0);
  EXPECT_TRUE(alerts().empty());
}

TEST_P(AlertRulesTest, TooFewRowsSayNothing) {
  set(R"({"alerts": {"drift": {"min_rows": 300}}})");
  window(40);
  EXPECT_TRUE(alerts().empty());
  set(R"({"window_rows": 400})");
  traffic(400, 40);
  ASSERT_TRUE(monitor_->flush());
  EXPECT_EQ(alerts().size(), 1U);
}

TEST_P(AlertRulesTest, SeverityAndOwnerAreOfTheKind) {
  set(R"({"stakes": "low", "owner": "models",
          "alerts": {"drift": {"severity": "critical", "owner": "data"}}})");
  two_alerts();
  for (const auto& alert : alerts()) {
    const bool drift = alert.kind == AlertKind::drift;
    EXPECT_EQ(alert.severity, drift ? "critical" : "info");
    EXPECT_EQ(alert.owner, drift ? "data" : "models");
  }
}

TEST_P(AlertRulesTest, AKindThatIsOffAlarmsNobodyAndIsOver) {
  window(40);
  ASSERT_EQ(alerts().size(), 1U);
  set(R"({"alerts": {"drift": {"enabled": false}}})");
  window(40);
  EXPECT_TRUE(alerts().empty());
  EXPECT_EQ(alerts(false)[0].closed_by, "alerts of this kind are off");
  set(R"({"alerts": {"drift": null}})");
  window(40);
  EXPECT_EQ(alerts().size(), 1U);
}

TEST_P(AlertRulesTest, OfAShadowNobodyIsTold) {
  monitor_->connect(
      {.answers = [](const std::string&, const std::string& version) { return version == "1"; }});
  learn("2");
  window(40, "2");
  EXPECT_EQ(reports().size(), 1U);
  EXPECT_TRUE(alerts().empty());
  window(40, "1");
  EXPECT_EQ(alerts().size(), 1U);
}

TEST_P(AlertRulesTest, AlertsOfOneEndpointAreToldTogether) {
  set(R"({"group_seconds": 30, "webhooks": ["http://hook/a",
          {"url": "http://chat", "format": "slack"},
          {"url": "http://am/api/v2/alerts", "format": "alertmanager"}]})");
  two_alerts();
  EXPECT_EQ(deliver(), 0);
  clock_.advance(30'000);
  EXPECT_EQ(deliver(), 6);
  ASSERT_EQ(sent_.size(), 3U);
  for (const auto& request : sent_) {
    const auto body = *json::parse_value(request.body);
    if (request.url == "http://chat") {
      EXPECT_EQ(body.at("attachments").get_array().size(), 2U);
      EXPECT_EQ(json::text_at(body, "text"), "delays: 2 alerts: drift, errors");
    } else if (request.url == "http://hook/a") {
      EXPECT_EQ(json::text_at(body, "event"), "alerts");
      EXPECT_EQ(body.at("alerts").get_array().size(), 2U);
      EXPECT_EQ(json::text_at(body.at("alerts").at(1), "event"), "alert.opened");
      EXPECT_EQ(json::text_at(body.at("alerts").at(1).at("alert"), "kind"), "errors");
    } else {
      EXPECT_EQ(body.get_array().size(), 2U);
    }
  }
  clock_.advance(60'000);
  EXPECT_EQ(deliver(), 0);
}

TEST_P(AlertRulesTest, WhatIsNotTakenIsToldTogetherAgain) {
  set(R"({"webhooks": [{"url": "http://chat", "format": "slack"}]})");
  two_alerts();
  status_ = 500;
  EXPECT_EQ(deliver(), 0);
  ASSERT_EQ(sent_.size(), 1U);
  status_ = 200;
  clock_.advance(1'000);
  EXPECT_EQ(deliver(), 2);
  ASSERT_EQ(sent_.size(), 2U);
  EXPECT_EQ(sent_[0].body, sent_[1].body);
  EXPECT_EQ(sent_[0].headers, sent_[1].headers);
}

TEST_P(AlertRulesTest, OurOwnWebhooksAreToldOneByOneUnlessAsked) {
  set(R"({"webhooks": ["http://hook/a"]})");
  two_alerts();
  EXPECT_EQ(deliver(), 2);
  EXPECT_EQ(sent_.size(), 2U);
}

TEST_P(AlertRulesTest, AMailHasAllOfThem) {
  monitor_->connect(
      {.mail = [](const std::string&, const std::string&) { return Result<void>(); }});
  set(R"({"webhooks": ["mailto:team@example.org"], "group_seconds": 5})");
  two_alerts();
  clock_.advance(5'000);
  EXPECT_EQ(deliver(), 2);
  ASSERT_EQ(mails_.size(), 1U);
  EXPECT_NE(mails_[0].find("Subject: [warning] delays: 2 alerts: drift, errors\r\n"),
            std::string::npos)
      << mails_[0];
}

TEST_P(AlertRulesTest, LoadIsJudgedByItsOwnSettings) {
  LoadSeen seen{.endpoint = "delays", .model = "flights", .version = "1"};
  monitor_->connect({.load = [&] { return Result<std::vector<LoadSeen>>({seen}); }});
  set(R"({"min_requests_per_s": 2, "max_requests_per_s": 50, "max_saturation": 0.1,
          "load_seconds": 10})");
  const auto ten_seconds = [&](std::int64_t requests, std::int64_t refused) {
    seen.requests += requests;
    seen.refused += refused;
    wait(10'000);
  };
  wait(1'000);  // the first look begins the window
  ten_seconds(100, 5);
  EXPECT_TRUE(alerts().empty());
  ten_seconds(5, 0);
  ASSERT_EQ(alerts().size(), 1U);
  EXPECT_EQ(alerts()[0].kind, AlertKind::throughput);
  EXPECT_EQ(alerts()[0].message, "0.5 requests a second over 10 s, at least 2 are expected");
  ten_seconds(1'000, 200);
  ASSERT_EQ(alerts().size(), 2U);
  EXPECT_EQ(alerts()[0].kind, AlertKind::saturation);
  EXPECT_EQ(alerts()[0].message,
            "20 % of 1000 requests were refused for want of room, at most 10 % may be");
  seen.requests = seen.refused = 0;  // the server began again
  ten_seconds(100, 0);
  EXPECT_TRUE(alerts().empty());
}

TEST_P(AlertRulesTest, RulesThatMakeNoSenseAreRefused) {
  const auto refused = [&](const std::string& document) {
    const auto got = monitor_->set_settings("delays", document);
    return got ? std::string("taken") : got.error().message;
  };
  EXPECT_EQ(refused(R"({"alerts": {"drifts": {}}})"),
            "alerts.drifts: there are no alerts of this kind");
  EXPECT_EQ(refused(R"({"alerts": {"drift": {"severity": "bad"}}})"),
            "alerts.drift.severity: 'bad' is not known");
  EXPECT_EQ(refused(R"({"alerts": {"drift": {"for": 5}}})"), "unknown field 'alerts.drift.for'");
  EXPECT_EQ(refused(R"({"min_requests_per_s": 5, "max_requests_per_s": 1})"),
            "min_requests_per_s: is more than max_requests_per_s");
  set(R"({"alerts": {"latency": {"for_s": 60, "windows": 2, "owner": "ops"}}})");
  const auto kept = settings_to_json(*monitor_->settings("delays"), false);
  EXPECT_NE(kept.find(R"("alerts":{"latency":{"enabled":true,"for_s":60,"windows":2,"min_rows":0,)"
                      R"("severity":null,"owner":"ops"}})"),
            std::string::npos)
      << kept;
}

}  // namespace
}  // namespace slipway::monitor
