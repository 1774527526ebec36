// SPDX-License-Identifier: Apache-2.0
#include "govern/govern.h"

#include <algorithm>

#include "base/text.h"
#include "json/value.h"
#include "store/database.h"

namespace slipway::govern {
namespace {

using store::Connection;
using store::Row;

constexpr auto kInsert =
    "INSERT INTO govern_decision (id, at, actor, model, version, champion, policy, policy_text, "
    "allowed, rules) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr auto kOne =
    "SELECT id, at, actor, model, version, champion, policy, allowed, rules, policy_text "
    "FROM govern_decision WHERE id = ?";
constexpr auto kSelect =
    "SELECT id, at, actor, model, version, champion, policy, allowed, rules FROM govern_decision "
    "WHERE (? = '' OR model = ?) AND (? = 0 OR version = ?) AND (? = '' OR id < ?) "
    "ORDER BY id DESC LIMIT ?";

json::value number_or_null(const std::optional<double>& number) {
  return number ? json::value(*number) : json::value(nullptr);
}

std::string to_json(const std::vector<Verdict>& rules) {
  json::array out;
  for (const auto& rule : rules) {
    out.push_back(json::object{{"rule", rule.rule},
                               {"wanted", rule.wanted},
                               {"actual", number_or_null(rule.actual)},
                               {"champion", number_or_null(rule.champion)},
                               {"passed", rule.passed},
                               {"reason", rule.reason}});
  }
  return json::dump_value(json::value(std::move(out)));
}

std::vector<Verdict> rules_from(std::string_view text) {
  std::vector<Verdict> out;
  const auto document = json::parse_value(text);
  if (!document || !document->is_array()) return out;
  for (const auto& rule : document->get_array()) {
    out.push_back({.rule = json::text_at(rule, "rule").value_or(""),
                   .wanted = json::text_at(rule, "wanted").value_or(""),
                   .actual = json::number_at(rule, "actual"),
                   .champion = json::number_at(rule, "champion"),
                   .passed = json::bool_at(rule, "passed").value_or(false),
                   .reason = json::text_at(rule, "reason").value_or("")});
  }
  return out;
}

Decision from_row(const Row& row) {
  Decision out{.id = std::string(row.text(0)),
               .at = {row.int64(1)},
               .actor = std::string(row.text(2)),
               .model = std::string(row.text(3)),
               .version = row.int64(4),
               .policy = std::string(row.text(6)),
               .allowed = row.int64(7) != 0,
               .rules = rules_from(row.text(8))};
  if (row.int64(5) != 0) out.champion = row.int64(5);
  return out;
}

void put_fact(const Rule& rule, const std::optional<double>& number, Facts& out) {
  if (!number) return;
  switch (rule.about) {
    case Rule::About::metric:
      out.metrics[rule.key()] = *number;
      return;
    case Rule::About::latency:
      out.latency[rule.name] = *number;
      return;
    case Rule::About::fairness:
      out.fairness[rule.group][rule.name] = *number;
      return;
  }
}

bool same_verdicts(const Decision& a, const Decision& b) {
  return a.allowed == b.allowed &&
         std::equal(a.rules.begin(), a.rules.end(), b.rules.begin(), b.rules.end(),
                    [](const Verdict& x, const Verdict& y) {
                      return x.rule == y.rule && x.wanted == y.wanted && x.passed == y.passed;
                    });
}

bool all_passed(const std::vector<Verdict>& rules) {
  return std::all_of(rules.begin(), rules.end(),
                     [](const Verdict& verdict) { return verdict.passed; });
}

struct StoredDecision {
  Decision decision;
  std::string policy_text;
};

}  // namespace

Result<Decision> Govern::decide(const Policy& policy, const Subject& subject,
                                const std::string& actor) {
  Decision out{.id = ids_.sortable(),
               .at = clock_.now(),
               .actor = actor,
               .model = subject.model,
               .version = subject.version,
               .champion = subject.champion,
               .policy = policy.name,
               .rules = judge(policy, subject)};
  out.allowed = all_passed(out.rules);
  SW_CHECK_OK(db_.write([&](Connection& connection) {
    return connection.exec(
        kInsert, {out.id, out.at.ms, out.actor, out.model, out.version, out.champion.value_or(0),
                  out.policy, policy.text, std::int64_t{out.allowed}, to_json(out.rules)});
  }));
  std::string data = "{\"version\":" + std::to_string(out.version) +
                     ",\"allowed\":" + (out.allowed ? "true" : "false") + ",\"summary\":";
  append_json_string(data, out.summary());
  events_.publish({.type = "gate.decided",
                   .subject = out.model,
                   .actor = actor,
                   .at = out.at,
                   .data = data + "}"});
  return out;
}

Result<Decision> Govern::decision(const std::string& id) const {
  SW_TRY(auto found, db_.read([&](Connection& c) { return c.first(kOne, {id}, from_row); }));
  if (!found) return not_found("decision '" + id + "' does not exist");
  return *std::move(found);
}

Result<Replay> Govern::replay(const std::string& id) const {
  SW_TRY(auto found, db_.read([&](Connection& c) {
    return c.first(kOne, {id}, [](const Row& row) {
      return StoredDecision{from_row(row), std::string(row.text(9))};
    });
  }));
  if (!found) return not_found("decision '" + id + "' does not exist");
  Replay out{.stored = std::move(found->decision)};
  SW_TRY(const auto policy, parse_policy(found->policy_text, out.stored.policy));
  if (policy.rules.size() != out.stored.rules.size()) {
    return Error{Code::data_loss,
                 "decision '" + id + "' has " + std::to_string(out.stored.rules.size()) +
                     " verdicts on " + std::to_string(policy.rules.size()) + " rules",
                 ""};
  }
  Subject subject{.model = out.stored.model,
                  .version = out.stored.version,
                  .facts = {.source = "as stored with the decision"},
                  .champion = out.stored.champion,
                  .champion_facts = {.source = "as stored with the decision"}};
  for (std::size_t i = 0; i < policy.rules.size(); ++i) {
    put_fact(policy.rules[i], out.stored.rules[i].actual, subject.facts);
    put_fact(policy.rules[i], out.stored.rules[i].champion, subject.champion_facts);
  }
  out.again = out.stored;
  out.again.rules = judge(policy, subject);
  out.again.allowed = all_passed(out.again.rules);
  out.same = same_verdicts(out.stored, out.again);
  return out;
}

Result<Page<Decision>> Govern::decisions(const std::string& model, std::int64_t version,
                                         const PageRequest& page) const {
  const auto wanted = static_cast<std::int64_t>(page.size);
  return db_.read([&](Connection& connection) -> Result<Page<Decision>> {
    SW_TRY(auto items,
           connection.all(kSelect,
                          {model, model, version, version, page.token, page.token, wanted + 1},
                          from_row));
    Page<Decision> out{.items = std::move(items), .next_token = {}};
    if (out.items.size() > page.size) {
      out.items.pop_back();
      if (!out.items.empty()) out.next_token = out.items.back().id;
    }
    return out;
  });
}

}  // namespace slipway::govern
