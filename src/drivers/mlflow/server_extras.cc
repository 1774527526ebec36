// SPDX-License-Identifier: Apache-2.0
// What stands beside the history on a running server.
#include "base/text.h"
#include "extras.h"

namespace slipway::drivers::mlflow {
namespace {

using transfer::Record;
using Each = transfer::Source::Each<Record>;

constexpr const char* kRoot2 = "/api/2.0/mlflow/";
constexpr const char* kRoot3 = "/api/3.0/mlflow/";

std::optional<std::string> maybe(const value& from, std::string_view key) {
  return json::text_at(from, key);
}

std::vector<std::string> texts(const value& from, std::string_view key) {
  std::vector<std::string> out;
  for (const auto& item : list(from, key)) {
    if (item.is_string()) out.emplace_back(std::string_view(item.get_string()));
  }
  return out;
}

transfer::Pairs members(const value& from) {
  transfer::Pairs out;
  if (!from.is_object()) return out;
  for (const auto& member : from.get_object()) {
    if (member.value().is_string()) {
      out.push_back({std::string(std::string_view(member.key())),
                     std::string(std::string_view(member.value().get_string()))});
    }
  }
  return out;
}

std::optional<std::string> json_member(const value& from, std::string_view key) {
  const auto* found = json::find(from, key);
  if (found == nullptr || found->is_null()) return std::nullopt;
  return json::dump_value(*found);
}

transfer::AuthorRecord author_of(const value& from) {
  return {whole_or_0(from, "creation_timestamp"), whole_or_0(from, "last_updated_timestamp"),
          maybe(from, "created_by"), maybe(from, "last_updated_by")};
}

transfer::IssueRecord issue_of(const value& from) {
  return {.id = text(from, "issue_id"),
          .experiment = text(from, "experiment_id"),
          .name = text(from, "name"),
          .description = text(from, "description"),
          .status = text(from, "status"),
          .severity = maybe(from, "severity"),
          .root_causes = texts(from, "root_causes"),
          .categories = texts(from, "categories"),
          .source_run = maybe(from, "source_run_id"),
          .created_by = maybe(from, "created_by"),
          .created = whole_or_0(from, "created_timestamp"),
          .updated = whole_or_0(from, "last_updated_timestamp")};
}

transfer::QuestionRecord question_of(const value& from) {
  transfer::QuestionRecord out{.id = text(from, "schema_id")};
  out.experiment = text(from, "experiment_id");
  out.name = text(from, "name");
  out.expectation = text(from, "type") == "EXPECTATION";
  out.instruction = maybe(from, "instruction");
  out.comments = json::bool_at(from, "enable_comment").value_or(false);
  out.form = answer_form(member(from, "input"));
  out.created = whole_or_0(from, "created_at");
  out.updated = whole_or_0(from, "last_updated_at");
  out.standard = json::bool_at(from, "is_default").value_or(false);
  out.created_by = maybe(from, "created_by");
  return out;
}

transfer::QueueRecord queue_of(const value& from) {
  transfer::QueueRecord out{.id = text(from, "queue_id")};
  out.experiment = text(from, "experiment_id");
  out.name = text(from, "name");
  out.personal = text(from, "queue_type") == "USER";
  out.owner = maybe(from, "created_by");
  out.created = whole_or_0(from, "creation_time_ms");
  out.updated = whole_or_0(from, "last_update_time_ms");
  out.users = texts(from, "users");
  out.questions = texts(from, "schema_ids");
  return out;
}

class Extras {
 public:
  Extras(const Api& api, const Each& each) : api_(api), each_(each) {}

  Result<void> of_experiment(const std::string& id) {
    const auto named = "experiment_id=" + percent_encode(id);
    SW_CHECK_OK(pages("label-schemas/list?max_results=100&" + named, "label_schemas",
                      [&](const value& item) { return each_({.question = question_of(item)}); }));
    SW_CHECK_OK(pages("review-queues/list?max_results=100&" + named, "review_queues",
                      [&](const value& item) { return queue(item); }));
    return pages("scorers/list?" + named, "scorers",
                 [&](const value& item) { return scorer(named, text(item, "scorer_name")); });
  }

  Result<void> tool_servers() {
    return pages("mcp-servers?max_results=100", "mcp_servers",
                 [&](const value& item) { return tool_server(item); });
  }

  Result<void> webhooks() {
    return all_pages(api_, std::string(kRoot2) + "webhooks?max_results=100", "webhooks",
                     [&](const value& item) {
                       transfer::WebhookRecord out{.id = text(item, "webhook_id")};
                       out.name = text(item, "name");
                       out.url = text(item, "url");
                       out.description = maybe(item, "description");
                       out.active = text(item, "status") == "ACTIVE";
                       out.secret_stays = true;  // no server tells whether there is one
                       for (const auto& event : list(item, "events")) {
                         out.topics.push_back(to_lower(text(event, "entity")) + "." +
                                              to_lower(text(event, "action")));
                       }
                       out.created = whole_or_0(item, "creation_timestamp");
                       out.updated = whole_or_0(item, "last_updated_timestamp");
                       return each_({.webhook = std::move(out)});
                     });
  }

 private:
  using EachValue = std::function<Result<void>(const value&)>;
  Result<void> pages(const std::string& path, const char* items, const EachValue& take) {
    return all_pages(api_, kRoot3 + path, items, take);
  }

  Result<void> queue(const value& item) {
    auto out = queue_of(item);
    SW_CHECK_OK(
        pages("review-queues/items/list?max_results=1000&queue_id=" + percent_encode(out.id),
              "items", [&](const value& one) {
                out.items.push_back({.item = text(one, "item_id"),
                                     .status = to_lower(text(one, "status")),
                                     .completed_by = maybe(one, "completed_by"),
                                     .completed = whole(one, "completed_time_ms"),
                                     .created = whole_or_0(one, "creation_time_ms"),
                                     .updated = whole_or_0(one, "last_update_time_ms")});
                return Result<void>();
              }));
    return each_({.queue = std::move(out)});
  }

  Result<void> scorer(const std::string& experiment, const std::string& name) {
    return pages("scorers/versions?" + experiment + "&name=" + percent_encode(name), "scorers",
                 [&](const value& item) {
                   transfer::ScorerRecord out{.id = text(item, "scorer_id")};
                   out.experiment = std::to_string(whole_or_0(item, "experiment_id"));
                   out.name = name;
                   out.version = whole_or_0(item, "scorer_version");
                   out.serialized = text(item, "serialized_scorer");
                   out.created = whole_or_0(item, "creation_time");
                   return each_({.scorer = std::move(out)});
                 });
  }

  // A server without a description or icons of its own is told with those of its newest version.
  Result<void> tool_server(const value& item) {
    transfer::ToolServerRecord out{.name = text(item, "name")};
    out.display_name = maybe(item, "display_name");
    out.description = maybe(item, "description");
    out.at = author_of(item);
    out.tags = members(member(item, "tags"));
    for (const auto& alias : list(item, "aliases")) {
      out.aliases.push_back({text(alias, "alias"), text(alias, "version")});
    }
    json::array icons;
    for (const auto& icon : list(item, "icons")) {
      if (!icon.is_object() || text(icon, "source") == "version") continue;
      auto own = icon.get_object();
      own.erase("source");
      icons.push_back(std::move(own));
    }
    if (!icons.empty()) out.icons = json::dump_value(icons);
    const auto path = "mcp-servers/" + percent_encode(out.name, "/");
    SW_CHECK_OK(pages(path + "/versions?max_results=100", "mcp_server_versions",
                      [&](const value& one) { return tool_version(one, item, out); }));
    SW_CHECK_OK(
        pages(path + "/endpoints?max_results=100", "mcp_access_endpoints", [&](const value& one) {
          out.addresses.push_back({.id = text(one, "id"),
                                   .url = text(one, "url"),
                                   .transport = text(one, "transport_type"),
                                   .version = maybe(one, "server_version"),
                                   .alias = maybe(one, "server_alias"),
                                   .at = author_of(one)});
          return Result<void>();
        }));
    return each_({.tool_server = std::move(out)});
  }

  static Result<void> tool_version(const value& from, const value& server,
                                   transfer::ToolServerRecord& out) {
    transfer::ToolVersionRecord version{.version = text(from, "version")};
    version.status = text(from, "status");
    const auto& document = member(from, "server_json");
    version.document = json::dump_value(document);
    version.tools = tools_of(from);
    if (!member(from, "connect_options").is_object() ||
        !member(from, "connect_options").get_object().empty()) {
      version.options = json_member(from, "connect_options");
    }
    version.source = maybe(from, "source");
    version.at = author_of(from);
    version.tags = members(member(from, "tags"));
    if (version.version == text(server, "latest_version") &&
        out.description == maybe(document, "description")) {
      out.description = std::nullopt;
    }
    out.versions.push_back(std::move(version));
    return {};
  }

  // Absent members are told as null.
  static std::optional<std::string> tools_of(const value& from) {
    json::array out;
    for (const auto& tool : list(from, "tools")) {
      json::object one;
      if (!tool.is_object()) continue;
      for (const auto& member : tool.get_object()) {
        if (!member.value().is_null()) one[member.key()] = member.value();
      }
      out.push_back(std::move(one));
    }
    return out.empty() ? std::nullopt : std::optional(json::dump_value(out));
  }

  const Api& api_;
  const Each& each_;
};

}  // namespace

bool is_unknown_call(const Error& error) {
  return error.code == Code::not_found || error.message.find("answered 405") != std::string::npos ||
         error.message.find("answered 501") != std::string::npos;
}

Result<void> all_pages(const Api& api, const std::string& path, const char* items,
                       const std::function<Result<void>(const value&)>& take) {
  std::string token;
  do {
    const auto page = api.get(path + (token.empty() ? "" : "&page_token=" + percent_encode(token)));
    if (!page && is_unknown_call(page.error())) return {};
    SW_CHECK_OK(page);
    for (const auto& item : list(*page, items)) SW_CHECK_OK(take(item));
    token = text(*page, "next_page_token");
  } while (!token.empty());
  return {};
}

Result<void> issues_of_server(const Api& api, const std::vector<value>& experiments,
                              const Each& each) {
  for (const auto& experiment : experiments) {
    std::string token;
    do {
      json::object body{{"experiment_id", text(experiment, "experiment_id")}, {"max_results", 100}};
      if (!token.empty()) body["page_token"] = token;
      const auto page = api.post(std::string(kRoot3) + "issues/search", json::dump_value(body));
      if (!page && is_unknown_call(page.error())) return {};
      SW_CHECK_OK(page);
      for (const auto& item : list(*page, "issues")) SW_CHECK_OK(each({.issue = issue_of(item)}));
      token = text(*page, "next_page_token");
    } while (!token.empty());
  }
  return {};
}

Result<void> extras_of_server(const Api& api, const std::vector<value>& experiments,
                              const Each& each) {
  Extras extras(api, each);
  for (const auto& experiment : experiments) {
    if (text(experiment, "lifecycle_stage") == "deleted") continue;  // it does not tell of these
    SW_CHECK_OK(extras.of_experiment(text(experiment, "experiment_id")));
  }
  SW_CHECK_OK(extras.tool_servers());
  return extras.webhooks();
}

}  // namespace slipway::drivers::mlflow
