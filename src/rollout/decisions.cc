// SPDX-License-Identifier: Apache-2.0
// What was decided and on which numbers, to be decided again.
#include <algorithm>
#include <cmath>
#include <utility>

#include "impl.h"
#include "json/value.h"
#include "store/database.h"
#include "traffic_json.h"

namespace slipway::rollout {
namespace {

using store::Connection;

json::value number(double x) {
  return std::isfinite(x) ? json::value(x) : json::value(nullptr);
}

double number_in(const json::value& from, const char* key) {
  return json::number_at(from, key).value_or(std::nan(""));
}

json::object estimate_json(const Estimate& e) {
  return {{"value", number(e.value)}, {"error", number(e.error)}, {"n", e.n}};
}

Estimate read_estimate(const json::value& from, const char* key) {
  const auto* found = json::find(from, key);
  if (found == nullptr) return {};
  return {.value = number_in(*found, "value"),
          .error = number_in(*found, "error"),
          .n = static_cast<std::uint64_t>(
              std::max<std::int64_t>(0, json::int_at(*found, "n").value_or(0)))};
}

json::object judged_json(const Judged& side) {
  json::array business;
  for (const auto& one : side.business) {
    business.push_back(json::object{{"event", one.event},
                                    {"requests", one.requests},
                                    {"value", one.value},
                                    {"squares", one.squares}});
  }
  return {{"traffic", traffic_json(side.traffic)},
          {"classified", side.classified},
          {"right", side.right},
          {"numbers", side.numbers},
          {"log_loss", estimate_json(side.log_loss)},
          {"roc_auc", estimate_json(side.roc_auc)},
          {"mae", estimate_json(side.mae)},
          {"predictions", side.predictions},
          {"business", std::move(business)}};
}

Judged read_judged(const json::value& facts, const char* key) {
  Judged out;
  const auto* from = json::find(facts, key);
  if (from == nullptr) return out;
  out.traffic = read_traffic(json::find(*from, "traffic"));
  out.classified = json::int_at(*from, "classified").value_or(0);
  out.right = json::int_at(*from, "right").value_or(0);
  out.numbers = json::bool_at(*from, "numbers").value_or(false);
  out.log_loss = read_estimate(*from, "log_loss");
  out.roc_auc = read_estimate(*from, "roc_auc");
  out.mae = read_estimate(*from, "mae");
  out.predictions = json::int_at(*from, "predictions").value_or(0);
  const auto* business = json::find(*from, "business");
  if (business == nullptr || !business->is_array()) return out;
  for (const auto& one : business->get_array()) {
    out.business.push_back({.event = json::text_at(one, "event").value_or(""),
                            .requests = json::int_at(one, "requests").value_or(0),
                            .value = json::number_at(one, "value").value_or(0),
                            .squares = json::number_at(one, "squares").value_or(0)});
  }
  return out;
}

json::object agreement_json(const Agreement& a) {
  return {{"pairs", a.pairs},
          {"classes", a.classes},
          {"equal", a.equal},
          {"numbers", a.numbers},
          {"difference", a.difference},
          {"difference_squares", a.difference_squares},
          {"x", a.x},
          {"y", a.y},
          {"xx", a.xx},
          {"yy", a.yy},
          {"xy", a.xy}};
}

Agreement read_agreement(const json::value& facts) {
  Agreement out;
  const auto* from = json::find(facts, "agreement");
  if (from == nullptr) return out;
  out.pairs = json::int_at(*from, "pairs").value_or(0);
  out.classes = json::int_at(*from, "classes").value_or(0);
  out.equal = json::int_at(*from, "equal").value_or(0);
  out.numbers = json::int_at(*from, "numbers").value_or(0);
  for (const auto& [key, into] :
       {std::pair("difference", &out.difference),
        std::pair("difference_squares", &out.difference_squares), std::pair("x", &out.x),
        std::pair("y", &out.y), std::pair("xx", &out.xx), std::pair("yy", &out.yy),
        std::pair("xy", &out.xy)}) {
    *into = json::number_at(*from, key).value_or(0);
  }
  return out;
}

// What these checks lead to. Whether a step has lasted long enough is not theirs to say.
std::string decided_by(const std::vector<Check>& checks, const std::string& stored) {
  bool doubt = false;
  for (const auto& check : checks) {
    if (check.verdict == Verdict::red) return std::string(kRollBack);
    doubt = doubt || check.verdict == Verdict::amber;
  }
  if (doubt) return std::string(stored == kUndecided ? kUndecided : "hold");
  return stored == kNextStep || stored == kPromote ? stored : "go on";
}

struct Stored {
  Replayed replayed;
  std::string facts;
};

}  // namespace

std::vector<Check> checks_on(const Rollout& r, const Facts& facts) {
  if (facts.mirrored) {
    return compare_mirrored(facts.champion, facts.challenger, facts.agreement, r.tolerances,
                            r.business.size());
  }
  return compare_judged(facts.champion, facts.challenger, r.tolerances, facts.alone, r.business,
                        r.steps.front().shadow > 0);
}

Result<void> put_decision(Connection& db, const Row& row, const Decided& decided, Timestamp at) {
  const auto& facts = decided.facts;
  SW_TRY(const auto last,
         db.first("SELECT COALESCE(MAX(sequence), 0) FROM rollout_decision WHERE rollout_id = ?",
                  {row.rollout.id}, [](const store::Row& found) { return found.int64(0); }));
  json::object document{{"mirrored", facts.mirrored},
                        {"alone", facts.alone},
                        {"champion", judged_json(facts.champion)},
                        {"challenger", judged_json(facts.challenger)}};
  if (facts.mirrored) document["agreement"] = agreement_json(facts.agreement);
  SW_CHECK_OK(db.exec(
      "INSERT INTO rollout_decision (rollout_id, sequence, at, step, decision, reason, facts) "
      "VALUES (?, ?, ?, ?, ?, ?, ?)",
      {row.rollout.id, last.value_or(0) + 1, at.ms, decided.step, std::string(decided.decision),
       row.rollout.reason, json::dump_value(json::value(std::move(document)))}));
  return {};
}

Result<std::vector<Replayed>> Rollouts::replay(const std::string& id) const {
  SW_TRY(const auto row, impl_->load(id));
  SW_TRY(auto stored, impl_->db.read([&](Connection& c) {
    return c.all(
        "SELECT at, step, decision, reason, facts FROM rollout_decision WHERE rollout_id = ? "
        "ORDER BY sequence",
        {id}, [](const store::Row& found) {
          return Stored{{.at = {found.int64(0)},
                         .step = found.int64(1),
                         .decision = std::string(found.text(2)),
                         .reason = std::string(found.text(3))},
                        std::string(found.text(4))};
        });
  }));
  std::vector<Replayed> out;
  for (auto& one : stored) {
    SW_TRY(const auto document, json::parse_value(one.facts));
    const Facts facts{.mirrored = json::bool_at(document, "mirrored").value_or(false),
                      .alone = json::bool_at(document, "alone").value_or(false),
                      .champion = read_judged(document, "champion"),
                      .challenger = read_judged(document, "challenger"),
                      .agreement = read_agreement(document)};
    auto& replayed = one.replayed;
    replayed.checks = checks_on(row.rollout, facts);
    replayed.again = decided_by(replayed.checks, replayed.decision);
    replayed.same = replayed.again == replayed.decision;
    out.push_back(std::move(replayed));
  }
  return out;
}

}  // namespace slipway::rollout
