// SPDX-License-Identifier: Apache-2.0
// slipway rollout start|status|pause|resume|abort, slipway rollback, slipway policy check.
#include <cmath>
#include <cstdio>
#include <string_view>
#include <tuple>

#include "arguments.h"
#include "base/text.h"
#include "blob/atomic_file.h"
#include "client.h"
#include "commands.h"
#include "output.h"
#include "records.h"

namespace slipway::cli {
namespace {

constexpr const char* kRollouts = "/api/v1/rollouts";

struct Options {
  std::string id;
  std::string endpoint;
  std::string model;
  std::string version;
  std::string policy;
  std::string reason;
  std::vector<std::string> steps;
  std::vector<std::string> business;
  double undecided = 0;
  std::string min_agreement;
  std::string max_difference;
  std::string min_correlation;
  std::string server;
  std::string json;
};

void add_common(CLI::App* app, Options& o) {
  app->add_option("--server", o.server, "URL of the server");
  app->add_option("--json", o.json, "write JSON to this file, - for standard output");
}

void add_text(std::string& out, const char* key, const std::string& value) {
  if (out.size() > 1) out += ',';
  ((out += '"') += key) += "\":";
  append_json_string(out, value);
}

constexpr std::string_view kShadow = "shadow";

// WEIGHT[:REQUESTS[:SECONDS[:LABELS]]]; instead of a weight shadow or shadow=PERCENT.
Result<std::string> step_json(const std::string& text) {
  static constexpr const char* kKeys[] = {"weight", "min_requests", "min_seconds", "min_labels"};
  const auto parts = split(text, ':');
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    auto word = parts[i];
    std::string key = i < 4 ? kKeys[i] : "";
    if (i == 0 && word.starts_with(kShadow)) {
      key = kShadow;
      word.remove_prefix(kShadow.size());
      word = word.empty() ? "100" : word.starts_with('=') ? word.substr(1) : "";
    }
    const auto number = i < 4 ? parse_double(word) : std::nullopt;
    if (!number || !std::isfinite(*number)) {
      return invalid("--step '" + text + "' is no step",
                     "write WEIGHT, WEIGHT:REQUESTS, WEIGHT:REQUESTS:SECONDS or "
                     "WEIGHT:REQUESTS:SECONDS:LABELS, for example 5:200; shadow:200 or "
                     "shadow=50:200 come first");
    }
    out += (out.empty() ? "{\"" : ",\"") + key + "\":" + number_text(*number);
  }
  return out + "}";
}

// What was given of the tolerances, as JSON; empty: nothing.
Result<std::string> tolerances_json(const Options& o) {
  std::string out;
  const auto add = [&](const char* key, double value) {
    out += (out.empty() ? "{\"" : ",\"") + std::string(key) + "\":" + number_text(value);
  };
  if (o.undecided > 0) add("undecided_seconds", o.undecided);
  for (const auto& [key, flag, text] :
       {std::tuple("min_agreement", "--min-agreement", &o.min_agreement),
        std::tuple("max_difference", "--max-difference", &o.max_difference),
        std::tuple("min_correlation", "--min-correlation", &o.min_correlation)}) {
    if (text->empty()) continue;
    const auto number = parse_double(*text);
    if (!number || !std::isfinite(*number)) {
      return invalid(std::string(flag) + " '" + *text + "' is not a number");
    }
    add(key, *number);
  }
  return out.empty() ? out : out + "}";
}

// EVENT[:rate|value[:TOLERANCE]]
Result<std::string> goal_json(const std::string& text) {
  const auto parts = split(text, ':');
  const auto tolerance = parts.size() < 3 ? std::optional<double>(0.05) : parse_double(parts[2]);
  if (parts.size() > 3 || parts[0].empty() || !tolerance || !std::isfinite(*tolerance)) {
    return invalid("--business '" + text + "' is no goal",
                   "write EVENT, EVENT:value or EVENT:rate:TOLERANCE, for example conversion");
  }
  std::string out = "{";
  add_text(out, "event", std::string(parts[0]));
  add_text(out, "measure", parts.size() < 2 ? "rate" : std::string(parts[1]));
  return out + ",\"tolerance\":" + number_text(*tolerance) + "}";
}

std::string line_of(const json::value& r) {
  return "rollout " + text_of(r, "id") + " on " + text_of(r, "endpoint") + ": " +
         text_of(r, "model") + " " + text_of(r, "champion") + " -> " + text_of(r, "challenger") +
         ", " + text_of(r, "state") + " at " + text_of(r, "weight") + " %";
}

Result<void> show(const std::string& body, const Options& o) {
  if (!o.json.empty()) return write_document(o.json, body);
  SW_TRY(const auto r, json::parse_value(body));
  print_line(line_of(r));
  if (const auto reason = text_of(r, "reason"); !reason.empty()) print_line("  " + reason);
  return {};
}

Result<void> start(const Options& o, const Client& client) {
  std::string body = "{";
  add_text(body, "endpoint", o.endpoint);
  add_text(body, "model", o.model);
  add_text(body, "version", o.version);
  if (!o.policy.empty()) {
    SW_TRY(const auto text, blob::read_file(o.policy, 1 << 20));
    add_text(body, "policy", text);
  }
  std::string steps;
  for (const auto& step : o.steps) {
    SW_TRY(const auto one, step_json(step));
    steps += (steps.empty() ? "" : ",") + one;
  }
  if (!steps.empty()) body += ",\"steps\":[" + steps + "]";
  std::string goals;
  for (const auto& goal : o.business) {
    SW_TRY(const auto one, goal_json(goal));
    goals += (goals.empty() ? "" : ",") + one;
  }
  if (!goals.empty()) body += ",\"business\":[" + goals + "]";
  SW_TRY(const auto tolerances, tolerances_json(o));
  if (!tolerances.empty()) body += ",\"tolerances\":" + tolerances;
  SW_TRY(const auto answer, client.post(kRollouts, body + "}"));
  return show(answer, o);
}

void print_evidence(const json::value& rollout) {
  const auto* evidence = json::find(rollout, "evidence");
  if (evidence == nullptr || !evidence->is_array()) return;
  std::vector<Row> rows;
  for (const auto& item : evidence->get_array()) {
    rows.push_back({text_of(item, "at"), text_of(item, "check"), text_of(item, "verdict"),
                    text_of(item, "detail")});
  }
  print_table({"AT", "CHECK", "VERDICT", "DETAIL"}, rows);
}

Result<void> status(const Options& o, const Client& client) {
  if (!o.id.empty()) {
    SW_TRY(const auto body, client.get(std::string(kRollouts) + "/" + encode(o.id)));
    SW_CHECK_OK(show(body, o));
    if (!o.json.empty()) return {};
    SW_TRY(const auto rollout, json::parse_value(body));
    print_evidence(rollout);
    return {};
  }
  std::string path = kRollouts;
  if (!o.endpoint.empty()) path += "?endpoint=" + encode(o.endpoint);
  SW_TRY(const auto body, client.get(path));
  if (!o.json.empty()) return write_document(o.json, body);
  SW_TRY(const auto items, items_of(body));
  std::vector<Row> rows;
  for (const auto& r : items) {
    rows.push_back({text_of(r, "id"), text_of(r, "endpoint"), text_of(r, "model"),
                    text_of(r, "champion"), text_of(r, "challenger"), text_of(r, "state"),
                    text_of(r, "weight") + " %", text_of(r, "reason")});
  }
  print_table(
      {"ROLLOUT", "ENDPOINT", "MODEL", "CHAMPION", "CHALLENGER", "STATE", "SHARE", "REASON"}, rows);
  return {};
}

// Decides again; whether all came out as they were.
Result<bool> replay(const Options& o, const Client& client) {
  SW_TRY(const auto body, client.get(std::string(kRollouts) + "/" + encode(o.id) + "/replay"));
  SW_TRY(const auto answer, json::parse_value(body));
  const bool same = json::bool_at(answer, "same").value_or(false);
  if (!o.json.empty()) {
    SW_CHECK_OK(write_document(o.json, body));
    return same;
  }
  std::vector<Row> rows;
  if (const auto* all = json::find(answer, "decisions"); all != nullptr && all->is_array()) {
    for (const auto& one : all->get_array()) {
      const bool as_it_was = json::bool_at(one, "same").value_or(false);
      rows.push_back({text_of(one, "at"), text_of(one, "decision"),
                      as_it_was ? "the same" : "now: " + text_of(one, "again"),
                      text_of(one, "reason")});
    }
  }
  print_table({"AT", "DECISION", "AGAIN", "REASON"}, rows);
  return same;
}

Result<void> act(const Options& o, const Client& client, const std::string& verb) {
  std::string body = "{";
  add_text(body, "reason", o.reason);
  SW_TRY(const auto answer,
         client.post(std::string(kRollouts) + "/" + encode(o.id) + "/" + verb, body + "}"));
  return show(answer, o);
}

// Judges a stored decision again.
int replay_decision(const Options& o) {
  const auto client = Client::connect(o.server);
  if (!client) return fail(client.error());
  const auto answer = client->get("/api/v1/decisions/" + encode(o.id) + "/replay");
  if (!answer) return fail(answer.error());
  const auto found = json::parse_value(*answer);
  if (!found) return fail(found.error());
  const bool same = json::bool_at(*found, "same").value_or(false);
  if (!o.json.empty()) {
    if (const auto written = write_document(o.json, *answer); !written) {
      return fail(written.error());
    }
  } else {
    for (const char* which : {"stored", "again"}) {
      const auto* decision = json::find(*found, which);
      if (decision != nullptr) {
        print_line(std::string(which) + "  " + text_of(*decision, "summary"));
      }
    }
    print_line(same ? "the same decision" : "another decision");
  }
  return same ? kDone : kFailed;
}

}  // namespace

int rollout(const Args& args) {
  CLI::App app;
  Options o;
  app.require_subcommand(1);
  auto* start_verb = app.add_subcommand("start", "Give a version a growing share of the traffic");
  start_verb->add_option("ENDPOINT", o.endpoint)->required();
  start_verb->add_option("MODEL", o.model)->required();
  start_verb->add_option("VERSION", o.version)->required();
  start_verb->add_option("--step", o.steps,
                         "WEIGHT[:REQUESTS[:SECONDS[:LABELS]]], repeated; shadow[=PERCENT] "
                         "instead of a weight mirrors requests; default shadow, 5, 50, 100 %");
  start_verb->add_option("--business", o.business,
                         "EVENT[:rate|value[:TOLERANCE]], repeated: a business event that must not "
                         "come less");
  start_verb->add_option("--policy", o.policy, "policy file that the version must pass first");
  start_verb->add_option("--undecided-seconds", o.undecided,
                         "roll back when the comparison is in doubt for so long; default 86400");
  start_verb->add_option("--min-agreement", o.min_agreement,
                         "share of the mirrored requests that both must answer with one class");
  start_verb->add_option("--max-difference", o.max_difference,
                         "mean absolute difference of numbers that is tolerated in the shadow");
  start_verb->add_option("--min-correlation", o.min_correlation,
                         "correlation that the numbers must have in the shadow");
  auto* status_verb = app.add_subcommand("status", "All rollouts, or one with its evidence");
  status_verb->add_option("ID", o.id);
  status_verb->add_option("--endpoint", o.endpoint, "only of this endpoint");
  auto* replay_verb =
      app.add_subcommand("replay", "Decide again on the numbers that were stored; exit 1 if other");
  auto* pause_verb = app.add_subcommand("pause", "Hold the step that it is in");
  auto* resume_verb = app.add_subcommand("resume", "Go on");
  auto* abort_verb = app.add_subcommand("abort", "All traffic back to the champion");
  abort_verb->add_option("--reason", o.reason, "kept with the rollout");
  for (auto* sub : {replay_verb, pause_verb, resume_verb, abort_verb}) {
    sub->add_option("ID", o.id)->required();
  }
  for (auto* sub : {start_verb, status_verb, replay_verb, pause_verb, resume_verb, abort_verb}) {
    add_common(sub, o);
  }
  if (const auto code = parse(app, "rollout", args)) return *code;
  const auto client = Client::connect(o.server);
  if (!client) return fail(client.error());
  Result<void> done;
  if (start_verb->parsed()) done = start(o, *client);
  if (status_verb->parsed()) done = status(o, *client);
  if (replay_verb->parsed()) {
    const auto same = replay(o, *client);
    if (!same) return fail(same.error());
    return *same ? kDone : kFailed;
  }
  if (pause_verb->parsed()) done = act(o, *client, "pause");
  if (resume_verb->parsed()) done = act(o, *client, "resume");
  if (abort_verb->parsed()) done = act(o, *client, "abort");
  return done ? kDone : fail(done.error());
}

int rollback(const Args& args) {
  CLI::App app;
  Options o;
  app.add_option("ENDPOINT", o.endpoint)->required();
  app.add_option("--reason", o.reason, "kept in the history");
  add_common(&app, o);
  if (const auto code = parse(app, "rollback", args)) return *code;
  const auto client = Client::connect(o.server);
  if (!client) return fail(client.error());
  std::string body = "{";
  add_text(body, "reason", o.reason);
  const auto answer =
      client->post("/api/v1/endpoints/" + encode(o.endpoint) + "/rollback", body + "}");
  if (!answer) return fail(answer.error());
  if (!o.json.empty()) {
    const auto written = write_document(o.json, *answer);
    return written ? kDone : fail(written.error());
  }
  const auto r = json::parse_value(*answer);
  if (!r) return fail(r.error());
  char took[32];
  std::snprintf(took, sizeof took, "%.0f ms", json::number_at(*r, "took_ms").value_or(0));
  print_line(text_of(*r, "endpoint") + " answers with " + text_of(*r, "model") + " version " +
             text_of(*r, "to") + " again, not " + text_of(*r, "from") + " (" + took + ")");
  return kDone;
}

int policy(const Args& args) {
  CLI::App app;
  Options o;
  std::string file;
  app.require_subcommand(1);
  auto* again = app.add_subcommand("replay", "Judge a stored decision again; exit 1 if it differs");
  again->add_option("DECISION", o.id, "its id")->required();
  add_common(again, o);
  auto* check = app.add_subcommand("check", "Judge a version by a policy; exit 1 when refused");
  check->add_option("POLICY", file, "policy file")->required();
  check->add_option("--model", o.model, "the model")->required();
  check->add_option("--version", o.version, "the version; default: the newest");
  check->add_option("--endpoint", o.endpoint, "compare with what answers there");
  add_common(check, o);
  if (const auto code = parse(app, "policy", args)) return *code;
  if (again->parsed()) return replay_decision(o);
  const auto text = blob::read_file(file, 1 << 20);
  if (!text) {
    fail(text.error());
    return kUsage;
  }
  const auto client = Client::connect(o.server);
  if (!client) return fail(client.error());
  std::string body = "{";
  add_text(body, "policy", *text);
  add_text(body, "model", o.model);
  add_text(body, "version", o.version);
  add_text(body, "endpoint", o.endpoint);
  const auto answer = client->post("/api/v1/policies/check", body + "}");
  if (!answer) return fail(answer.error());
  const auto decision = json::parse_value(*answer);
  if (!decision) return fail(decision.error());
  const bool allowed = json::bool_at(*decision, "allowed").value_or(false);
  if (!o.json.empty()) {
    if (const auto written = write_document(o.json, *answer); !written)
      return fail(written.error());
  } else {
    std::vector<Row> rows;
    if (const auto* rules = json::find(*decision, "rules"); rules != nullptr && rules->is_array()) {
      for (const auto& rule : rules->get_array()) {
        rows.push_back({json::bool_at(rule, "passed").value_or(false) ? "passed" : "FAILED",
                        text_of(rule, "rule"), text_of(rule, "wanted"), text_of(rule, "reason")});
      }
    }
    print_table({"VERDICT", "RULE", "WANTED", "FOUND"}, rows);
    print_line(text_of(*decision, "summary"));
  }
  return allowed ? kDone : kFailed;
}

}  // namespace slipway::cli
