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
  out.allowed = std::all_of(out.rules.begin(), out.rules.end(),
                            [](const Verdict& verdict) { return verdict.passed; });
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
