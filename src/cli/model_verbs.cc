// SPDX-License-Identifier: Apache-2.0
#include "model_verbs.h"

#include "base/text.h"
#include "blob/atomic_file.h"
#include "cli.h"
#include "json/value.h"
#include "output.h"
#include "records.h"

namespace slipway::cli::model_verbs {
namespace {

std::string json_text(const std::string& text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string at_query(const Options& o) {
  return o.at.empty() ? "" : "?at=" + encode(o.at);
}

// Leaves it open until somebody says otherwise.
std::string until_of(const json::value& item) {
  const auto until = text_of(item, "until");
  return until.empty() ? "now" : until;
}

// An id of a request, or a model and a version with an open one.
Result<std::string> request_id(const Options& o, const Client& client) {
  if (o.version.empty()) return o.model;
  SW_TRY(const auto body, client.get("/api/v1/promotions?model=" + encode(o.model) +
                                     "&version=" + encode(o.version)));
  SW_TRY(const auto items, items_of(body));
  for (const auto& item : items) {
    const auto state = text_of(item, "state");
    if (state == "requested" || state == "approved") return text_of(item, "id");
  }
  return not_found(
      "version " + o.version + " of model '" + o.model + "' has no open promotion request",
      "ask for one with `slipway model promote " + o.model + " " + o.version + "`");
}

Result<void> answer(const Options& o, const Client& client, const char* verb) {
  SW_TRY(const auto id, request_id(o, client));
  SW_TRY(const auto body, client.post("/api/v1/promotions/" + encode(id) + "/" + verb,
                                      "{\"reason\":" + json_text(o.reason) + "}"));
  if (!o.json.empty()) return write_document(o.json, body);
  SW_TRY(const auto r, json::parse_value(body));
  print_line("promotion of " + text_of(r, "model") + " version " + text_of(r, "version") + " is " +
             text_of(r, "state") + " (" + text_of(r, "approvals") + " of " +
             text_of(r, "approvals_needed") + " approvals)");
  return {};
}

void print_entry(const json::value& item) {
  std::string line = text_of(item, "at") + "  " + text_of(item, "text");
  const auto reason = text_of(item, "reason");
  const auto actor = text_of(item, "actor");
  if (!actor.empty()) line += " (" + actor + ")";
  print_line(reason.empty() ? line : line + ": " + reason);
  const auto* rules = json::find(item, "rules");
  if (rules == nullptr || !rules->is_array()) return;
  for (const auto& rule : rules->get_array()) {
    const bool passed = json::bool_at(rule, "passed").value_or(false);
    print_line(std::string("    ") + (passed ? "passed  " : "FAILED  ") + text_of(rule, "rule") +
               " " + text_of(rule, "wanted") + ": " + text_of(rule, "reason"));
  }
}

std::vector<Row> period_rows(const json::value& past, const char* key, const char* what) {
  std::vector<Row> rows;
  const auto* list = json::find(past, key);
  if (list == nullptr || !list->is_array()) return rows;
  for (const auto& p : list->get_array()) {
    rows.push_back({what, text_of(p, "model"), text_of(p, "name"), text_of(p, "version"),
                    text_of(p, "since"), until_of(p), text_of(p, "actor"), text_of(p, "reason")});
  }
  return rows;
}

std::vector<Row> endpoint_rows(const json::value& past) {
  std::vector<Row> rows;
  const auto* list = json::find(past, "endpoints");
  if (list == nullptr || !list->is_array()) return rows;
  for (const auto& p : list->get_array()) {
    const bool shadow = json::bool_at(p, "shadow").value_or(false);
    rows.push_back({"endpoint", text_of(p, "model"), text_of(p, "endpoint"), text_of(p, "version"),
                    text_of(p, "since"), until_of(p), "",
                    (shadow ? "shadow " : "weight ") + text_of(p, "weight")});
  }
  return rows;
}

Result<void> stood(const Options& o, const Client& client) {
  SW_TRY(const auto body, client.get("/api/v1/served" + at_query(o) +
                                     (o.model.empty() ? "" : "&model=" + encode(o.model))));
  if (!o.json.empty()) return write_document(o.json, body);
  SW_TRY(const auto past, json::parse_value(body));
  auto rows = endpoint_rows(past);
  for (const auto& [key, what] : {std::pair{"aliases", "alias"}, std::pair{"stages", "stage"}}) {
    for (auto& row : period_rows(past, key, what)) rows.push_back(std::move(row));
  }
  if (rows.empty()) {
    print_line("nothing stood or served at " + o.at);
    return {};
  }
  print_table({"WHAT", "MODEL", "NAME", "VERSION", "SINCE", "UNTIL", "BY", "NOTE"}, rows);
  return {};
}

// The version that was champion at the end of the span.
Result<std::string> champion_at(const Options& o, const Client& client) {
  SW_TRY(const auto body, client.get("/api/v1/models/" + encode(o.model) + at_query(o)));
  SW_TRY(const auto past, json::parse_value(body));
  std::string out;
  if (o.at.empty()) {
    if (const auto* aliases = json::find(past, "aliases")) out = text_of(*aliases, "champion");
  } else {
    for (const auto& row : period_rows(past, "aliases", "alias")) {
      if (row[2] == "champion") out = row[3];
    }
  }
  if (!out.empty()) return out;
  return not_found("model '" + o.model + "' had no champion" + (o.at.empty() ? "" : " at " + o.at),
                   "name the version: `slipway model why " + o.model + " VERSION`");
}

}  // namespace

std::string path_of(const Options& o) {
  std::string out = "/api/v1/models/" + encode(o.model);
  if (!o.version.empty()) out += "/versions/" + encode(o.version);
  return out;
}

Result<void> promote(const Options& o, const Client& client) {
  std::string body = "{\"reason\":" + json_text(o.reason);
  if (!o.policy.empty()) {
    SW_TRY(const auto policy, blob::read_file(o.policy, 1 << 20));
    body += ",\"policy\":" + json_text(policy);
  }
  if (o.hold) body += ",\"hold\":true";
  SW_TRY(const auto done, client.post(path_of(o) + "/promote", body + "}"));
  if (!o.json.empty()) return write_document(o.json, done);
  SW_TRY(const auto v, json::parse_value(done));
  const auto name = text_of(v, "model") + " version " + text_of(v, "version");
  const auto* request = json::find(v, "promotion");
  if (request == nullptr || !request->is_object()) {
    print_line(name + " is in " + text_of(v, "stage") + ", alias champion");
    return {};
  }
  print_line(name + " waits for " + text_of(*request, "approvals_needed") + " approvals: request " +
             text_of(*request, "id"));
  say("hint: slipway model approve " + text_of(*request, "id") + " --reason \"..\"");
  return {};
}

Result<void> approve(const Options& o, const Client& client) {
  return answer(o, client, "approve");
}

Result<void> reject(const Options& o, const Client& client) {
  return answer(o, client, "reject");
}

Result<void> requests(const Options& o, const Client& client) {
  std::string query = "?page_size=1000";
  if (!o.model.empty()) query += "&model=" + encode(o.model);
  if (!o.version.empty()) query += "&version=" + encode(o.version);
  if (!o.state.empty()) query += "&state=" + encode(o.state);
  SW_TRY(const auto body, client.get("/api/v1/promotions" + query));
  if (!o.json.empty()) return write_document(o.json, body);
  SW_TRY(const auto items, items_of(body));
  std::vector<Row> rows;
  for (const auto& r : items) {
    rows.push_back({text_of(r, "id"), text_of(r, "model"), text_of(r, "version"),
                    text_of(r, "state"),
                    text_of(r, "approvals") + "/" + text_of(r, "approvals_needed"),
                    text_of(r, "actor"), text_of(r, "asked"), text_of(r, "reason")});
  }
  print_table({"REQUEST", "MODEL", "VERSION", "STATE", "APPROVALS", "BY", "ASKED", "REASON"}, rows);
  return {};
}

Result<void> protect(const Options& o, const Client& client) {
  SW_TRY(const auto policy, blob::read_file(o.policy, 1 << 20));
  SW_TRY(const auto body,
         client.put(path_of(o) + "/protection", "{\"policy\":" + json_text(policy) +
                                                    ",\"reason\":" + json_text(o.reason) + "}"));
  if (!o.json.empty()) return write_document(o.json, body);
  SW_TRY(const auto p, json::parse_value(body));
  print_line(o.model + " is protected by policy '" + text_of(p, "policy") + "', " +
             text_of(p, "approvals") + " approvals");
  return {};
}

Result<void> unprotect(const Options& o, const Client& client) {
  SW_TRY(const auto body, client.del(path_of(o) + "/protection" +
                                     (o.reason.empty() ? "" : "?reason=" + encode(o.reason))));
  print_line(o.model + " is not protected");
  return {};
}

Result<void> archive(const Options& o, const Client& client) {
  SW_TRY(const auto body, client.post(path_of(o) + "/stage", "{\"stage\":\"Archived\",\"reason\":" +
                                                                 json_text(o.reason) + "}"));
  if (!o.json.empty()) return write_document(o.json, body);
  SW_TRY(const auto v, json::parse_value(body));
  print_line(text_of(v, "model") + " version " + text_of(v, "version") + " is in " +
             text_of(v, "stage"));
  return {};
}

Result<void> history(const Options& o, const Client& client) {
  if (!o.at.empty()) return stood(o, client);
  if (o.model.empty()) {
    return invalid("MODEL is missing",
                   "name one, or ask for a time: "
                   "slipway model history --at 2026-03-03");
  }
  SW_TRY(const auto body, client.get(path_of(o) + "/history?page_size=1000"));
  if (!o.json.empty()) return write_document(o.json, body);
  SW_TRY(const auto items, items_of(body));
  std::vector<Row> rows;
  for (const auto& c : items) {
    rows.push_back({text_of(c, "at"), text_of(c, "version"), text_of(c, "action"),
                    text_of(c, "from"), text_of(c, "to"), text_of(c, "actor"),
                    text_of(c, "reason")});
  }
  print_table({"AT", "VERSION", "ACTION", "FROM", "TO", "BY", "REASON"}, rows);
  return {};
}

Result<void> why(const Options& o, const Client& client) {
  auto about = o;
  if (about.version.empty()) {
    SW_TRY(about.version, champion_at(o, client));
  }
  SW_TRY(const auto body, client.get(path_of(about) + "/why" + at_query(o)));
  if (!o.json.empty()) return write_document(o.json, body);
  SW_TRY(const auto items, items_of(body));
  print_line(about.model + " version " + about.version);
  for (const auto& item : items) print_entry(item);
  return {};
}

}  // namespace slipway::cli::model_verbs
