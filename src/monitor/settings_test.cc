// SPDX-License-Identifier: Apache-2.0
#include "monitor/settings.h"

#include <gtest/gtest.h>

namespace slipway::monitor {
namespace {

std::string refusal(std::string_view document) {
  const auto got = settings_from_json(document);
  return got ? "accepted" : got.error().message;
}

TEST(Settings, ADocumentChangesWhatItNames) {
  const auto first = settings_from_json(R"({"window_rows": 5000, "drift_threshold": 0.25,
    "columns": {"temp": {"method": "psi", "threshold": 0.2}},
    "retrain": {"pipeline": "retrain", "params": {"month": 4}},
    "webhooks": ["http://a/b"], "quality": {"metric": "roc_auc", "min": 0.65}})");
  ASSERT_TRUE(first) << first.error().message;
  const auto second = settings_from_json(R"({"drift_threshold": null})", *first);

  ASSERT_TRUE(second);
  EXPECT_EQ(second->drift_threshold, 0.10);
  EXPECT_EQ(second->window_rows, 5000);
  EXPECT_EQ(second->columns.at("temp").method, stats::Method::psi);
  EXPECT_EQ(second->retrain->params, "{\"month\":4}");
  EXPECT_EQ(second->quality->metric, "roc_auc");
}

TEST(Settings, WhatIsStoredReadsBackTheSame) {
  const auto settings = settings_from_json(
      R"({"methods": {"numerical": "wasserstein"}, "correction": "none", "max_p99_ms": 20,
          "webhooks": [{"url": "https://a/b", "secret": "x"}],
          "retrain": {"pipeline": "p.yaml", "cooldown_s": 5}})");
  ASSERT_TRUE(settings) << settings.error().message;
  const auto document = settings_to_json(*settings, true);

  const auto back = settings_from_json(document);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(settings_to_json(*back, true), document);
}

TEST(Settings, SecretsAreNotShownAndSurviveBeingSentBack) {
  const auto settings =
      settings_from_json(R"({"webhooks": [{"url": "https://a/b", "secret": "hush"}]})");
  const auto shown = settings_to_json(*settings, false);
  EXPECT_EQ(shown.find("hush"), std::string::npos);

  const auto back = settings_from_json(shown, *settings);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->webhooks.at(0).secret, "hush");
}

TEST(Settings, StakesSetTheThresholdUnlessItIsGiven) {
  const auto high = settings_from_json(R"({"stakes": "high", "owner": "flights team"})");
  ASSERT_TRUE(high) << high.error().message;
  EXPECT_EQ(high->drift_threshold, 0.05);
  EXPECT_EQ(high->owner, "flights team");
  EXPECT_EQ(settings_from_json(R"({"stakes": "low"})", *high)->drift_threshold, 0.15);
  EXPECT_EQ(settings_from_json(R"({"drift_threshold": 0.3, "stakes": "low"})")->drift_threshold,
            0.3);
  const auto own = settings_from_json(R"({"drift_threshold": 0.3})", *high);
  EXPECT_EQ(own->drift_threshold, 0.3);
  EXPECT_EQ(settings_from_json(R"({"owner": "b"})", *own)->drift_threshold, 0.3);
  EXPECT_EQ(settings_from_json(R"({"drift_threshold": null})", *own)->drift_threshold, 0.05);
  const auto stored = settings_from_json(settings_to_json(*own, true));
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->drift_threshold, 0.3);
  EXPECT_EQ(stored->stakes, Stakes::high);
}

TEST(Settings, ReceiversHaveAFormatOrAMailbox) {
  const auto settings = settings_from_json(R"({"webhooks": [
      {"url": "https://chat/x", "format": "slack"}, "mailto:team@example.org"]})");
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->webhooks.at(0).format, NoticeFormat::slack);
  EXPECT_TRUE(settings->webhooks.at(1).is_mail());
  EXPECT_EQ(refusal(R"({"webhooks": [{"url": "http://a", "format": "fax"}]})"),
            "webhooks[0].format: 'fax' is not known");
  EXPECT_EQ(refusal(R"({"webhooks": ["mailto:team"]})"),
            "webhooks[0]: 'team' is not a mail address");
  EXPECT_EQ(refusal(R"({"webhooks": ["mailto:a@b\r\nBcc: c@d"]})"),
            "webhooks[0]: 'a@b\r\nBcc: c@d' is not a mail address");
}

TEST(Settings, RefusalsNameTheField) {
  EXPECT_EQ(refusal("[]"), "$: expected an object, got an array");
  EXPECT_EQ(refusal(R"({"window": 1})"), "unknown field 'window'");
  EXPECT_EQ(refusal(R"({"window_rows": "many"})"), "window_rows: expected a number, got a string");
  EXPECT_EQ(refusal(R"({"drift_threshold": 1.5})"), "drift_threshold: 1.5 is not between 0 and 1");
  EXPECT_EQ(refusal(R"({"window_rows": 100.5})"), "window_rows: expected an integer, got 100.5");
  EXPECT_EQ(refusal(R"({"window_rows": 100, "min_rows": 200})"),
            "min_rows: 200 is more than window_rows (100)");
  EXPECT_EQ(refusal(R"({"methods": {"numerical": "chisquare"}})"),
            "methods.numerical: 'chisquare' is not a method for it");
  EXPECT_EQ(refusal(R"({"columns": {"a": {"metod": "ks"}}})"), "unknown field 'columns.a.metod'");
  EXPECT_EQ(refusal(R"({"webhooks": ["ftp://x"]})"),
            "webhooks[0]: 'ftp://x' is not an http or https address");
  EXPECT_EQ(refusal(R"({"retrain": {}})"), "retrain.pipeline: missing");
  EXPECT_EQ(refusal(R"({"quality": {"metric": "f9", "min": 1}})"),
            "quality.metric: 'f9' is not known");
  EXPECT_EQ(refusal(R"({"quality": {"metric": "accuracy"}})"),
            "quality: neither min nor max is given");
}

}  // namespace
}  // namespace slipway::monitor
