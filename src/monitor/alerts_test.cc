// SPDX-License-Identifier: Apache-2.0
// Alerts open once, close when it is over, and their webhooks survive everything.
#include "base/hash.h"
#include "json/value.h"
#include "outbox.h"
#include "test_rig.h"

namespace slipway::monitor {
namespace {

class AlertTest : public MonitorTest {
 protected:
  void SetUp() override {
    set(R"({"window_rows": 200, "min_rows": 50,
            "webhooks": [{"url": "http://hook/a", "secret": "s3cret"}, "http://hook/b"]})");
    learn();
  }

  // Sends what is due to a receiver that answers `status`.
  int deliver(int status) {
    const auto sent = deliver_due(*db_, clock_, [&](const fetch::Request& request) {
      received_.push_back(request);
      return status == 0 ? Result<fetch::Response>(unavailable("refused"))
                         : Result<fetch::Response>(fetch::Response{.status = status});
    });
    EXPECT_TRUE(sent);
    return sent.value_or(-1);
  }

  std::vector<fetch::Request> received_;
};
INSTANTIATE_TEST_SUITE_P(Dialects, AlertTest, ::testing::ValuesIn(store::TestDatabase::dialects()),
                         dialect_name);

TEST_P(AlertTest, OneAlertHoweverManyWindowsAreRed) {
  for (int i = 0; i < 4; ++i) window(40);

  ASSERT_EQ(alerts().size(), 1u);
  const auto alert = alerts()[0];
  EXPECT_EQ(alert.endpoint, "delays");
  EXPECT_EQ(alert.version, "1");
  EXPECT_EQ(alert.kind, AlertKind::drift);
  EXPECT_EQ(alert.value, 0.5);
  EXPECT_EQ(alert.threshold, 0.1);
  EXPECT_EQ(alert.message,
            "1 of 2 columns drifted (temp) in 200 predictions of version 1: 50 %, the threshold "
            "is 10 %");
  EXPECT_EQ(reports().back().id, alert.report_id);
  EXPECT_NE(
      meters_->prometheus_text().find("slipway_alerts_open{endpoint=\"delays\",kind=\"drift\"} 1"),
      std::string::npos);
}

TEST_P(AlertTest, AGreenWindowClosesIt) {
  window(40);
  window(0);

  EXPECT_TRUE(alerts().empty());
  const auto closed = alerts(false).at(0);
  EXPECT_EQ(closed.state, AlertState::closed);
  EXPECT_EQ(closed.closed_by, "a green window");
  EXPECT_TRUE(closed.closed);
}

TEST_P(AlertTest, WindowsInARowAreWantedWhenTheSettingsSaySo) {
  set(R"({"windows": 2})");
  window(40);
  window(0);
  window(40);
  EXPECT_TRUE(alerts().empty());
  window(40);
  EXPECT_EQ(alerts().size(), 1u);
  window(0);
  EXPECT_EQ(alerts().size(), 1u);
  window(0);
  EXPECT_TRUE(alerts().empty());
}

TEST_P(AlertTest, AnotherVersionsGreenWindowDoesNotCloseItItsPromotionDoes) {
  learn("2");
  window(40);
  window(0, "2");
  EXPECT_EQ(alerts().size(), 1u);

  ASSERT_TRUE(monitor_->versions_changed("delays", {"1", "2"}, "no"));
  EXPECT_EQ(alerts().size(), 1u);
  ASSERT_TRUE(monitor_->versions_changed("delays", {"2"}, "version 2 was promoted"));
  EXPECT_TRUE(alerts().empty());
  EXPECT_EQ(alerts(false).at(0).closed_by, "version 2 was promoted");
}

TEST_P(AlertTest, ErrorsAndLatencyHaveTheirOwn) {
  set(R"({"max_p99_ms": 0.4})");
  std::vector<Captured> rows;
  for (int i = 0; i < 200; ++i) {
    rows.push_back(row((i * 37) % 100 + 0.5, kCarriers[i % 3]));
    if (i < 20) rows.back().error = "model failed";
  }
  monitor_->capture(std::move(rows));
  ASSERT_TRUE(monitor_->flush());

  const auto open = alerts();
  ASSERT_EQ(open.size(), 2u);
  EXPECT_EQ(open[1].kind, AlertKind::errors);
  EXPECT_DOUBLE_EQ(open[1].value, 0.1);
  EXPECT_EQ(open[0].kind, AlertKind::latency);
}

TEST_P(AlertTest, AcknowledgeAndCloseByHandAndTheirLimits) {
  window(40);
  const auto id = alerts().at(0).id;

  EXPECT_EQ(monitor_->alerts().acknowledge(id, "ann")->state, AlertState::acknowledged);
  window(40);
  EXPECT_EQ(alerts().size(), 1u);  // acknowledged is not closed: no second one
  EXPECT_EQ(monitor_->alerts().close(id, "ann", {})->closed_by, "ann");
  EXPECT_EQ(monitor_->alerts().acknowledge(id, "ann").error().code, Code::failed_precondition);
  EXPECT_EQ(monitor_->alerts().close("nope", "ann", {}).error().code, Code::not_found);
}

TEST_P(AlertTest, WebhooksAreSignedAndSentOnce) {
  window(40);

  EXPECT_EQ(deliver(204), 2);
  EXPECT_EQ(deliver(204), 0);
  ASSERT_EQ(received_.size(), 2u);
  const auto& first = received_[0].url == "http://hook/a" ? received_[0] : received_[1];
  const auto body = json::parse_value(first.body);
  ASSERT_TRUE(body);
  EXPECT_EQ(json::text_at(*body, "event"), "alert.opened");
  EXPECT_EQ(json::text_at(*json::find(*body, "alert"), "id"), alerts().at(0).id);
  const std::string want = "sha256=" + hmac_sha256_hex("s3cret", first.body);
  bool is_signed = false;
  for (const auto& [name, value] : first.headers) {
    is_signed |= name == "x-slipway-signature" && value == want;
  }
  EXPECT_TRUE(is_signed);
}

TEST_P(AlertTest, SecretsAreSealedAtRestAndOldOnesAtTheNextStart) {
  const auto texts = [&] {
    const auto found = db_->read([](store::Connection& c) {
      return c.all(
          "SELECT document FROM monitor_settings UNION ALL SELECT secret FROM monitor_outbox", {},
          [](const store::Row& row) { return std::string(row.text(0)); });
    });
    std::string out;
    for (const auto& text : found.value_or(std::vector<std::string>{})) out += text + "\n";
    return out;
  };
  ASSERT_NE(texts().find("s3cret"), std::string::npos) << "an older version kept it plain";
  reopen();
  const auto seal = *Seal::from_hex(Seal::new_key());
  monitor_->connect({.seal = seal});
  ASSERT_TRUE(monitor_->seal_stored());
  EXPECT_EQ(texts().find("s3cret"), std::string::npos) << texts();
  // What a GET said is put back: the secret stays.
  set(settings_to_json(*monitor_->settings("delays"), false));
  set(R"({"drift_threshold": 0.2})");
  window(40);
  EXPECT_EQ(texts().find("s3cret"), std::string::npos) << texts();
  std::vector<std::string> signatures;
  std::vector<std::string> wanted;
  const Send send = [&](const fetch::Request& request) {
    for (const auto& [name, value] : request.headers) {
      if (name == "x-slipway-signature") signatures.push_back(value);
    }
    if (request.url == "http://hook/a") {
      wanted.push_back("sha256=" + hmac_sha256_hex("s3cret", request.body));
    }
    return Result<fetch::Response>(fetch::Response{.status = 204});
  };
  const auto stranger = *Seal::from_hex(Seal::new_key());
  EXPECT_EQ(*deliver_due(*db_, clock_, send, stranger), 1) << "the signed one waits for its key";
  clock_.advance(1'000);
  EXPECT_EQ(*deliver_due(*db_, clock_, send, seal), 1);
  EXPECT_EQ(signatures.size(), 1u);
  EXPECT_EQ(signatures, wanted);
}

TEST_P(AlertTest, WebhooksAreTriedAgainAfterAPauseAndARestart) {
  window(40);
  EXPECT_EQ(deliver(500), 0);
  EXPECT_EQ(deliver(204), 0);  // not before a second has passed
  clock_.advance(1'000);
  EXPECT_EQ(deliver(0), 0);
  reopen();
  clock_.advance(1'999);
  EXPECT_EQ(deliver(204), 0);  // two seconds after the second failure
  clock_.advance(1);
  EXPECT_EQ(deliver(204), 2);
  clock_.advance(3'600'000);
  EXPECT_EQ(deliver(204), 0);
}

TEST_P(AlertTest, OpenAlertsAreKnownAfterARestart) {
  window(40);
  reopen();
  ASSERT_TRUE(monitor_->alerts().count_open());
  window(40);

  EXPECT_EQ(alerts().size(), 1u);
  EXPECT_NE(
      meters_->prometheus_text().find("slipway_alerts_open{endpoint=\"delays\",kind=\"drift\"} 1"),
      std::string::npos);
}

}  // namespace
}  // namespace slipway::monitor
