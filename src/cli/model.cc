// SPDX-License-Identifier: Apache-2.0
// slipway model list|show|promote|archive|why: HTTP clients of /api/v1/models.
#include <algorithm>

#include "arguments.h"
#include "base/text.h"
#include "client.h"
#include "commands.h"
#include "json/value.h"
#include "output.h"
#include "records.h"

namespace slipway::cli {
namespace {

struct Options {
  std::string model;
  std::string version;
  std::string reason;
  std::string server;
  std::string json;
};

std::string path_of(const Options& o) {
  std::string out = "/api/v1/models/" + encode(o.model);
  if (!o.version.empty()) out += "/versions/" + encode(o.version);
  return out;
}

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

Result<void> show_version(const Options& o, const Client& client) {
  SW_TRY(const auto body, client.get(path_of(o)));
  if (!o.json.empty()) return write_document(o.json, body);
  SW_TRY(const auto v, json::parse_value(body));
  std::vector<Row> rows = {{"model", text_of(v, "model")},   {"version", text_of(v, "version")},
                           {"stage", text_of(v, "stage")},   {"aliases", aliases_of(v)},
                           {"source", text_of(v, "source")}, {"created", text_of(v, "created")}};
  if (const auto* lineage = json::find(v, "lineage"); lineage != nullptr && lineage->is_object()) {
    rows.push_back({"run", text_of(*lineage, "run_id")});
    rows.push_back({"git commit", text_of(*lineage, "git_commit")});
    if (const auto* data = json::find(*lineage, "datasets"); data != nullptr && data->is_array()) {
      for (const auto& d : data->get_array()) {
        rows.push_back({"data", text_of(d, "name") + " " + text_of(d, "digest")});
      }
    }
    if (const auto* metrics = json::find(*lineage, "metrics");
        metrics != nullptr && metrics->is_object()) {
      for (const auto& [name, value] : metrics->get_object()) {
        rows.push_back({std::string(name), text_of(*metrics, name)});
      }
    }
  }
  print_table({"FIELD", "VALUE"}, rows);
  return {};
}

Result<void> change(const Options& o, const Client& client, bool promote) {
  std::string body = promote ? "{\"reason\":" : "{\"stage\":\"Archived\",\"reason\":";
  append_json_string(body, o.reason);
  SW_TRY(const auto answer,
         client.post(path_of(o) + (promote ? "/promote" : "/stage"), body + "}"));
  if (!o.json.empty()) return write_document(o.json, answer);
  SW_TRY(const auto v, json::parse_value(answer));
  print_line(text_of(v, "model") + " version " + text_of(v, "version") + " is in " +
             text_of(v, "stage") + (promote ? ", alias champion" : ""));
  return {};
}

Result<void> why(const Options& o, const Client& client) {
  SW_TRY(const auto body, client.get(path_of(o) + "/why"));
  if (!o.json.empty()) return write_document(o.json, body);
  SW_TRY(const auto items, items_of(body));
  print_line(o.model + " version " + o.version);
  for (const auto& item : items) {
    std::string line = text_of(item, "at") + "  " + text_of(item, "text");
    const auto reason = text_of(item, "reason");
    const auto actor = text_of(item, "actor");
    if (!actor.empty()) line += " (" + actor + ")";
    print_line(reason.empty() ? line : line + ": " + reason);
    const auto* rules = json::find(item, "rules");
    if (rules == nullptr || !rules->is_array()) continue;
    for (const auto& rule : rules->get_array()) {
      const bool passed = json::bool_at(rule, "passed").value_or(false);
      print_line(std::string("    ") + (passed ? "passed  " : "FAILED  ") + text_of(rule, "rule") +
                 " " + text_of(rule, "wanted") + ": " + text_of(rule, "reason"));
    }
  }
  return {};
}

}  // namespace

int model(const Args& args) {
  CLI::App app;
  Options o;
  const auto common = [&](CLI::App* sub) {
    sub->add_option("--server", o.server, "URL of the server");
    sub->add_option("--json", o.json, "write JSON to this file, - for standard output");
  };
  app.require_subcommand(1);
  auto* list_verb = app.add_subcommand("list", "All models");
  auto* show_verb = app.add_subcommand("show", "The versions of a model, or one of them");
  auto* promote_verb = app.add_subcommand("promote", "Make a version the champion, at once");
  auto* archive_verb = app.add_subcommand("archive", "Move a version to Archived");
  auto* why_verb = app.add_subcommand("why", "All that was decided about a version");
  for (auto* sub : {list_verb, show_verb, promote_verb, archive_verb, why_verb}) common(sub);
  show_verb->add_option("MODEL", o.model)->required();
  show_verb->add_option("VERSION", o.version);
  for (auto* sub : {promote_verb, archive_verb, why_verb}) {
    sub->add_option("MODEL", o.model)->required();
    sub->add_option("VERSION", o.version)->required();
  }
  for (auto* sub : {promote_verb, archive_verb}) {
    sub->add_option("--reason", o.reason, "kept in the history");
  }
  if (const auto code = parse(app, "model", args)) return *code;
  const auto client = Client::connect(o.server);
  if (!client) return fail(client.error());
  Result<void> done;
  if (list_verb->parsed()) done = list(o, *client);
  if (show_verb->parsed())
    done = o.version.empty() ? show_versions(o, *client) : show_version(o, *client);
  if (promote_verb->parsed()) done = change(o, *client, true);
  if (archive_verb->parsed()) done = change(o, *client, false);
  if (why_verb->parsed()) done = why(o, *client);
  return done ? kDone : fail(done.error());
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
