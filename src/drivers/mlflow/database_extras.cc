// SPDX-License-Identifier: Apache-2.0
#include "database_extras.h"

#include <algorithm>
#include <array>
#include <utility>

#include "extras.h"

namespace slipway::drivers::mlflow {
namespace {

using store::Connection;
using store::Row;
using transfer::AuthorRecord;
using transfer::IssueRecord;
using transfer::QuestionRecord;
using transfer::QueueRecord;
using transfer::Record;
using transfer::ScorerRecord;
using transfer::ToolServerRecord;
using transfer::WebhookRecord;

// Tables that are read here, in database.cc and in database_traces.cc.
constexpr std::string_view kRead[] = {"assessments",
                                      "datasets",
                                      "entity_associations",
                                      "evaluation_dataset_records",
                                      "evaluation_dataset_tags",
                                      "evaluation_datasets",
                                      "experiment_tags",
                                      "experiments",
                                      "input_tags",
                                      "inputs",
                                      "issues",
                                      "label_schemas",
                                      "logged_model_metrics",
                                      "logged_model_params",
                                      "logged_model_tags",
                                      "logged_models",
                                      "mcp_access_endpoints",
                                      "mcp_server_aliases",
                                      "mcp_server_tags",
                                      "mcp_server_version_tags",
                                      "mcp_server_versions",
                                      "mcp_servers",
                                      "metrics",
                                      "model_version_tags",
                                      "model_versions",
                                      "params",
                                      "registered_model_aliases",
                                      "registered_model_tags",
                                      "registered_models",
                                      "review_queue_items",
                                      "review_queue_label_schemas",
                                      "review_queue_users",
                                      "review_queues",
                                      "runs",
                                      "scorer_versions",
                                      "scorers",
                                      "spans",
                                      "tags",
                                      "trace_info",
                                      "trace_request_metadata",
                                      "trace_tags",
                                      "webhook_events",
                                      "webhooks"};
// Tables that hold nothing of their own: made from others, or the server's notes to itself.
constexpr std::string_view kDerived[] = {"alembic_version",
                                         "job_locks",
                                         "latest_metrics",
                                         "scheduler_leases",
                                         "span_metrics",
                                         "sql_assessment_daily_rollups",
                                         "sql_span_cost_daily_rollups",
                                         "sql_trace_metric_daily_rollups",
                                         "sql_trace_rollup_rebuild_queue",
                                         "trace_metrics"};
constexpr std::pair<std::string_view, std::string_view> kWhy[] = {
    {"budget_policies", "the LLM gateway"},
    {"endpoint_bindings", "the LLM gateway"},
    {"endpoint_model_mappings", "the LLM gateway"},
    {"endpoint_tags", "the LLM gateway"},
    {"endpoints", "the LLM gateway"},
    {"guardrail_configs", "the LLM gateway"},
    {"guardrails", "the LLM gateway"},
    {"model_definitions", "the LLM gateway"},
    {"secrets", "the LLM gateway"},
    {"jobs", "background jobs"},
    {"online_scoring_configs", "scoring of traces by the server"}};

std::string text(const Row& row, int column) {
  return row.is_null(column) ? std::string() : std::string(row.text(column));
}
std::int64_t number(const Row& row, int column) {
  return row.maybe_int64(column).value_or(0);
}
// JSON columns are of their own type on PostgreSQL; a JSON null is nothing.
std::optional<std::string> json_text(const Row& row, int column) {
  auto out = row.maybe_text(column);
  return out && *out == "null" ? std::nullopt : out;
}

std::vector<std::string> texts_in(const std::string& list) {
  std::vector<std::string> out;
  const auto parsed = json::parse_value(list);
  if (!parsed || !parsed->is_array()) return out;
  for (const auto& item : parsed->get_array()) {
    if (item.is_string()) out.emplace_back(std::string_view(item.get_string()));
  }
  return out;
}

AuthorRecord author_of(const Row& row, int column) {
  return {number(row, column), number(row, column + 1), row.maybe_text(column + 2),
          row.maybe_text(column + 3)};
}

// Read in one go, handed on afterwards: a slow target holds no snapshot for long.
template <class T, class Load>
Result<void> each_of(store::Database& db, const std::string& sql, T (*from_row)(const Row&),
                     const Load& load, std::optional<T> Record::*member,
                     const ExtraTables::Each& each) {
  SW_TRY(auto all, db.read([&](Connection& c) -> Result<std::vector<T>> {
    SW_TRY(auto found, c.all(sql, {}, from_row));
    for (auto& one : found) SW_CHECK_OK(load(c, one));
    return found;
  }));
  for (auto& one : all) {
    Record record;
    record.*member = std::move(one);
    SW_CHECK_OK(each(std::move(record)));
  }
  return {};
}

constexpr auto kNothingMore = [](Connection&, auto&) { return Result<void>(); };

IssueRecord issue_of(const Row& row) {
  return {.id = text(row, 0),
          .experiment = std::to_string(row.int64(1)),
          .name = text(row, 2),
          .description = text(row, 3),
          .status = text(row, 4),
          .severity = row.maybe_text(5),
          .root_causes = texts_in(text(row, 6)),
          .categories = texts_in(text(row, 7)),
          .source_run = row.maybe_text(8),
          .created_by = row.maybe_text(9),
          .created = number(row, 10),
          .updated = number(row, 11)};
}

QuestionRecord question_of(const Row& row) {
  QuestionRecord out{.id = text(row, 0), .experiment = std::to_string(row.int64(1))};
  out.name = text(row, 2);
  out.expectation = text(row, 3) == "expectation";
  out.instruction = row.maybe_text(4);
  out.comments = row.int64(5) != 0;
  const auto config = json::parse_value(text(row, 7));
  json::object input;
  input[text(row, 6)] = config ? *config : value(json::object{});
  out.form = answer_form(input);
  out.created_by = row.maybe_text(8);
  out.created = number(row, 9);
  out.updated = number(row, 10);
  out.standard = row.int64(11) != 0;
  return out;
}

QueueRecord queue_of(const Row& row) {
  QueueRecord out{.id = text(row, 0), .experiment = std::to_string(row.int64(1))};
  out.name = text(row, 2);
  out.personal = text(row, 3) == "user";
  out.owner = row.maybe_text(4);
  out.created = number(row, 5);
  out.updated = number(row, 6);
  return out;
}

ScorerRecord scorer_of(const Row& row) {
  return {.id = text(row, 0),
          .experiment = std::to_string(row.int64(1)),
          .name = text(row, 2),
          .version = row.int64(3),
          .serialized = text(row, 4),
          .created = number(row, 5)};
}

WebhookRecord webhook_of(const Row& row) {
  WebhookRecord out{.id = text(row, 0), .name = text(row, 1), .url = text(row, 2)};
  out.description = row.maybe_text(3);
  out.active = text(row, 4) == "ACTIVE";
  out.secret_stays = row.int64(5) != 0;
  out.created = number(row, 6);
  out.updated = row.maybe_int64(7).value_or(out.created);
  return out;
}

ToolServerRecord tool_server_of(const Row& row) {
  ToolServerRecord out{.name = text(row, 0)};
  out.display_name = row.maybe_text(1);
  out.description = row.maybe_text(2);
  out.icons = json_text(row, 3);
  out.at = author_of(row, 4);
  return out;
}

}  // namespace

Result<void> ExtraTables::issues(const Each& each) {
  if (!has("issues.issue_id")) return {};
  return each_of<IssueRecord>(
      db_,
      "SELECT issue_id, experiment_id, name, description, status, severity, root_causes, " +
          std::string(has("issues.categories") ? "categories" : "NULL") +
          ", source_run_id, created_by, created_timestamp, last_updated_timestamp FROM issues"
          " ORDER BY issue_id",
      issue_of, kNothingMore, &Record::issue, each);
}

Result<void> ExtraTables::extras(const Each& each) {
  if (has("label_schemas.schema_id")) SW_CHECK_OK(questions(each));
  if (has("review_queues.queue_id")) SW_CHECK_OK(queues(each));
  if (has("scorers.scorer_id")) SW_CHECK_OK(scorers(each));
  if (has("mcp_servers.name")) SW_CHECK_OK(tool_servers(each));
  return has("webhooks.webhook_id") ? webhooks(each) : Result<void>();
}

Result<void> ExtraTables::questions(const Each& each) {
  return each_of<QuestionRecord>(
      db_,
      "SELECT schema_id, experiment_id, name, type, instruction, CASE WHEN enable_comment THEN 1"
      " ELSE 0 END, input_type, input_config, created_by, created_time, last_update_time, " +
          std::string(has("label_schemas.is_default") ? "CASE WHEN is_default THEN 1 ELSE 0 END"
                                                      : "0") +
          " FROM label_schemas ORDER BY schema_id",
      question_of, kNothingMore, &Record::question, each);
}

Result<void> ExtraTables::load_queue(Connection& c, QueueRecord& queue) {
  const auto first = [](const Row& row) { return text(row, 0); };
  SW_TRY(queue.users, c.all("SELECT user_id FROM review_queue_users WHERE queue_id = ? ORDER BY 1",
                            {queue.id}, first));
  SW_TRY(queue.questions,
         c.all("SELECT schema_id FROM review_queue_label_schemas WHERE queue_id = ? ORDER BY 1",
               {queue.id}, first));
  SW_TRY(queue.items,
         c.all("SELECT item_id, status, completed_by, completed_time_ms, creation_time_ms,"
               " last_update_time_ms FROM review_queue_items WHERE queue_id = ? ORDER BY 1",
               {queue.id}, [](const Row& row) {
                 return transfer::QueueItemRecord{.item = text(row, 0),
                                                  .status = text(row, 1),
                                                  .completed_by = row.maybe_text(2),
                                                  .completed = row.maybe_int64(3),
                                                  .created = number(row, 4),
                                                  .updated = number(row, 5)};
               }));
  return {};
}

Result<void> ExtraTables::queues(const Each& each) {
  return each_of<QueueRecord>(
      db_,
      "SELECT queue_id, experiment_id, name, queue_type, created_by, creation_time_ms,"
      " last_update_time_ms FROM review_queues ORDER BY queue_id",
      queue_of, [this](Connection& c, QueueRecord& queue) { return load_queue(c, queue); },
      &Record::queue, each);
}

Result<void> ExtraTables::scorers(const Each& each) {
  return each_of<ScorerRecord>(
      db_,
      "SELECT s.scorer_id, s.experiment_id, s.scorer_name, v.scorer_version, v.serialized_scorer,"
      " v.creation_time FROM scorers s JOIN scorer_versions v ON v.scorer_id = s.scorer_id"
      " ORDER BY s.scorer_id, v.scorer_version",
      scorer_of, kNothingMore, &Record::scorer, each);
}

Result<void> ExtraTables::webhooks(const Each& each) {
  return each_of<WebhookRecord>(
      db_,
      "SELECT webhook_id, name, url, description, status, CASE WHEN secret IS NULL THEN 0 ELSE 1"
      " END, creation_timestamp, last_updated_timestamp FROM webhooks"
      " WHERE deleted_timestamp IS NULL ORDER BY webhook_id",
      webhook_of,
      [](Connection& c, WebhookRecord& webhook) -> Result<void> {
        SW_TRY(webhook.topics, c.all("SELECT entity, action FROM webhook_events WHERE"
                                     " webhook_id = ? ORDER BY entity, action",
                                     {webhook.id}, [](const Row& row) {
                                       return text(row, 0) + "." + text(row, 1);
                                     }));
        return {};
      },
      &Record::webhook, each);
}

Result<void> ExtraTables::load_tool_server(Connection& c, ToolServerRecord& server) {
  const auto pair = [](const Row& row) { return transfer::PairRecord{text(row, 0), text(row, 1)}; };
  const store::Cells name{server.name};
  SW_TRY(server.tags,
         c.all("SELECT key, value FROM mcp_server_tags WHERE name = ? ORDER BY 1", name, pair));
  SW_TRY(
      server.aliases,
      c.all("SELECT alias, version FROM mcp_server_aliases WHERE name = ? ORDER BY 1", name, pair));
  SW_TRY(server.versions,
         c.all("SELECT version, status, CAST(server_json AS TEXT), CAST(tools AS TEXT),"
               " CAST(connect_options AS TEXT), source, created_at, last_updated_at, created_by,"
               " last_updated_by FROM mcp_server_versions WHERE name = ? ORDER BY 1",
               name, [](const Row& row) {
                 transfer::ToolVersionRecord out{.version = text(row, 0), .status = text(row, 1)};
                 out.document = text(row, 2);
                 out.tools = json_text(row, 3);
                 out.options = json_text(row, 4);
                 out.source = row.maybe_text(5);
                 out.at = author_of(row, 6);
                 return out;
               }));
  for (auto& version : server.versions) {
    SW_TRY(version.tags, c.all("SELECT key, value FROM mcp_server_version_tags WHERE name = ? AND"
                               " version = ? ORDER BY 1",
                               {server.name, version.version}, pair));
  }
  SW_TRY(server.addresses,
         c.all("SELECT id, url, transport_type, server_version, server_alias, created_at,"
               " last_updated_at, created_by, last_updated_by FROM mcp_access_endpoints"
               " WHERE server_name = ? ORDER BY 1",
               name, [](const Row& row) {
                 transfer::ToolAddressRecord out{.id = text(row, 0), .url = text(row, 1)};
                 out.transport = text(row, 2);
                 out.version = row.maybe_text(3);
                 out.alias = row.maybe_text(4);
                 out.at = author_of(row, 5);
                 return out;
               }));
  return {};
}

Result<void> ExtraTables::tool_servers(const Each& each) {
  return each_of<ToolServerRecord>(
      db_,
      "SELECT name, display_name, description, CAST(icons AS TEXT), created_at, last_updated_at,"
      " created_by, last_updated_by FROM mcp_servers ORDER BY name",
      tool_server_of,
      [this](Connection& c, ToolServerRecord& server) { return load_tool_server(c, server); },
      &Record::tool_server, each);
}

Result<std::vector<std::string>> ExtraTables::left_out() {
  std::set<std::string> tables;
  for (const auto& column : columns_) tables.insert(column.substr(0, column.find('.')));
  const auto is_in = [](const auto& names, std::string_view table) {
    return std::find(std::begin(names), std::end(names), table) != std::end(names);
  };
  std::vector<std::string> out;
  return db_.read([&](Connection& c) -> Result<std::vector<std::string>> {
    const auto count = [&](const std::string& sql) -> Result<std::int64_t> {
      SW_TRY(const auto n, c.first(sql, {}, [](const Row& row) { return row.int64(0); }));
      return n.value_or(0);
    };
    for (const auto& table : tables) {
      if (is_in(kRead, table) || is_in(kDerived, table) || table.starts_with("sqlite_")) continue;
      const bool spaces = table == "workspaces";
      SW_TRY(const auto rows, count("SELECT COUNT(*) FROM \"" + table + "\"" +
                                    (spaces ? " WHERE name <> 'default'" : "")));
      if (rows == 0) continue;
      if (spaces) {
        out.push_back("'workspaces': what is in the " + std::to_string(rows) +
                      " besides 'default' comes into one; things of one kind and name become one");
        continue;
      }
      const auto why = std::find_if(std::begin(kWhy), std::end(kWhy),
                                    [&](const auto& one) { return one.first == table; });
      out.push_back("left out: " + std::to_string(rows) + " rows of '" + table + "' (" +
                    (why != std::end(kWhy)
                         ? std::string(why->second) + ", which is no part of this server"
                         : std::string("a table that is not known")) +
                    ")");
    }
    return out;
  });
}

}  // namespace slipway::drivers::mlflow
