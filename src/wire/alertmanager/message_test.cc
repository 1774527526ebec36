// SPDX-License-Identifier: Apache-2.0
#include "message.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "base/text.h"

namespace slipway::wire::alertmanager {
namespace {

std::string error_of(const std::string& body) {
  const auto read = message_of(body);
  return read ? "" : read.error().message;
}

TEST(Message, a_firing_alert_is_named_by_fingerprint_and_start) {
  const auto read = message_of(R"({"version": "4", "status": "firing", "alerts": [
      {"status": "firing", "labels": {"alertname": "Slow", "severity": "page"},
       "startsAt": "2026-03-01T10:00:00.123Z", "endsAt": "0001-01-01T00:00:00Z",
       "fingerprint": "abc"},
      {"status": "resolved", "labels": {}, "startsAt": "2026-03-01T10:00:00Z"}]})");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->resolved, 1u);
  ASSERT_EQ(read->firing.size(), 1u);
  EXPECT_EQ(read->firing[0].key, "abc@2026-03-01T10:00:00.123Z");
  EXPECT_EQ(read->firing[0].labels.at("severity"), "page");
}

TEST(Message, without_a_fingerprint_the_labels_name_it) {
  const auto key = [](const std::string& labels) {
    return message_of(R"({"alerts": [{"status": "firing", "startsAt": "2026-03-01T10:00:00Z",
                          "labels": {)" +
                      labels + "}}]}")
        ->firing.at(0)
        .key;
  };
  EXPECT_EQ(key(R"("a": "1", "b": "2")"), key(R"("b": "2", "a": "1")"));
  EXPECT_NE(key(R"("a": "1", "b": "2")"), key(R"("a": "12", "b": "")"));
}

TEST(Message, says_what_is_wrong) {
  EXPECT_EQ(error_of("{}"), "$.alerts: expected an array, as Alertmanager and Grafana send it");
  EXPECT_EQ(error_of(R"({"alerts": [{"status": "pending"}]})"),
            "$.alerts[0].status: 'pending' is neither firing nor resolved");
  EXPECT_EQ(error_of(R"({"alerts": [{"status": "firing", "labels": {"a": 3}}]})"),
            "$.alerts[0].labels.a: expected a string");
  EXPECT_EQ(error_of(R"({"alerts": [{"status": "firing", "labels": {}, "startsAt": "now"}]})"),
            "$.alerts[0].startsAt: 'now' is no time");
  EXPECT_NE(error_of("["), "");
  std::string many = R"({"alerts": [)";
  for (int i = 0; i < 1001; ++i) many += std::string(i == 0 ? "" : ",") + "{}";
  EXPECT_EQ(error_of(many + "]}"), "$.alerts: more than 1000");
}

TEST(Message, the_secret_is_known_by_token_password_or_signature) {
  const std::string secret = "0123456789abcdef";
  const std::string body = R"({"alerts": []})";
  const auto with = [&](const std::string& name, const std::string& value) {
    net::Headers headers;
    headers.set(name, value);
    return knows(headers, body, secret);
  };
  EXPECT_TRUE(with("authorization", "Bearer " + secret));
  EXPECT_FALSE(with("authorization", "Bearer " + secret + "x"));
  EXPECT_FALSE(with("authorization", "Bearer 0123456789abcde"));
  EXPECT_FALSE(with("authorization", "Bearer "));
  EXPECT_TRUE(with("authorization", "Basic " + to_base64("slipway:" + secret)));
  EXPECT_FALSE(with("authorization", "Basic " + to_base64(secret)));
  EXPECT_FALSE(with("authorization", secret));
  EXPECT_TRUE(with("x-slipway-signature", "sha256=" + hmac_sha256_hex(secret, body)));
  EXPECT_FALSE(with("x-slipway-signature", "sha256=" + hmac_sha256_hex(secret, body + " ")));
  EXPECT_TRUE(with("x-grafana-alerting-signature", hmac_sha256_hex(secret, body)));
  net::Headers timed;
  timed.set("x-grafana-alerting-timestamp", "1770000000");
  timed.set("x-grafana-alerting-signature", hmac_sha256_hex(secret, "1770000000:" + body));
  EXPECT_TRUE(knows(timed, body, secret));
  timed.set("x-grafana-alerting-timestamp", "1770000001");
  EXPECT_FALSE(knows(timed, body, secret));
  EXPECT_FALSE(knows({}, body, secret));
  EXPECT_FALSE(with("authorization", "Bearer x") || knows({}, body, ""));
}

}  // namespace
}  // namespace slipway::wire::alertmanager
