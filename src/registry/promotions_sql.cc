// SPDX-License-Identifier: Apache-2.0
#include "promotions_sql.h"

#include "base/text.h"

namespace slipway::registry {
namespace {

using store::Cell;
using store::Cells;
using store::Connection;
using store::Row;

constexpr auto kSelect =
    "SELECT p.id, p.model_id, m.name, p.version, p.state, p.asked, p.actor, p.reason, p.policy, "
    "p.decision_id, p.approvals, p.approvers, p.own, p.hold, p.ended FROM registry_promotion p "
    "JOIN registry_model m ON m.id = p.model_id ";

// One a line: names hold no line feed (the edge sees to that).
std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) (out += name) += '\n';
  return out;
}

std::vector<std::string> names_of(std::string_view text) {
  std::vector<std::string> out;
  for (const auto part : split(text, '\n')) {
    if (!part.empty()) out.emplace_back(part);
  }
  return out;
}

RequestRow from_row(const Row& row) {
  RequestRow out{.model_id = std::string(row.text(1))};
  auto& r = out.request;
  r.id = std::string(row.text(0));
  r.ref = {std::string(row.text(2)), row.int64(3)};
  if (const auto state = parse_request_state(row.text(4))) r.state = *state;
  r.asked = {row.int64(5)};
  r.actor = std::string(row.text(6));
  r.reason = std::string(row.text(7));
  r.decision_id = std::string(row.text(9));
  r.terms = {.policy = std::string(row.text(8)),
             .text = {},
             .approvals = row.int64(10),
             .approvers = names_of(row.text(11)),
             .own = row.int64(12) != 0};
  r.hold = row.int64(13) != 0;
  if (const auto ended = row.maybe_int64(14)) r.ended = Timestamp{*ended};
  return out;
}

}  // namespace

Result<std::optional<Protection>> find_protection(Connection& db, const std::string& model_id) {
  return db.first(
      "SELECT policy, policy_text, approvals, approvers, own, since, actor FROM "
      "registry_protection WHERE model_id = ?",
      {model_id}, [](const Row& row) {
        return Protection{.policy = std::string(row.text(0)),
                          .text = std::string(row.text(1)),
                          .approvals = row.int64(2),
                          .approvers = names_of(row.text(3)),
                          .own = row.int64(4) != 0,
                          .since = {row.int64(5)},
                          .actor = std::string(row.text(6))};
      });
}

Result<void> put_protection(Connection& db, const std::string& model_id, const Protection& p) {
  SW_CHECK_OK(drop_protection(db, model_id));
  SW_CHECK_OK(
      db.exec("INSERT INTO registry_protection (model_id, policy, policy_text, approvals, "
              "approvers, own, since, actor) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
              {model_id, p.policy, p.text, p.approvals, joined(p.approvers),
               std::int64_t{p.own ? 1 : 0}, p.since.ms, p.actor}));
  return {};
}

Result<bool> drop_protection(Connection& db, const std::string& model_id) {
  SW_TRY(const auto gone,
         db.exec("DELETE FROM registry_protection WHERE model_id = ?", {model_id}));
  return gone > 0;
}

Result<std::vector<RequestRow>> load_requests(Connection& db, const std::string& rest,
                                              const Cells& cells) {
  SW_TRY(auto rows, db.all(kSelect + rest, cells, from_row));
  for (auto& row : rows) {
    SW_TRY(row.request.votes,
           db.all("SELECT actor, at, approves, reason FROM registry_promotion_vote WHERE "
                  "promotion = ? ORDER BY at, actor",
                  {row.request.id}, [](const Row& vote) {
                    return Vote{.actor = std::string(vote.text(0)),
                                .at = {vote.int64(1)},
                                .approves = vote.int64(2) != 0,
                                .reason = std::string(vote.text(3))};
                  }));
  }
  return rows;
}

Result<RequestRow> find_request(Connection& db, const std::string& id) {
  SW_TRY(auto rows, load_requests(db, "WHERE p.id = ?", {id}));
  if (rows.empty()) {
    return not_found("there is no promotion request '" + id + "'",
                     "`slipway model requests` lists them");
  }
  return std::move(rows.front());
}

Result<void> insert_request(Connection& db, const RequestRow& row) {
  const auto& r = row.request;
  SW_CHECK_OK(db.exec(
      "INSERT INTO registry_promotion (id, model_id, version, state, asked, actor, reason, "
      "policy, decision_id, approvals, approvers, own, hold, ended) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
      {r.id, row.model_id, r.ref.version, std::string(name_of(r.state)), r.asked.ms, r.actor,
       r.reason, r.terms.policy, r.decision_id, r.terms.approvals, joined(r.terms.approvers),
       std::int64_t{r.terms.own ? 1 : 0}, std::int64_t{r.hold ? 1 : 0}}));
  return {};
}

Result<void> insert_vote(Connection& db, const std::string& id, const Vote& vote) {
  SW_CHECK_OK(
      db.exec("INSERT INTO registry_promotion_vote (promotion, actor, at, approves, reason) "
              "VALUES (?, ?, ?, ?, ?)",
              {id, vote.actor, vote.at.ms, std::int64_t{vote.approves ? 1 : 0}, vote.reason}));
  return {};
}

Result<void> set_request_state(Connection& db, const std::string& id, RequestState state,
                               std::optional<Timestamp> ended) {
  SW_CHECK_OK(db.exec("UPDATE registry_promotion SET state = ?, ended = ? WHERE id = ?",
                      {std::string(name_of(state)), ended ? Cell(ended->ms) : Cell(nullptr), id}));
  return {};
}

}  // namespace slipway::registry
