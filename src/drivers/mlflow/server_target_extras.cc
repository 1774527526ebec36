// SPDX-License-Identifier: Apache-2.0
// What stands beside the history, written into a running server. It has no place for marks of
// these: what is there under the same name stays as it is.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "extras.h"
#include "server_target.h"

namespace slipway::drivers::mlflow {
namespace {

constexpr const char* kRoot2 = "/api/2.0/mlflow/";
constexpr const char* kRoot3 = "/api/3.0/mlflow/";

std::string upper(std::string text) {
  for (auto& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

json::array array_of(const std::vector<std::string>& texts) {
  json::array out;
  for (const auto& each : texts) out.emplace_back(each);
  return out;
}

void add(json::object& to, const char* key, const std::optional<std::string>& text) {
  if (text) to[key] = *text;
}
void add_json(json::object& to, const char* key, const std::optional<std::string>& text) {
  if (!text) return;
  if (auto parsed = json::parse_value(*text)) to[key] = *std::move(parsed);
}

}  // namespace

std::optional<Result<bool>> ServerTarget::put_unmarked(const Record& r) {
  std::string what;
  Result<bool> done = false;
  if (r.question) {
    what = "label schema '" + r.question->name + "'";
    done = put_question(*r.question);
  } else if (r.queue) {
    what = "review queue '" + r.queue->name + "'";
    done = put_queue(*r.queue);
  } else if (r.scorer) {
    what = "scorer '" + r.scorer->name + "'";
    done = put_scorer(*r.scorer);
  } else if (r.issue) {
    what = "issue '" + r.issue->name + "'";
    done = put_issue(*r.issue);
  } else if (r.tool_server) {
    what = "tool server '" + r.tool_server->name + "'";
    done = put_tool_server(*r.tool_server);
  } else if (r.webhook) {
    what = "webhook '" + r.webhook->name + "'";
    done = put_webhook(*r.webhook);
  } else {
    return std::nullopt;
  }
  // What is refused is told, and the rest goes on.
  if (done || (done.error().code != Code::failed_precondition && !is_unknown_call(done.error()))) {
    return done;
  }
  problems_.push_back(what + ": " + done.error().message);
  return Result<bool>(false);
}

Result<bool> ServerTarget::put_question(const transfer::QuestionRecord& in) {
  SW_TRY(const auto experiment, experiment_for(in.experiment));
  std::string there;
  SW_CHECK_OK(all_pages(api_,
                        std::string(kRoot3) + "label-schemas/list?max_results=100&experiment_id=" +
                            percent_encode(experiment),
                        "label_schemas", [&](const value& one) {
                          const bool same = json::bool_at(one, "is_default").value_or(false)
                                                ? in.standard
                                                : text(one, "name") == in.name;
                          if (same) there = text(one, "schema_id");
                          return Result<void>();
                        }));
  if (!there.empty() || in.standard) {
    questions_[in.id] = there;
    return false;
  }
  json::object body{{"experiment_id", experiment},
                    {"name", in.name},
                    {"type", in.expectation ? "EXPECTATION" : "FEEDBACK"},
                    {"input", answer_input(in.form)},
                    {"enable_comment", in.comments}};
  add(body, "instruction", in.instruction);
  SW_TRY(const auto made,
         api_.post(std::string(kRoot3) + "label-schemas/create", json::dump_value(body)));
  questions_[in.id] = text(member(made, "label_schema"), "schema_id");
  return true;
}

// Empty when it is not there.
Result<std::string> ServerTarget::queue_there(const transfer::QueueRecord& in,
                                              const std::string& experiment) {
  std::string out;
  SW_CHECK_OK(all_pages(api_,
                        std::string(kRoot3) + "review-queues/list?max_results=100&experiment_id=" +
                            percent_encode(experiment),
                        "review_queues", [&](const value& one) {
                          if (equal_ignoring_case(text(one, "name"), in.name)) {
                            out = text(one, "queue_id");
                          }
                          return Result<void>();
                        }));
  return out;
}

Result<bool> ServerTarget::put_queue(const transfer::QueueRecord& in) {
  SW_TRY(const auto experiment, experiment_for(in.experiment));
  SW_TRY(auto id, queue_there(in, experiment));
  const bool fresh = id.empty();
  if (fresh) {
    json::array schemas;
    for (const auto& theirs : in.questions) {
      const auto found = questions_.find(theirs);
      if (found != questions_.end() && !found->second.empty()) schemas.emplace_back(found->second);
    }
    const json::object body{{"experiment_id", experiment},
                            {"name", in.name},
                            {"queue_type", in.personal ? "USER" : "CUSTOM"},
                            {"users", array_of(in.users)},
                            {"schema_ids", std::move(schemas)}};
    const json::object user{{"experiment_id", experiment}, {"user", in.name}};
    SW_TRY(const auto made,
           in.personal
               ? api_.post(std::string(kRoot3) + "review-queues/get-or-create-user",
                           json::dump_value(user))
               : api_.post(std::string(kRoot3) + "review-queues/create", json::dump_value(body)));
    id = text(member(made, "review_queue"), "queue_id");
    if (in.owner && !in.personal) {
      SW_CHECK_OK(
          api_.post(std::string(kRoot3) + "review-queues/update",
                    json::dump_value(json::object{{"queue_id", id}, {"new_owner", *in.owner}})));
    }
  }
  SW_TRY(const bool added, put_items(in, id));
  return fresh || added;
}

Result<bool> ServerTarget::put_items(const transfer::QueueRecord& in, const std::string& queue) {
  std::map<std::string, std::string> there;
  SW_CHECK_OK(
      all_pages(api_,
                std::string(kRoot3) +
                    "review-queues/items/list?max_results=1000&queue_id=" + percent_encode(queue),
                "items", [&](const value& one) {
                  there[text(one, "item_id")] = to_lower(text(one, "status"));
                  return Result<void>();
                }));
  bool added = false;
  for (const auto& item : in.items) {
    auto& status = there[item.item];
    if (status == item.status) continue;
    added = true;
    if (status.empty()) {
      SW_CHECK_OK(api_.post(
          std::string(kRoot3) + "review-queues/items/add",
          json::dump_value(json::object{
              {"queue_id", queue}, {"item_type", "TRACE"}, {"item_ids", array_of({item.item})}})));
    }
    if (item.status == "pending" && status.empty()) continue;
    json::object body{{"queue_id", queue}, {"item_id", item.item}, {"status", upper(item.status)}};
    add(body, "completed_by", item.completed_by);
    SW_CHECK_OK(
        api_.post(std::string(kRoot3) + "review-queues/items/set-status", json::dump_value(body)));
  }
  return added;
}

// Versions come in their order. Gaps between the numbers close.
Result<bool> ServerTarget::put_scorer(const transfer::ScorerRecord& in) {
  SW_TRY(const auto experiment, experiment_for(in.experiment));
  const auto [found, fresh] = scorers_.try_emplace(experiment + "/" + in.name);
  auto& [there, compared] = found->second;
  if (fresh) {
    std::vector<std::pair<std::int64_t, std::string>> versions;
    SW_CHECK_OK(all_pages(
        api_,
        std::string(kRoot3) + "scorers/versions?experiment_id=" + percent_encode(experiment) +
            "&name=" + percent_encode(in.name),
        "scorers", [&](const value& one) {
          versions.emplace_back(whole_or_0(one, "scorer_version"), text(one, "serialized_scorer"));
          return Result<void>();
        }));
    std::sort(versions.begin(), versions.end());
    for (auto& [number, serialized] : versions) there.push_back(std::move(serialized));
  }
  const auto at = compared++;
  if (at < there.size()) {
    if (there[at] == in.serialized) return false;
    problems_.push_back("scorer '" + in.name + "': another one of this name is there");
    compared = there.size() + 1;
    return false;
  }
  if (at > there.size()) return false;
  const json::object body{
      {"experiment_id", experiment}, {"name", in.name}, {"serialized_scorer", in.serialized}};
  SW_CHECK_OK(api_.post(std::string(kRoot3) + "scorers/register", json::dump_value(body)));
  there.push_back(in.serialized);
  return true;
}

Result<bool> ServerTarget::put_issue(const transfer::IssueRecord& in) {
  SW_TRY(const auto experiment, experiment_for(in.experiment));
  std::string token;
  do {
    json::object search{{"experiment_id", experiment}, {"max_results", 100}};
    if (!token.empty()) search["page_token"] = token;
    SW_TRY(const auto page,
           api_.post(std::string(kRoot3) + "issues/search", json::dump_value(search)));
    for (const auto& one : list(page, "issues")) {
      if (text(one, "name") != in.name || text(one, "description") != in.description) continue;
      issues_[in.id] = text(one, "issue_id");
      return false;
    }
    token = text(page, "next_page_token");
  } while (!token.empty());
  json::object body{{"experiment_id", experiment},
                    {"name", in.name},
                    {"description", in.description},
                    {"status", in.status},
                    {"root_causes", array_of(in.root_causes)},
                    {"categories", array_of(in.categories)}};
  add(body, "severity", in.severity);
  add(body, "created_by", in.created_by);
  if (in.source_run) {
    const auto run = runs_.find(*in.source_run);
    if (run != runs_.end() && !run->second.id.empty()) body["source_run_id"] = run->second.id;
  }
  SW_TRY(const auto made, api_.post(std::string(kRoot3) + "issues", json::dump_value(body)));
  issues_[in.id] = text(member(made, "issue"), "issue_id");
  return true;
}

Result<bool> ServerTarget::put_tool_server(const transfer::ToolServerRecord& in) {
  const auto path = std::string(kRoot3) + "mcp-servers/" + percent_encode(in.name, "/");
  const auto found = api_.get(path);
  if (found || found.error().code != Code::not_found)
    return found ? Result<bool>(false) : found.error();
  json::object body{{"name", in.name}};
  add(body, "description", in.description);
  add_json(body, "icons", in.icons);
  SW_CHECK_OK(api_.post(std::string(kRoot3) + "mcp-servers", json::dump_value(body)));
  if (in.display_name) {
    SW_CHECK_OK(api_.send("PATCH", path,
                          json::dump_value(json::object{{"display_name", *in.display_name}})));
  }
  const auto tag = [&](const std::string& at, const transfer::PairRecord& pair) {
    return api_.post(at + "/tags",
                     json::dump_value(json::object{{"key", pair.key}, {"value", pair.value}}));
  };
  for (const auto& pair : in.tags) SW_CHECK_OK(tag(path, pair));
  for (const auto& version : in.versions) {
    if (version.status == "deleted") continue;
    // One begins as a draft or active: it is withdrawn after its addresses are there.
    json::object made{{"status", version.status == "draft" ? "draft" : "active"}};
    add_json(made, "server_json", version.document);
    add_json(made, "tools", version.tools);
    add_json(made, "connect_options", version.options);
    add(made, "source", version.source);
    SW_CHECK_OK(api_.post(path + "/versions", json::dump_value(made)));
    const auto at = path + "/versions/" + percent_encode(version.version);
    for (const auto& pair : version.tags) SW_CHECK_OK(tag(at, pair));
  }
  for (const auto& alias : in.aliases) {
    SW_CHECK_OK(api_.post(path + "/aliases", json::dump_value(json::object{
                                                 {"alias", alias.key}, {"version", alias.value}})));
  }
  for (const auto& address : in.addresses) {
    json::object made{{"url", address.url}, {"transport_type", address.transport}};
    add(made, "server_version", address.version);
    add(made, "server_alias", address.alias);
    SW_CHECK_OK(api_.post(path + "/endpoints", json::dump_value(made)));
  }
  for (const auto& version : in.versions) {
    if (version.status != "deprecated") continue;
    SW_CHECK_OK(api_.send("PATCH", path + "/versions/" + percent_encode(version.version),
                          json::dump_value(json::object{{"status", "deprecated"}})));
  }
  return true;
}

// It signs nothing before it has its secret back, which no server tells.
Result<bool> ServerTarget::put_webhook(const transfer::WebhookRecord& in) {
  bool there = false;
  SW_CHECK_OK(all_pages(
      api_, std::string(kRoot2) + "webhooks?max_results=100", "webhooks", [&](const value& one) {
        there = there || (text(one, "name") == in.name && text(one, "url") == in.url);
        return Result<void>();
      }));
  if (there) return false;
  json::array events;
  for (const auto& topic : in.topics) {
    const auto dot = topic.find('.');
    if (dot == std::string::npos) continue;
    events.push_back(json::object{{"entity", upper(topic.substr(0, dot))},
                                  {"action", upper(topic.substr(dot + 1))}});
  }
  json::object body{{"name", in.name}, {"url", in.url}, {"events", std::move(events)}};
  body["status"] = in.active && !in.secret_stays ? "ACTIVE" : "DISABLED";
  add(body, "description", in.description);
  SW_CHECK_OK(api_.post(std::string(kRoot2) + "webhooks", json::dump_value(body)));
  return true;
}

}  // namespace slipway::drivers::mlflow
