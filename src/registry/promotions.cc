// SPDX-License-Identifier: Apache-2.0
#include "registry/promotions.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "impl.h"
#include "names.h"
#include "paging.h"
#include "promotions_sql.h"
#include "rows.h"

namespace slipway::registry {
namespace {

using store::Connection;

constexpr std::array<std::pair<RequestState, std::string_view>, 5> kStates{
    {{RequestState::requested, "requested"},
     {RequestState::approved, "approved"},
     {RequestState::rejected, "rejected"},
     {RequestState::withdrawn, "withdrawn"},
     {RequestState::done, "done"}}};
constexpr auto kOpen = "p.state IN ('requested', 'approved')";

std::string tally(const PromotionRequest& request) {
  return std::to_string(request.approvals()) + " of " + std::to_string(request.terms.approvals) +
         " approvals";
}

// May `by` answer the request at all?
Result<void> check_voter(const PromotionRequest& request, const By& by) {
  if (request.state != RequestState::requested) {
    return precondition("promotion request '" + request.id + "' is " +
                        std::string(name_of(request.state)) + " already");
  }
  const auto& allowed = request.terms.approvers;
  if (!allowed.empty() && std::find(allowed.begin(), allowed.end(), by.actor) == allowed.end()) {
    std::string names;
    for (const auto& name : allowed) names += (names.empty() ? "" : ", ") + name;
    return Error{Code::permission_denied,
                 "'" + by.actor + "' may not answer promotion request '" + request.id + "'",
                 "policy '" + request.terms.policy + "' wants one of " + names};
  }
  for (const auto& vote : request.votes) {
    if (vote.actor == by.actor) {
      return precondition("'" + by.actor + "' has answered promotion request '" + request.id +
                          "' already");
    }
  }
  return {};
}

}  // namespace

std::string_view name_of(RequestState state) {
  for (const auto& [value, name] : kStates) {
    if (value == state) return name;
  }
  return "requested";
}

Result<RequestState> parse_request_state(std::string_view name) {
  for (const auto& [value, known] : kStates) {
    if (known == name) return value;
  }
  return invalid("invalid state of a promotion request: '" + std::string(name) + "'",
                 "the states are requested, approved, rejected, withdrawn, done");
}

std::int64_t PromotionRequest::approvals() const {
  return std::count_if(votes.begin(), votes.end(), [](const Vote& vote) { return vote.approves; });
}

Result<void> Registry::Impl::check_cleared(Connection& db, const VersionRow& row,
                                           const By& by) const {
  if (by.cleared) return {};
  SW_TRY(const auto protection, find_protection(db, row.model_id));
  if (!protection) return {};
  SW_TRY(const auto champion, find_alias(db, row.model_id, kChampion));
  if (champion == row.version.version && row.version.stage == Stage::production) return {};
  SW_TRY(const auto approved,
         load_requests(db, "WHERE p.model_id = ? AND p.version = ? AND p.state = 'approved'",
                       {row.model_id, row.version.version}));
  if (!approved.empty()) return {};
  const auto number = std::to_string(row.version.version);
  return precondition(
      "model '" + row.version.model + "' is protected by policy '" + protection->policy +
          "': version " + number + " cannot enter Production without an approved promotion",
      "ask for one with `slipway model promote " + row.version.model + " " + number + "`");
}

Result<void> Registry::Impl::close_requests(Connection& db, const VersionRow& row,
                                            RequestState state) const {
  SW_TRY(const auto open,
         load_requests(db, "WHERE p.model_id = ? AND p.version = ? AND " + std::string(kOpen),
                       {row.model_id, row.version.version}));
  for (const auto& each : open) {
    SW_CHECK_OK(set_request_state(db, each.request.id, state, clock.now()));
  }
  return {};
}

Result<std::optional<Protection>> Promotions::protection(const std::string& model) const {
  SW_CHECK_OK(check_model_name(model));
  return registry_.impl_->db.read([&](Connection& db) -> Result<std::optional<Protection>> {
    SW_TRY(const auto row, find_model(db, model));
    return find_protection(db, row.id);
  });
}

Result<void> Promotions::protect(const std::string& model, const Protection& protection,
                                 const By& by) {
  SW_CHECK_OK(check_model_name(model));
  auto& at = *registry_.impl_;
  return at.db.write([&](Connection& db) -> Result<void> {
    SW_TRY(const auto row, find_model(db, model));
    SW_TRY(const auto before, find_protection(db, row.id));
    auto next = protection;
    next.since = at.clock.now();
    next.actor = by.actor;
    SW_CHECK_OK(put_protection(db, row.id, next));
    return at.history.append(
        db, row.id,
        at.change("model.protected", {model, 0}, before ? before->policy : std::string(),
                  next.policy + ", " + std::to_string(next.approvals) + " approvals", by));
  });
}

Result<void> Promotions::unprotect(const std::string& model, const By& by) {
  SW_CHECK_OK(check_model_name(model));
  auto& at = *registry_.impl_;
  return at.db.write([&](Connection& db) -> Result<void> {
    SW_TRY(const auto row, find_model(db, model));
    SW_TRY(const auto before, find_protection(db, row.id));
    if (!before) return {};
    SW_CHECK_OK(drop_protection(db, row.id));
    return at.history.append(db, row.id,
                             at.change("model.unprotected", {model, 0}, before->policy, "", by));
  });
}

Result<PromotionRequest> Promotions::ask(const NewRequest& wanted, const By& by) {
  SW_CHECK_OK(check_model_name(wanted.ref.model));
  auto& at = *registry_.impl_;
  const auto id = at.ids.sortable();
  SW_CHECK_OK(at.db.write([&](Connection& db) -> Result<void> {
    SW_TRY(const auto row, find_version(db, wanted.ref));
    SW_TRY(const auto open,
           load_requests(db, "WHERE p.model_id = ? AND p.version = ? AND " + std::string(kOpen),
                         {row.model_id, wanted.ref.version}));
    if (!open.empty()) {
      return Error{Code::conflict,
                   "version " + std::to_string(wanted.ref.version) + " of model '" +
                       wanted.ref.model + "' has promotion request '" + open[0].request.id +
                       "' already, by " + open[0].request.actor,
                   "approve, reject or withdraw that one"};
    }
    RequestRow made{.model_id = row.model_id,
                    .request = {.id = id,
                                .ref = wanted.ref,
                                .asked = at.clock.now(),
                                .ended = {},
                                .actor = by.actor,
                                .reason = by.reason,
                                .decision_id = wanted.decision_id,
                                .terms = wanted.terms,
                                .hold = wanted.hold,
                                .votes = {}}};
    SW_CHECK_OK(insert_request(db, made));
    return at.history.append(
        db, row.model_id,
        at.change("promotion.requested", wanted.ref, "", tally(made.request), by));
  }));
  at.publish("model.promotion_requested", wanted.ref, by, {{"request", id}});
  return get(id);
}

Result<PromotionRequest> Promotions::get(const std::string& id) const {
  return registry_.impl_->db.read([&](Connection& db) -> Result<PromotionRequest> {
    SW_TRY(auto row, find_request(db, id));
    return std::move(row.request);
  });
}

Result<Page<PromotionRequest>> Promotions::list(const std::string& model, std::int64_t version,
                                                std::optional<RequestState> state,
                                                const PageRequest& page) const {
  SW_TRY(const auto window, window_of(page));
  std::string where = "WHERE p.id <> ''";
  store::Cells cells;
  const auto add = [&](const char* text, store::Cell cell) {
    where += text;
    cells.push_back(std::move(cell));
  };
  if (!model.empty()) add(" AND m.name = ?", model);
  if (version != 0) add(" AND p.version = ?", version);
  if (state) add(" AND p.state = ?", std::string(name_of(*state)));
  add(" ORDER BY p.id DESC LIMIT ?", window.limit);
  add(" OFFSET ?", window.offset);
  return registry_.impl_->db.read([&](Connection& db) -> Result<Page<PromotionRequest>> {
    SW_TRY(auto rows, load_requests(db, where, cells));
    std::vector<PromotionRequest> out;
    out.reserve(rows.size());
    for (auto& row : rows) out.push_back(std::move(row.request));
    return page_of(std::move(out), window);
  });
}

Result<PromotionRequest> Promotions::approve(const std::string& id, const By& by) {
  auto& at = *registry_.impl_;
  std::optional<Registry::Impl::Moved> moved;
  VersionRef ref;
  SW_CHECK_OK(at.db.write([&](Connection& db) -> Result<void> {
    moved.reset();
    SW_TRY(auto row, find_request(db, id));
    auto& request = row.request;
    ref = request.ref;
    SW_CHECK_OK(check_voter(request, by));
    if (request.actor == by.actor && !request.terms.own) {
      return Error{Code::permission_denied,
                   "'" + by.actor + "' asked for this promotion and cannot approve it too",
                   "somebody else must, by a name of their own (the X-Slipway-Actor header); or "
                   "the policy says approval: {own: true}"};
    }
    const Vote vote{.actor = by.actor, .at = at.clock.now(), .approves = true, .reason = by.reason};
    SW_CHECK_OK(insert_vote(db, id, vote));
    request.votes.push_back(vote);
    SW_CHECK_OK(at.history.append(
        db, row.model_id,
        at.change("promotion.approved", ref, "asked by " + request.actor, tally(request), by)));
    if (request.approvals() < request.terms.approvals) return {};
    SW_CHECK_OK(set_request_state(db, id, RequestState::approved, {}));
    if (request.hold) return {};
    SW_TRY(const auto version, find_version(db, ref));
    const By mover{by.actor, request.reason.empty() ? by.reason : request.reason, true};
    SW_TRY(moved, at.promote_in(db, version, mover));
    return {};
  }));
  at.publish("model.promotion_approved", ref, by, {{"request", id}});
  if (moved) at.announce(ref, *moved, by);
  return get(id);
}

Result<PromotionRequest> Promotions::reject(const std::string& id, const By& by) {
  auto& at = *registry_.impl_;
  VersionRef ref;
  bool own = false;
  SW_CHECK_OK(at.db.write([&](Connection& db) -> Result<void> {
    SW_TRY(const auto row, find_request(db, id));
    const auto& request = row.request;
    ref = request.ref;
    own = request.actor == by.actor;
    // One that was approved and still holds can be taken back.
    auto as_open = request;
    if (as_open.state == RequestState::approved) {
      as_open.state = RequestState::requested;
      as_open.votes.clear();
    }
    if (own && as_open.state == RequestState::requested) as_open.terms.approvers.clear();
    SW_CHECK_OK(check_voter(as_open, by));
    if (!own && request.state == RequestState::requested) {
      SW_CHECK_OK(insert_vote(
          db, id,
          {.actor = by.actor, .at = at.clock.now(), .approves = false, .reason = by.reason}));
    }
    SW_CHECK_OK(set_request_state(db, id, own ? RequestState::withdrawn : RequestState::rejected,
                                  at.clock.now()));
    return at.history.append(db, row.model_id,
                             at.change(own ? "promotion.withdrawn" : "promotion.rejected", ref,
                                       "asked by " + request.actor, tally(request), by));
  }));
  at.publish(own ? "model.promotion_withdrawn" : "model.promotion_rejected", ref, by,
             {{"request", id}});
  return get(id);
}

Result<void> Promotions::check(const VersionRef& ref) const {
  auto& at = *registry_.impl_;
  return at.db.read([&](Connection& db) -> Result<void> {
    SW_TRY(const auto row, find_version(db, ref));
    return at.check_cleared(db, row, {});
  });
}

}  // namespace slipway::registry
