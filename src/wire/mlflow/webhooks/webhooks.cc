// SPDX-License-Identifier: Apache-2.0
// MLflow REST, webhooks.
#include "base/text.h"
#include "endpoint.h"
#include "webhook/webhook.h"
#include "webhooks/events.h"
#include "webhooks/messages_webhook.h"
#include "wire/mlflow/routes.h"

namespace slipway::wire::mlflow {
namespace {

using net::Request;
using webhook::Webhook;
using webhook::Webhooks;

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return out;
}

Result<std::string> topic_in(const WebhookEventIn& in) {
  SW_TRY(const auto entity,
         enum_name(in.entity, "entity",
                   {"ENTITY_UNSPECIFIED", "REGISTERED_MODEL", "MODEL_VERSION", "MODEL_VERSION_TAG",
                    "MODEL_VERSION_ALIAS", "PROMPT", "PROMPT_VERSION", "PROMPT_TAG",
                    "PROMPT_VERSION_TAG", "PROMPT_ALIAS", "BUDGET_POLICY"},
                   0));
  SW_TRY(const auto action,
         enum_name(in.action, "action",
                   {"ACTION_UNSPECIFIED", "CREATED", "UPDATED", "DELETED", "SET", "EXCEEDED"}, 0));
  if (!entity) return missing("entity");
  if (!action) return missing("action");
  return topic_of(*entity, *action);
}

Result<std::vector<std::string>> topics_in(const std::vector<WebhookEventIn>& events) {
  std::vector<std::string> out;
  for (const auto& event : events) {
    SW_TRY(auto topic, topic_in(event));
    out.push_back(std::move(topic));
  }
  return out;
}

Result<std::optional<bool>> active_in(const json::Raw& status) {
  SW_TRY(const auto name, enum_name(status, "status", {"ACTIVE", "DISABLED"}, 1));
  return name ? std::optional(*name == "ACTIVE") : std::optional<bool>();
}

WebhookMessage to_wire(const Webhook& webhook) {
  WebhookMessage out;
  out.webhook_id = webhook.id;
  out.name = webhook.name;
  out.url = webhook.url;
  for (const auto& topic : webhook.topics) {
    const auto dot = topic.find('.');
    out.events.push_back({upper(topic.substr(0, dot)), upper(topic.substr(dot + 1))});
  }
  if (webhook.description && !webhook.description->empty()) out.description = webhook.description;
  out.status = webhook.active ? "ACTIVE" : "DISABLED";
  out.creation_timestamp = webhook.created.ms;
  out.last_updated_timestamp = webhook.updated.ms;
  return out;
}

Result<WebhookAnswer> create(Webhooks& webhooks, const CreateWebhook& in) {
  if (in.name.empty()) return missing("name");
  if (in.url.empty()) return missing("url");
  if (in.events.empty()) return missing("events");
  webhook::NewWebhook wanted{.name = in.name, .url = in.url, .secret = in.secret};
  if (!in.description.empty()) wanted.description = in.description;
  SW_TRY(wanted.topics, topics_in(in.events));
  SW_TRY(const auto active, active_in(in.status));
  wanted.active = active.value_or(true);
  SW_TRY(const auto made, webhooks.create(wanted));
  return WebhookAnswer{to_wire(made)};
}

Result<WebhookAnswer> get(Webhooks& webhooks, const Empty&, const Request& request) {
  SW_TRY(const auto found, webhooks.get(request.param("webhook_id")));
  return WebhookAnswer{to_wire(found)};
}

Result<WebhookPage> list(Webhooks& webhooks, const ListWebhooks& in) {
  const auto size = in.max_results == 0 ? 100 : in.max_results;
  if (size < 0) return invalid("max_results must be between 1 and 1000");
  SW_TRY(const auto found, webhooks.list({static_cast<std::size_t>(size), in.page_token}));
  WebhookPage out;
  for (const auto& webhook : found.items) out.webhooks.push_back(to_wire(webhook));
  if (!found.next_token.empty()) out.next_page_token = found.next_token;
  return out;
}

Result<WebhookAnswer> update(Webhooks& webhooks, const UpdateWebhook& in, const Request& request) {
  webhook::WebhookChange change;
  if (!in.name.empty()) change.name = in.name;
  if (!in.url.empty()) change.url = in.url;
  change.description = in.description;
  change.secret = in.secret;
  if (!in.events.empty()) {
    SW_TRY(change.topics, topics_in(in.events));
  }
  SW_TRY(change.active, active_in(in.status));
  SW_TRY(const auto changed, webhooks.change(request.param("webhook_id"), change));
  return WebhookAnswer{to_wire(changed)};
}

Result<Empty> remove(Webhooks& webhooks, const Empty&, const Request& request) {
  SW_CHECK_OK(webhooks.remove(request.param("webhook_id")));
  return Empty{};
}

Result<WebhookTestAnswer> test(Webhooks& webhooks, const TestWebhook& in, const Request& request) {
  std::string topic;
  if (in.event) {
    SW_TRY(topic, topic_in(*in.event));
  }
  SW_TRY(const auto found, webhooks.get(request.param("webhook_id")));
  if (topic.empty()) topic = found.topics.front();
  const auto answer =
      webhooks.try_out(found.id, topic, body_of(topic, example_of(topic), system_clock().now()));
  WebhookTestAnswer out;
  if (answer) {
    out.result.success = answer->status < 400;
    out.result.response_status = answer->status;
    if (!answer->body.empty() && is_valid_utf8(answer->body)) {
      out.result.response_body = answer->body;
    }
  } else {
    out.result.error_message = "Failed to test webhook: " + answer.error().message;
  }
  return out;
}

}  // namespace

void add_webhook_routes(net::Router& router, Webhooks& webhooks) {
  Endpoints at{router, webhooks, "webhook"};
  at.post("webhooks", create);
  at.get("webhooks", list);
  at.get("webhooks/{webhook_id}", get);
  at.patch("webhooks/{webhook_id}", update);
  at.del("webhooks/{webhook_id}", remove);
  at.post("webhooks/{webhook_id}/test", test);
}

}  // namespace slipway::wire::mlflow
