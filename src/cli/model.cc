// SPDX-License-Identifier: Apache-2.0
// slipway model VERB: an HTTP client of /api/v1. What changes or tells the past is in
// model_verbs.cc.
#include <algorithm>

#include "arguments.h"
#include "base/text.h"
#include "client.h"
#include "commands.h"
#include "json/value.h"
#include "model_verbs.h"
#include "output.h"
#include "records.h"

namespace slipway::cli {
namespace {

using model_verbs::Options;
using model_verbs::path_of;

std::string aliases_of(const json::value& from) {
  std::string out;
  const auto* aliases = json::find(from, "aliases");
  if (aliases == nullptr) return out;
  const auto add = [&](const std::string& text) { out += (out.empty() ? "" : ", ") + text; };
  if (aliases->is_object()) {
    for (const auto& [alias, version] : aliases->get_object()) {
      add(std::string(alias) + "=" + json::text_at(*aliases, alias).value_or(""));
    }
  } else if (aliases->is_array()) {
    for (const auto& alias : aliases->get_array()) {
      if (alias.is_string()) add(std::string(alias.get_string()));
    }
  }
  return out;
}

Result<void> list(const Options& o, const Client& client) {
  SW_TRY(const auto body, client.get("/api/v1/models?page_size=1000"));
  if (!o.json.empty()) return write_document(o.json, body);
  SW_TRY(const auto items, items_of(body));
  std::vector<Row> rows;
  for (const auto& model : items) {
    rows.push_back({text_of(model, "name"), text_of(model, "latest_version"), aliases_of(model),
                    text_of(model, "updated")});
  }
  print_table({"MODEL", "LATEST", "ALIASES", "UPDATED"}, rows);
  return {};
}

Result<void> show_versions(const Options& o, const Client& client) {
  SW_TRY(const auto body, client.get(path_of(o) + "/versions?page_size=1000"));
  if (!o.json.empty()) return write_document(o.json, body);
  SW_TRY(const auto items, items_of(body));
  std::vector<Row> rows;
  for (const auto& v : items) {
    rows.push_back({text_of(v, "version"), text_of(v, "stage"), aliases_of(v), text_of(v, "run_id"),
                    text_of(v, "created")});
  }
  print_table({"VERSION", "STAGE", "ALIASES", "RUN", "CREATED"}, rows);
  return {};
}

void add_object(const json::value& from, const std::string& key, const std::string& prefix,
                std::vector<Row>& rows) {
  const auto* values = json::find(from, key);
  if (values == nullptr || !values->is_object()) return;
  for (const auto& [name, value] : values->get_object()) {
    rows.push_back({prefix + std::string(name), text_of(*values, name)});
  }
}

void add_lineage(const json::value& lineage, std::vector<Row>& rows) {
  const auto add = [&](const char* name, const char* key) {
    if (auto text = text_of(lineage, key); !text.empty()) rows.push_back({name, std::move(text)});
  };
  add("run", "run_id");
  add("data hash", "data_hash");
  if (const auto* data = json::find(lineage, "datasets"); data != nullptr && data->is_array()) {
    for (const auto& d : data->get_array()) {
      rows.push_back(
          {"data", text_of(d, "name") + " " + text_of(d, "digest") + " " + text_of(d, "context")});
    }
  }
  add("git commit", "git_commit");
  add("git branch", "git_branch");
  add("git repository", "git_repository");
  add("entry point", "entry_point");
  add("trained by", "user");
  add("training began", "started");
  add("training took (s)", "training_seconds");
  add_object(lineage, "params", "param ", rows);
  add_object(lineage, "metrics", "metric ", rows);
  add_object(lineage, "recorded", "", rows);
}

void add_environment(const json::value& environment, std::vector<Row>& rows) {
  for (const auto* key : {"python", "mlflow"}) {
    if (auto text = text_of(environment, key); !text.empty()) rows.push_back({key, text});
  }
  const auto* list = json::find(environment, "requirements");
  if (list == nullptr || !list->is_array()) return;
  for (const auto& line : list->get_array()) {
    if (line.is_string()) rows.push_back({"requires", std::string(line.get_string())});
  }
}

void add_signature(const json::value& signature, std::vector<Row>& rows) {
  for (const auto* part : {"inputs", "outputs", "params"}) {
    const auto* columns = json::find(signature, part);
    if (columns == nullptr || !columns->is_array() || columns->get_array().empty()) continue;
    std::string text;
    for (const auto& column : columns->get_array()) {
      const auto name = text_of(column, "name");
      text +=
          (text.empty() ? "" : ", ") + (name.empty() ? "" : name + ": ") + text_of(column, "type");
    }
    rows.push_back({part, text});
  }
}

Result<void> show_version(const Options& o, const Client& client) {
  SW_TRY(const auto body, client.get(path_of(o)));
  if (!o.json.empty()) return write_document(o.json, body);
  SW_TRY(const auto v, json::parse_value(body));
  std::vector<Row> rows = {{"model", text_of(v, "model")},
                           {"version", text_of(v, "version")},
                           {"stage", text_of(v, "stage")},
                           {"aliases", aliases_of(v)},
                           {"source", text_of(v, "source")},
                           {"registered", text_of(v, "created")},
                           {"registered by", text_of(v, "registered_by")}};
  if (const auto* tags = json::find(v, "tags"); tags != nullptr) {
    for (const auto& tag : tags->is_object() ? tags->get_object() : json::object()) {
      // How it is run comes under a word of its own.
      const std::string key(tag.key());
      rows.push_back(
          {key == "slipway.serving" ? "serving" : "tag " + key, text_of(*tags, key.c_str())});
    }
  }
  const auto* lineage = json::find(v, "lineage");
  if (lineage != nullptr && lineage->is_object()) add_lineage(*lineage, rows);
  const auto* signature = json::find(v, "signature");
  if (signature != nullptr && signature->is_object()) add_signature(*signature, rows);
  const auto* environment = json::find(v, "environment");
  if (environment != nullptr && environment->is_object()) add_environment(*environment, rows);
  print_table({"FIELD", "VALUE"}, rows);
  return {};
}

Result<void> show(const Options& o, const Client& client) {
  return o.version.empty() ? show_versions(o, client) : show_version(o, client);
}

}  // namespace

int model(const Args& args) {
  CLI::App app;
  Options o;
  app.require_subcommand(1);
  std::vector<std::pair<CLI::App*, Result<void> (*)(const Options&, const Client&)>> verbs;
  const auto add = [&](const char* name, const char* help, auto act) {
    auto* sub = app.add_subcommand(name, help);
    sub->add_option("--server", o.server, "URL of the server");
    sub->add_option("--json", o.json, "write JSON to this file, - for standard output");
    verbs.emplace_back(sub, act);
    return sub;
  };
  const auto names = [&](CLI::App* sub, bool model, bool version) {
    auto* first = sub->add_option("MODEL", o.model);
    if (model) first->required();
    auto* second = sub->add_option("VERSION", o.version);
    if (version) second->required();
  };
  add("list", "All models", list);
  names(add("show", "The versions of a model, or one of them with all that is known", show), true,
        false);
  auto* promote =
      add("promote", "Make a version the champion, or ask for it", model_verbs::promote);
  names(promote, true, true);
  promote->add_option("--policy", o.policy, "file that the version must satisfy");
  promote->add_flag("--hold", o.hold, "when approved, only permit it (a rollout will promote)");
  auto* approve = add("approve", "Agree to a promotion that was asked for", model_verbs::approve);
  auto* reject =
      add("reject", "Refuse a promotion, or withdraw one's own request", model_verbs::reject);
  for (auto* sub : {approve, reject}) names(sub, true, false);
  auto* requests = add("requests", "Promotions that were asked for", model_verbs::requests);
  names(requests, false, false);
  requests->add_option("--state", o.state, "requested, approved, rejected, withdrawn or done");
  auto* protect =
      add("protect", "Let versions into Production by a policy only", model_verbs::protect);
  protect->add_option("MODEL", o.model)->required();
  protect->add_option("--policy", o.policy, "the policy file")->required();
  auto* unprotect = add("unprotect", "Anybody may promote again", model_verbs::unprotect);
  unprotect->add_option("MODEL", o.model)->required();
  auto* archive = add("archive", "Move a version to Archived", model_verbs::archive);
  names(archive, true, true);
  auto* history =
      add("history", "Who changed what; with --at, what stood then", model_verbs::history);
  history->add_option("MODEL", o.model);
  auto* why = add("why", "All that was decided about a version", model_verbs::why);
  names(why, true, false);
  for (auto* sub : {history, why}) {
    sub->add_option("--at", o.at, "a day or a moment: 2026-03-03, 2026-03-03T12:00:00Z");
  }
  for (auto* sub : {promote, approve, reject, protect, unprotect, archive}) {
    sub->add_option("--reason", o.reason, "kept in the history");
  }
  if (const auto code = parse(app, "model", args)) return *code;
  const auto client = Client::connect(o.server);
  if (!client) return fail(client.error());
  for (const auto& [sub, act] : verbs) {
    if (!sub->parsed()) continue;
    const auto done = act(o, *client);
    return done ? kDone : fail(done.error());
  }
  return kDone;
}

int audit(const Args& args) {
  CLI::App app;
  Options o;
  app.require_subcommand(1);
  auto* verify = app.add_subcommand("verify", "Walk the hash chain of the registry's history");
  verify->add_option("--server", o.server, "URL of the server");
  verify->add_option("--json", o.json, "write JSON to this file, - for standard output");
  if (const auto code = parse(app, "audit", args)) return *code;
  const auto client = Client::connect(o.server);
  if (!client) return fail(client.error());
  const auto body = client->get("/api/v1/audit/verify");
  if (!body) return fail(body.error());
  const auto report = json::parse_value(*body);
  if (!report) return fail(report.error());
  const bool valid = json::bool_at(*report, "valid").value_or(false);
  if (!o.json.empty()) {
    if (const auto written = write_document(o.json, *body); !written) return fail(written.error());
  } else if (valid) {
    print_line("the history is whole: " + text_of(*report, "entries") + " entries, head " +
               text_of(*report, "head"));
  }
  if (valid) return kDone;
  say("error: the history was changed at entry " + text_of(*report, "broken_at") + ": " +
      text_of(*report, "detail"));
  return kFailed;
}

}  // namespace slipway::cli
