// SPDX-License-Identifier: Apache-2.0
// Promotions: what a model is protected by, requests, and the answers that people give them.
#include "registry/promotions.h"

#include <memory>

#include "base/clock.h"
#include "endpoint.h"
#include "govern/govern.h"
#include "messages_promotions.h"
#include "registry/registry.h"
#include "release_words.h"
#include "wire/api/routes.h"

namespace slipway::wire::api {
namespace {

using net::Request;
using registry::Protection;
using registry::Registry;
using registry::VersionRef;

struct Desk {
  Registry& registry;
  CheckPolicy check;
  HasReference has_reference;
};

registry::By by(const Request& request, const std::string& reason, bool cleared = false) {
  return {request.principal, reason, cleared};
}

Result<VersionRef> ref_of(const Request& request) {
  SW_TRY(const auto number, version_number(request.param("version")));
  return VersionRef{request.param("name"), number};
}

Protection terms_of(const govern::Policy& policy) {
  Protection out{.policy = policy.name, .text = policy.text};
  if (policy.approval) {
    out.approvals = policy.approval->count;
    out.approvers = policy.approval->by;
    out.own = policy.approval->own;
  }
  return out;
}

Result<Protection> terms_in(const std::string& text) {
  if (text.find(':') == std::string::npos) {
    return invalid("policy: '" + text.substr(0, 100) + "' is not the text of a policy",
                   "send what the file holds, not its name");
  }
  SW_TRY(const auto policy, govern::parse_policy(text, "policy"));
  return terms_of(policy);
}

PromotionJson to_wire(const registry::PromotionRequest& r) {
  PromotionJson out{.id = r.id,
                    .model = r.ref.model,
                    .version = std::to_string(r.ref.version),
                    .state = std::string(name_of(r.state)),
                    .asked = to_rfc3339(r.asked),
                    .ended = {},
                    .actor = r.actor,
                    .reason = r.reason,
                    .policy = r.terms.policy,
                    .decision_id = r.decision_id,
                    .approvals = r.approvals(),
                    .approvals_needed = r.terms.approvals,
                    .approvers = r.terms.approvers,
                    .own = r.terms.own,
                    .hold = r.hold,
                    .votes = {}};
  if (r.ended) out.ended.emplace(to_rfc3339(*r.ended));
  for (const auto& vote : r.votes) {
    out.votes.push_back({vote.actor, to_rfc3339(vote.at), vote.approves, vote.reason});
  }
  return out;
}

ProtectionJson to_wire(const std::string& model, const std::optional<Protection>& p) {
  ProtectionJson out{.model = model};
  if (!p) return out;
  out.is_protected = true;
  out.policy = p->policy;
  out.text = p->text;
  out.approvals = p->approvals;
  out.approvers = p->approvers;
  out.own = p->own;
  out.since.emplace(to_rfc3339(p->since));
  out.actor = p->actor;
  return out;
}

// The terms that the promotion must meet: the model's protection, or the policy that came along.
Result<std::optional<Protection>> terms_for(Desk& at, const VersionRef& ref,
                                            const PromoteBody& body) {
  SW_TRY(auto stored, at.registry.promotions().protection(ref.model));
  if (body.policy.empty()) return stored;
  SW_TRY(auto given, terms_in(body.policy));
  if (stored && stored->text != given.text) {
    return invalid("model '" + ref.model + "' is protected by policy '" + stored->policy +
                       "', not by the one that was sent",
                   "promote without a policy, or change the protection first");
  }
  return std::optional(stored ? *stored : given);
}

Result<net::Response> answer(Desk& at, const VersionRef& ref, int status,
                             std::optional<PromotionJson> request) {
  SW_TRY(const auto version, at.registry.version(ref));
  PromotedJson out;
  static_cast<VersionJson&>(out) = version_json(version, at.has_reference);
  out.promotion = std::move(request);
  return net::Response::json(status, json::dump(out));
}

Result<net::Response> promote(Desk& at, const PromoteBody& body, const Request& request) {
  SW_TRY(const auto ref, ref_of(request));
  SW_CHECK_OK(at.registry.version(ref));
  SW_TRY(const auto terms, terms_for(at, ref, body));
  if (!terms) {
    SW_CHECK_OK(at.registry.promote(ref, by(request, body.reason)));
    return answer(at, ref, 200, {});
  }
  SW_TRY(const auto decision,
         at.check({terms->text, ref.model, ref.version, "", request.principal}));
  if (!decision.allowed) {
    return precondition(decision.summary(), "decision " + decision.id + " has every rule");
  }
  if (terms->approvals == 0) {
    SW_CHECK_OK(at.registry.promote(ref, by(request, body.reason, true)));
    return answer(at, ref, 200, {});
  }
  SW_TRY(const auto asked,
         at.registry.promotions().ask(
             {.ref = ref, .terms = *terms, .decision_id = decision.id, .hold = body.hold},
             by(request, body.reason)));
  return answer(at, ref, 202, to_wire(asked));
}

Result<PromotionListJson> list(Desk& at, const Request& request) {
  SW_TRY(const auto page, page_of(request));
  std::int64_t version = 0;
  if (const auto text = request.query_value("version"); text && !text->empty()) {
    SW_TRY(version, version_number(*text));
  }
  std::optional<registry::RequestState> state;
  if (const auto text = request.query_value("state"); text && !text->empty()) {
    SW_TRY(state, registry::parse_request_state(*text));
  }
  SW_TRY(const auto found, at.registry.promotions().list(request.query_value("model").value_or(""),
                                                         version, state, page));
  PromotionListJson out{.items = {}, .next_page_token = found.next_token};
  for (const auto& one : found.items) out.items.push_back(to_wire(one));
  return out;
}

Result<PromotionJson> show(Desk& at, const Request& request) {
  SW_TRY(const auto found, at.registry.promotions().get(request.param("id")));
  return to_wire(found);
}

Result<PromotionJson> approve(Desk& at, const ReasonBody& body, const Request& request) {
  SW_TRY(const auto done,
         at.registry.promotions().approve(request.param("id"), by(request, body.reason)));
  return to_wire(done);
}

Result<PromotionJson> reject(Desk& at, const ReasonBody& body, const Request& request) {
  SW_TRY(const auto done,
         at.registry.promotions().reject(request.param("id"), by(request, body.reason)));
  return to_wire(done);
}

Result<ProtectionJson> protection(Desk& at, const Request& request) {
  const auto& model = request.param("name");
  SW_TRY(const auto found, at.registry.promotions().protection(model));
  return to_wire(model, found);
}

Result<ProtectionJson> protect(Desk& at, const ProtectBody& body, const Request& request) {
  const auto& model = request.param("name");
  if (body.policy.empty()) return invalid("policy is missing", "send the text of a policy file");
  SW_TRY(const auto terms, terms_in(body.policy));
  SW_CHECK_OK(at.registry.promotions().protect(model, terms, by(request, body.reason)));
  return protection(at, request);
}

Result<void> unprotect(Desk& at, const Request& request) {
  return at.registry.promotions().unprotect(
      request.param("name"), by(request, request.query_value("reason").value_or("")));
}

}  // namespace

void add_promotion_routes(net::Router& router, Registry& registry, CheckPolicy check_policy,
                          HasReference has_reference) {
  Endpoints<Desk> at{router, std::make_shared<Desk>(Desk{registry, std::move(check_policy),
                                                         std::move(has_reference)})};
  at.post("/models/{name}/versions/{version}/promote", promote,
          {.action = "model.write",
           .summary = "Make a version the champion; 202 when people must approve it first"});
  at.get("/promotions", list,
         {.action = "model.read", .summary = "Promotion requests, newest first"});
  at.get("/promotions/{id}", show, {.action = "model.read", .summary = "One promotion request"});
  at.post("/promotions/{id}/approve", approve,
          {.action = "model.approve", .summary = "Approve it; the last approval promotes"});
  at.post("/promotions/{id}/reject", reject,
          {.action = "model.approve", .summary = "Reject it, or withdraw one's own"});
  at.get("/models/{name}/protection", protection,
         {.action = "model.read", .summary = "What a version needs to enter Production"});
  at.put("/models/{name}/protection", protect,
         {.action = "model.protect", .summary = "Protect Production by a policy"});
  at.del("/models/{name}/protection", unprotect,
         {.action = "model.protect", .summary = "Anybody may promote again", .status = 204});
}

}  // namespace slipway::wire::api
