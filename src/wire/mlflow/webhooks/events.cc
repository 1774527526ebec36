// SPDX-License-Identifier: Apache-2.0
#include "webhooks/events.h"

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/text.h"
#include "json/value.h"
#include "registry/registry_words.h"
#include "wire/mlflow/routes.h"

namespace slipway::wire::mlflow {
namespace {

using registry::Fact;

constexpr std::string_view kPromptText = "mlflow.prompt.text";
constexpr std::string_view kPromptType = "_mlflow_prompt_type";

// Every event there is, with an example of its data.
struct EventKind {
  std::string_view topic;
  std::string_view example;
};
constexpr EventKind kEvents[] = {
    {"registered_model.created",
     R"({"name":"example_model","tags":{"example_key":"example_value"},)"
     R"("description":"An example registered model"})"},
    {"model_version.created",
     R"({"name":"example_model","version":"1","source":"models:/123",)"
     R"("run_id":"abcd1234abcd5678","tags":{"example_key":"example_value"},)"
     R"("description":"An example model version"})"},
    {"model_version_tag.set",
     R"({"name":"example_model","version":"1","key":"example_key","value":"example_value"})"},
    {"model_version_tag.deleted", R"({"name":"example_model","version":"1","key":"example_key"})"},
    {"model_version_alias.created",
     R"({"name":"example_model","alias":"example_alias","version":"1"})"},
    {"model_version_alias.deleted", R"({"name":"example_model","alias":"example_alias"})"},
    {"prompt.created", R"({"name":"example_prompt","tags":{"example_key":"example_value"},)"
                       R"("description":"An example prompt"})"},
    {"prompt_version.created",
     R"({"name":"example_prompt","version":"1","template":"Hello {{name}}!",)"
     R"("tags":{"example_key":"example_value"},"description":"An example prompt version"})"},
    {"prompt_tag.set", R"({"name":"example_prompt","key":"example_key","value":"example_value"})"},
    {"prompt_tag.deleted", R"({"name":"example_prompt","key":"example_key"})"},
    {"prompt_version_tag.set",
     R"({"name":"example_prompt","version":"1","key":"example_key","value":"example_value"})"},
    {"prompt_version_tag.deleted",
     R"({"name":"example_prompt","version":"1","key":"example_key"})"},
    {"prompt_alias.created", R"({"name":"example_prompt","alias":"example_alias","version":"1"})"},
    {"prompt_alias.deleted", R"({"name":"example_prompt","alias":"example_alias"})"},
    {"budget_policy.exceeded",
     R"({"budget_policy_id":"bp-abc123","budget_unit":"USD","budget_amount":100.0,)"
     R"("current_spend":105.5,"duration_unit":"MONTHS","duration_value":1,)"
     R"("target_scope":"ENDPOINT","workspace":"default","target_value":"ep-abc123",)"
     R"("window_start":1704067200000})"},
};

bool says_prompt(const std::vector<Tag>& tags) {
  return std::any_of(tags.begin(), tags.end(), [](const Tag& tag) {
    return tag.key == kIsPrompt && equal_ignoring_case(tag.value, "true");
  });
}

json::value optional_text(const std::optional<std::string>& text) {
  return text && !text->empty() ? json::value(*text) : json::value(nullptr);
}

// Without the tags by which a prompt is one.
json::object tags_of(const Fact& fact, bool prompt) {
  json::object out;
  for (const auto& tag : fact.tags) {
    const bool inner = tag.key == kIsPrompt || tag.key == kPromptType || tag.key == kPromptText;
    if (!prompt || !inner) out[tag.key] = tag.value;
  }
  return out;
}

std::string topic_for(const Fact& fact, bool prompt) {
  const std::string thing = prompt ? "prompt" : "model";
  switch (fact.kind) {
    case Fact::Kind::model_created:
      return prompt ? "prompt.created" : "registered_model.created";
    case Fact::Kind::version_created:
      return thing + "_version.created";
    case Fact::Kind::tag_set:
    case Fact::Kind::tag_removed: {
      const std::string action = fact.kind == Fact::Kind::tag_set ? ".set" : ".deleted";
      if (fact.version != 0) return thing + "_version_tag" + action;
      return prompt ? "prompt_tag" + action : "";  // a model's own tags are no event
    }
    case Fact::Kind::alias_set:
    case Fact::Kind::alias_removed:
      return (prompt ? std::string("prompt_alias") : std::string("model_version_alias")) +
             (fact.kind == Fact::Kind::alias_set ? ".created" : ".deleted");
  }
  return "";
}

json::object data_of(const Fact& fact, bool prompt) {
  json::object out;
  out["name"] = fact.model;
  switch (fact.kind) {
    case Fact::Kind::model_created:
      out["tags"] = tags_of(fact, prompt);
      out["description"] = fact.description.value_or("");
      return out;
    case Fact::Kind::version_created:
      out["version"] = std::to_string(fact.version);
      if (prompt) {
        out["template"] = nullptr;
        for (const auto& tag : fact.tags) {
          if (tag.key == kPromptText) out["template"] = tag.value;
        }
      } else {
        out["source"] = fact.source;
        out["run_id"] = optional_text(fact.run_id);
      }
      out["tags"] = tags_of(fact, prompt);
      out["description"] = optional_text(fact.description);
      return out;
    case Fact::Kind::tag_set:
    case Fact::Kind::tag_removed:
      if (fact.version != 0) out["version"] = std::to_string(fact.version);
      out["key"] = fact.key;
      if (fact.kind == Fact::Kind::tag_set) out["value"] = fact.value;
      return out;
    case Fact::Kind::alias_set:
    case Fact::Kind::alias_removed:
      out["alias"] = fact.key;
      if (fact.kind == Fact::Kind::alias_set) out["version"] = std::to_string(fact.version);
      return out;
  }
  return out;
}

class RegistryWatcher : public registry::Watcher {
 public:
  RegistryWatcher(webhook::Webhooks& webhooks, Clock& clock) : webhooks_(webhooks), clock_(clock) {}

  Result<void> happened(store::Connection& connection, const Fact& fact) override {
    const bool prompt = says_prompt(fact.tags);
    const auto topic = topic_for(fact, prompt);
    if (topic.empty()) return {};
    const auto data = json::dump_value(json::value(data_of(fact, prompt)));
    return webhooks_.put(connection, topic, body_of(topic, data, clock_.now()));
  }

 private:
  webhook::Webhooks& webhooks_;
  Clock& clock_;
};

std::string from_hex_text(const std::string& hex) {
  return from_hex(hex).value_or("");
}

}  // namespace

Result<std::string> topic_of(const std::string& entity, const std::string& action) {
  const auto topic = to_lower(entity) + "." + to_lower(action);
  for (const auto& event : kEvents) {
    if (event.topic == topic) return topic;
  }
  return invalid("invalid action '" + action + "' for entity '" + entity + "'");
}

std::string example_of(std::string_view topic) {
  for (const auto& event : kEvents) {
    if (event.topic == topic) return std::string(event.example);
  }
  return "{}";
}

std::string body_of(std::string_view topic, const std::string& data, Timestamp at) {
  const auto dot = topic.find('.');
  auto time = to_rfc3339(at);
  if (time.ends_with('Z')) time = time.substr(0, time.size() - 1) + "+00:00";
  std::string out = "{\"entity\":";
  append_json_string(out, topic.substr(0, dot));
  out += ",\"action\":";
  append_json_string(out, topic.substr(dot + 1));
  out += ",\"timestamp\":";
  append_json_string(out, time);
  return out + ",\"data\":" + data + "}";
}

webhook::Sign webhook_signature() {
  return [](const webhook::Delivery& delivery) {
    const auto at = std::to_string(delivery.sent.ms / 1'000);
    fetch::Headers out = {{"X-MLflow-Delivery-Id", delivery.id}, {"X-MLflow-Timestamp", at}};
    if (!delivery.secret.empty()) {
      const auto signed_text = delivery.id + "." + at + "." + delivery.body;
      const auto digest = from_hex_text(hmac_sha256_hex(delivery.secret, signed_text));
      out.emplace_back("X-MLflow-Signature", "v1," + to_base64(digest));
    }
    return out;
  };
}

std::unique_ptr<registry::Watcher> webhook_watcher(webhook::Webhooks& webhooks, Clock& clock) {
  return std::make_unique<RegistryWatcher>(webhooks, clock);
}

}  // namespace slipway::wire::mlflow
