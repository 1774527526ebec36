// SPDX-License-Identifier: Apache-2.0
#include "webhook/webhook.h"

#include <set>

#include <gtest/gtest.h>

#include "store/test_database.h"

namespace slipway::webhook {
namespace {

class WebhookTest : public ::testing::TestWithParam<store::Dialect> {
 protected:
  Webhook made(const std::vector<std::string>& topics, const std::string& secret = "") {
    auto webhook = webhooks_.create(
        {.name = "hook", .url = "https://127.0.0.1/in", .secret = secret, .topics = topics});
    EXPECT_TRUE(webhook) << webhook.error().message;
    return webhook.value_or(Webhook{});
  }
  Result<void> put(const std::string& topic, const std::string& body) {
    return db_->write([&](store::Connection& c) { return webhooks_.put(c, topic, body); });
  }

  store::TestDatabase db_{GetParam()};
  FakeClock clock_{1'000};
  FakeIds ids_;
  int status_ = 200;
  std::vector<fetch::Request> sent_;
  Webhooks webhooks_{db_,
                     clock_,
                     ids_,
                     [](const Delivery& d) {
                       return fetch::Headers{{"id", d.id}, {"secret", d.secret}};
                     },
                     {.private_addresses = true, .waiting_limit = 3},
                     [this](const fetch::Request& request) -> Result<fetch::Response> {
                       sent_.push_back(request);
                       if (status_ == 0) return unavailable("nobody there");
                       return fetch::Response{.status = status_};
                     }};
};

INSTANTIATE_TEST_SUITE_P(Dialects, WebhookTest,
                         ::testing::ValuesIn(store::TestDatabase::dialects()));

TEST_P(WebhookTest, OnlySubscribersOfTheTopicAreTold) {
  made({"a.created", "a.created", "b.created"}, "s3cret");
  made({"c.created"});

  ASSERT_TRUE(put("a.created", "{\"n\":1}"));
  ASSERT_TRUE(put("d.created", "{}"));

  EXPECT_EQ(*webhooks_.deliver_due(), 1);
  ASSERT_EQ(sent_.size(), 1u);
  EXPECT_EQ(sent_[0].body, "{\"n\":1}");
  EXPECT_EQ(sent_[0].headers[1].second, "s3cret");
  EXPECT_EQ(*webhooks_.deliver_due(), 0) << "what was taken is not sent again";
}

TEST_P(WebhookTest, SecretsAreSealedAtRestAndOldOnesAtTheNextStart) {
  const auto stored = [&] {
    return *db_->read([](store::Connection& c) {
      return c.all("SELECT secret FROM webhook ORDER BY secret", {},
                   [](const store::Row& row) { return std::string(row.text(0)); });
    });
  };
  made({"a"}, "older secret");
  made({"a"});
  Webhooks sealing(
      db_, clock_, ids_,
      [](const Delivery& d) {
        return fetch::Headers{{"secret", d.secret}};
      },
      {.private_addresses = true, .seal = *Seal::from_hex(Seal::new_key())},
      [this](const fetch::Request& request) -> Result<fetch::Response> {
        sent_.push_back(request);
        return fetch::Response{.status = 200};
      });
  EXPECT_EQ(stored(), (std::vector<std::string>{"", "older secret"}));
  ASSERT_TRUE(sealing.seal_stored());
  const auto fresh = sealing.create(
      {.name = "n", .url = "https://127.0.0.1/in", .secret = "new secret", .topics = {"a"}});
  ASSERT_TRUE(fresh);
  for (const auto& text : stored()) {
    EXPECT_TRUE(text.empty() || Seal::is_sealed(text)) << text;
  }
  ASSERT_TRUE(put("a", "{}"));
  EXPECT_EQ(*sealing.deliver_due(), 3);
  std::multiset<std::string> secrets;
  for (const auto& request : sent_) secrets.insert(request.headers[0].second);
  EXPECT_EQ(secrets, (std::multiset<std::string>{"", "new secret", "older secret"}));
  ASSERT_TRUE(sealing.change(fresh->id, {.secret = "changed"}));
  EXPECT_EQ(sealing.try_out(fresh->id, "a", "{}")->status, 200);
  EXPECT_EQ(sent_.back().headers[0].second, "changed");
}

TEST_P(WebhookTest, AClockThatGoesBackHoldsNothingUp) {
  made({"a"});
  clock_.advance(100'000'000);
  ASSERT_TRUE(put("a", "{}"));
  clock_.advance(-86'400'000);
  EXPECT_EQ(*webhooks_.deliver_due(), 1) << "what was due a day ahead is due";
  status_ = 503;
  ASSERT_TRUE(put("a", "{}"));
  EXPECT_EQ(*webhooks_.deliver_due(), 0);
  EXPECT_EQ(*webhooks_.deliver_due(), 0) << "an ordinary wait is kept";
  EXPECT_EQ(sent_.size(), 2u);
  status_ = 200;
  clock_.advance(5'000);
  EXPECT_EQ(*webhooks_.deliver_due(), 1);
}

TEST_P(WebhookTest, AnUndoneChangeTellsNobody) {
  made({"a"});
  ASSERT_FALSE(db_->write([&](store::Connection& c) -> Result<void> {
    SW_CHECK_OK(webhooks_.put(c, "a", "{}"));
    return invalid("undone");
  }));
  EXPECT_EQ(*webhooks_.deliver_due(), 0);
  EXPECT_TRUE(sent_.empty());
}

TEST_P(WebhookTest, WhatWasNotTakenIsSentAgainLaterUnderTheSameId) {
  made({"a"});
  ASSERT_TRUE(put("a", "{}"));
  for (const int failure : {0, 503, 429}) {
    status_ = failure;
    EXPECT_EQ(*webhooks_.deliver_due(), 0);
    EXPECT_EQ(*webhooks_.deliver_due(), 0) << "not before its time";
    clock_.advance(20'000);
  }
  status_ = 204;
  EXPECT_EQ(*webhooks_.deliver_due(), 1);
  ASSERT_EQ(sent_.size(), 4u);
  EXPECT_EQ(sent_[0].headers[0], sent_[3].headers[0]);
}

TEST_P(WebhookTest, ARefusalForGoodIsNotRepeated) {
  made({"a"});
  ASSERT_TRUE(put("a", "{}"));
  status_ = 400;
  EXPECT_EQ(*webhooks_.deliver_due(), 1);
  clock_.advance(86'400'000);
  EXPECT_EQ(*webhooks_.deliver_due(), 0);
}

TEST_P(WebhookTest, ADisabledOneIsNotTold) {
  const auto webhook = made({"a"});
  ASSERT_TRUE(webhooks_.change(webhook.id, {.active = false}));
  ASSERT_TRUE(put("a", "{}"));
  EXPECT_EQ(*webhooks_.deliver_due(), 0);
  ASSERT_TRUE(webhooks_.change(webhook.id, {.active = true}));
  ASSERT_TRUE(put("a", "{}"));
  EXPECT_EQ(*webhooks_.deliver_due(), 1);
}

TEST_P(WebhookTest, WhatWaitsIsBounded) {
  made({"a"});
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(put("a", "{}"));
  EXPECT_EQ(*webhooks_.deliver_due(), 3);
}

TEST_P(WebhookTest, ChangesKeepWhatIsNotNamed) {
  const auto webhook = made({"a"}, "one");
  clock_.advance(5);
  const auto changed = webhooks_.change(webhook.id, {.name = "other", .topics = {{"b", "c"}}});
  ASSERT_TRUE(changed) << changed.error().message;
  EXPECT_EQ(changed->url, webhook.url);
  EXPECT_EQ(changed->updated, Timestamp{1'005});
  EXPECT_EQ(webhooks_.get(webhook.id)->topics, (std::vector<std::string>{"b", "c"}));
  ASSERT_TRUE(put("b", "{}"));
  EXPECT_EQ(*webhooks_.deliver_due(), 1);
  EXPECT_EQ(sent_[0].headers[1].second, "one") << "the secret stays";
  ASSERT_TRUE(webhooks_.remove(webhook.id));
  EXPECT_EQ(webhooks_.get(webhook.id).error().code, Code::not_found);
  EXPECT_EQ(webhooks_.remove(webhook.id).error().code, Code::not_found);
}

TEST_P(WebhookTest, RefusesWhatIsNoWebhook) {
  const NewWebhook good{.name = "w", .url = "https://127.0.0.1/x", .topics = {"a"}};
  const auto refused = [&](NewWebhook bad) {
    const auto made = webhooks_.create(bad);
    return !made && made.error().code == Code::invalid_argument;
  };
  for (const auto* name : {"", "-a", "a-", "a b", "ä"}) {
    auto bad = good;
    bad.name = name;
    EXPECT_TRUE(refused(bad)) << name;
  }
  for (const auto* url : {"", " ", "ftp://127.0.0.1", "http://127.0.0.1", "https://", "x"}) {
    auto bad = good;
    bad.url = url;
    EXPECT_TRUE(refused(bad)) << url;
  }
  auto bad = good;
  bad.topics.clear();
  EXPECT_TRUE(refused(bad));
}

TEST_P(WebhookTest, PagesNewestFirst) {
  for (int i = 0; i < 3; ++i) {
    made({"a"});
    clock_.advance(1);
  }
  const auto first = webhooks_.list({.size = 2});
  ASSERT_TRUE(first);
  ASSERT_EQ(first->items.size(), 2u);
  const auto second = webhooks_.list({.size = 2, .token = first->next_token});
  ASSERT_TRUE(second);
  EXPECT_EQ(second->items.size(), 1u);
  EXPECT_EQ(second->next_token, "");
  EXPECT_FALSE(webhooks_.list({.size = 0}));
  EXPECT_FALSE(webhooks_.list({.size = 2, .token = "garbage"}));
}

}  // namespace
}  // namespace slipway::webhook
