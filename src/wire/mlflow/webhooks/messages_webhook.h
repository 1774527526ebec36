// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "messages.h"

namespace slipway::wire::mlflow {

// Names or numbers; absent is null.
struct WebhookEventIn {
  json::Raw entity;
  json::Raw action;
};
BOOST_DESCRIBE_STRUCT(WebhookEventIn, (), (entity, action))

struct WebhookEventOut {
  std::string entity;
  std::string action;
};
BOOST_DESCRIBE_STRUCT(WebhookEventOut, (), (entity, action))

struct CreateWebhook {
  std::string name;
  std::string url;
  std::vector<WebhookEventIn> events;
  std::string description;
  std::string secret;
  json::Raw status;
};
BOOST_DESCRIBE_STRUCT(CreateWebhook, (), (name, url, events, description, secret, status))

struct UpdateWebhook {
  std::string name;
  std::string url;
  std::vector<WebhookEventIn> events;
  std::optional<std::string> description;
  std::optional<std::string> secret;
  json::Raw status;
};
BOOST_DESCRIBE_STRUCT(UpdateWebhook, (), (name, url, events, description, secret, status))

struct ListWebhooks {
  std::int64_t max_results = 0;
  std::string page_token;
};
BOOST_DESCRIBE_STRUCT(ListWebhooks, (), (max_results, page_token))

struct TestWebhook {
  std::optional<WebhookEventIn> event;
};
BOOST_DESCRIBE_STRUCT(TestWebhook, (), (event))

struct WebhookMessage {
  std::string webhook_id;
  std::string name;
  std::string url;
  std::vector<WebhookEventOut> events;
  std::optional<std::string> description;
  std::string status;
  std::int64_t creation_timestamp = 0;
  std::int64_t last_updated_timestamp = 0;
};
BOOST_DESCRIBE_STRUCT(WebhookMessage, (),
                      (webhook_id, name, url, events, description, status, creation_timestamp,
                       last_updated_timestamp))

struct WebhookAnswer {
  WebhookMessage webhook;
};
BOOST_DESCRIBE_STRUCT(WebhookAnswer, (), (webhook))

struct WebhookPage {
  std::vector<WebhookMessage> webhooks;
  std::optional<std::string> next_page_token;
};
BOOST_DESCRIBE_STRUCT(WebhookPage, (), (webhooks, next_page_token))

struct WebhookTestResult {
  bool success = false;
  std::optional<std::int64_t> response_status;
  std::optional<std::string> response_body;
  std::optional<std::string> error_message;
};
BOOST_DESCRIBE_STRUCT(WebhookTestResult, (),
                      (success, response_status, response_body, error_message))

struct WebhookTestAnswer {
  WebhookTestResult result;
};
BOOST_DESCRIBE_STRUCT(WebhookTestAnswer, (), (result))

}  // namespace slipway::wire::mlflow
