// SPDX-License-Identifier: Apache-2.0
// Policies: may this version take traffic, and what was decided before.
#include <memory>

#include "base/clock.h"
#include "endpoint.h"
#include "messages_models.h"
#include "messages_release.h"
#include "messages_replay.h"
#include "release_words.h"
#include "wire/api/routes.h"

namespace slipway::wire::api {
namespace {

using net::Request;

struct Policies {
  govern::Govern& govern;
  CheckPolicy check;
};

Result<DecisionJson> check(Policies& at, const CheckBody& body, const Request& request) {
  if (body.policy.empty()) return invalid("policy is missing", "send the text of a policy file");
  if (body.model.empty()) return invalid("model is missing");
  std::int64_t version = 0;  // the newest
  if (body.version.text != "null" && body.version.text != "\"\"") {
    SW_TRY(version, version_number(body.version));
  }
  SW_TRY(const auto decision,
         at.check({body.policy, body.model, version, body.endpoint, request.principal}));
  return to_wire(decision);
}

Result<DecisionListJson> list(Policies& at, const Request& request) {
  SW_TRY(const auto page, page_of(request));
  std::int64_t version = 0;
  if (const auto text = request.query_value("version"); text && !text->empty()) {
    SW_TRY(version, version_number(*text));
  }
  SW_TRY(const auto found,
         at.govern.decisions(request.query_value("model").value_or(""), version, page));
  DecisionListJson out{.items = {}, .next_page_token = found.next_token};
  for (const auto& decision : found.items) out.items.push_back(to_wire(decision));
  return out;
}

Result<DecisionJson> show(Policies& at, const Request& request) {
  SW_TRY(const auto found, at.govern.decision(request.param("id")));
  return to_wire(found);
}

Result<DecisionReplayJson> replay(Policies& at, const Request& request) {
  SW_TRY(const auto found, at.govern.replay(request.param("id")));
  return DecisionReplayJson{found.same, to_wire(found.stored), to_wire(found.again)};
}

}  // namespace

DecisionJson to_wire(const govern::Decision& decision) {
  DecisionJson out{.id = decision.id,
                   .at = to_rfc3339(decision.at),
                   .actor = decision.actor,
                   .model = decision.model,
                   .version = std::to_string(decision.version),
                   .policy = decision.policy,
                   .allowed = decision.allowed,
                   .summary = decision.summary()};
  if (decision.champion) out.champion.emplace(std::to_string(*decision.champion));
  for (const auto& rule : decision.rules) {
    RuleJson wire{
        .rule = rule.rule, .wanted = rule.wanted, .passed = rule.passed, .reason = rule.reason};
    if (rule.actual) wire.actual.emplace(*rule.actual);
    if (rule.champion) wire.champion.emplace(*rule.champion);
    out.rules.push_back(std::move(wire));
  }
  return out;
}

void add_policy_routes(net::Router& router, govern::Govern& govern, CheckPolicy check_policy) {
  Endpoints<Policies> at{router,
                         std::make_shared<Policies>(Policies{govern, std::move(check_policy)})};
  at.post(
      "/policies/check", check,
      {.action = "policy.check", .summary = "Judge a version by a policy; the decision is kept"});
  at.get("/decisions", list, {.action = "policy.read", .summary = "Decisions, newest first"});
  at.get("/decisions/{id}", show, {.action = "policy.read", .summary = "One decision"});
  at.get(
      "/decisions/{id}/replay", replay,
      {.action = "policy.read", .summary = "The decision made again from what was stored with it"});
}

}  // namespace slipway::wire::api
