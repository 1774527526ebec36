// SPDX-License-Identifier: Apache-2.0
// Rollouts: from the champion to a challenger, and back.
#include "rollout/rollouts.h"

#include <memory>

#include "base/clock.h"
#include "base/text.h"
#include "endpoint.h"
#include "govern/govern.h"
#include "messages_models.h"
#include "messages_release.h"
#include "messages_replay.h"
#include "wire/api/routes.h"

namespace slipway::wire::api {
namespace {

using net::Request;

struct Service {
  rollout::Rollouts& rollouts;
  CheckPolicy check;
};

RolloutJson to_wire(const rollout::Rollout& r) {
  RolloutJson out{.id = r.id,
                  .endpoint = r.endpoint,
                  .model = r.model,
                  .champion = std::to_string(r.champion),
                  .challenger = std::to_string(r.challenger),
                  .state = std::string(name_of(r.state)),
                  .step = r.step,
                  .weight = r.weight,
                  .started = to_rfc3339(r.started),
                  .step_started = to_rfc3339(r.step_started),
                  .actor = r.actor,
                  .reason = r.reason};
  if (r.ended) out.ended.emplace(to_rfc3339(*r.ended));
  for (const auto& s : r.steps) {
    out.steps.push_back({s.weight, s.shadow, s.min_requests, s.min_seconds, s.min_labels});
  }
  const auto& t = r.tolerances;
  out.tolerances = {t.error_rate,    t.latency_ratio,  t.latency_slack_ms,
                    t.quality,       t.alpha,          t.undecided_seconds,
                    t.min_agreement, t.max_difference, t.min_correlation};
  for (const auto& goal : r.business) {
    out.business.push_back({goal.event, goal.measure, goal.tolerance});
  }
  return out;
}

EvidenceJson to_wire(const rollout::EvidenceItem& item) {
  const auto& check = item.check;
  EvidenceJson out{.at = to_rfc3339(item.at),
                   .step = item.step,
                   .check = check.name,
                   .verdict = std::string(name_of(check.verdict)),
                   .detail = "champion " + check.champion + ", challenger " + check.challenger +
                             ": " + check.detail};
  if (check.champion_value) out.champion.emplace(*check.champion_value);
  if (check.challenger_value) out.challenger.emplace(*check.challenger_value);
  return out;
}

Result<RolloutJson> with_evidence(Service& at, const rollout::Rollout& found) {
  auto out = to_wire(found);
  SW_TRY(const auto evidence, at.rollouts.evidence(found.id));
  for (const auto& item : evidence) out.evidence.push_back(to_wire(item));
  return out;
}

// true, false, null or a percentage.
Result<double> shadow_of(const json::Raw& raw, const std::string& at) {
  if (raw.text == "null" || raw.text == "false") return 0.0;
  if (raw.text == "true") return 100.0;
  if (const auto percent = parse_double(raw.text); percent && *percent > 0) return *percent;
  return invalid(at + ".shadow: " + raw.text.substr(0, 40) + " is no percentage",
                 "give true, or the percentage of the requests that are mirrored");
}

Result<rollout::Spec> spec_of(const RolloutBody& body) {
  rollout::Spec out{.endpoint = body.endpoint, .model = body.model};
  SW_TRY(out.version, version_number(body.version));
  for (const auto& s : body.steps) {
    const auto at = "steps[" + std::to_string(out.steps.size()) + "]";
    SW_TRY(const double shadow, shadow_of(s.shadow, at));
    out.steps.push_back({s.weight, shadow, s.min_requests, s.min_seconds, s.min_labels});
  }
  for (const auto& goal : body.business) {
    out.business.push_back({goal.event, goal.measure, goal.tolerance});
  }
  auto& t = out.tolerances;
  const auto& in = body.tolerances;
  t.error_rate = in.error_rate.value_or(t.error_rate);
  t.latency_ratio = in.latency_ratio.value_or(t.latency_ratio);
  t.latency_slack_ms = in.latency_slack_ms.value_or(t.latency_slack_ms);
  t.quality = in.quality.value_or(t.quality);
  t.alpha = in.alpha.value_or(t.alpha);
  t.undecided_seconds = in.undecided_seconds.value_or(t.undecided_seconds);
  t.min_agreement = in.min_agreement;
  t.max_difference = in.max_difference;
  t.min_correlation = in.min_correlation;
  return out;
}

Result<RolloutJson> start(Service& at, const RolloutBody& body, const Request& request) {
  if (!body.on_success.empty() && body.on_success != "promote") {
    return invalid("on_success: '" + body.on_success + "' is unknown", "the only way is promote");
  }
  SW_TRY(auto spec, spec_of(body));
  if (!body.policy.empty()) {
    if (body.policy.find(':') == std::string::npos) {
      return invalid("policy: '" + body.policy + "' is not the text of a policy",
                     "send what the file holds, not its name");
    }
    SW_TRY(const auto policy, govern::parse_policy(body.policy, "policy"));
    if (policy.undecided_seconds && !body.tolerances.undecided_seconds) {
      spec.tolerances.undecided_seconds = *policy.undecided_seconds;
    }
    SW_TRY(const auto decision,
           at.check({body.policy, spec.model, spec.version, spec.endpoint, request.principal}));
    if (!decision.allowed) {
      return precondition(decision.summary(), "decision " + decision.id + " has every rule");
    }
  }
  SW_TRY(const auto started, at.rollouts.start(spec, request.principal));
  return to_wire(started);
}

Result<RolloutListJson> list(Service& at, const Request& request) {
  SW_TRY(const auto page, page_of(request, 20));
  SW_TRY(const auto found, at.rollouts.list(request.query_value("endpoint").value_or(""), page));
  RolloutListJson out{.items = {}, .next_page_token = found.next_token};
  for (const auto& one : found.items) {
    SW_TRY(auto wire, with_evidence(at, one));
    out.items.push_back(std::move(wire));
  }
  return out;
}

Result<RolloutJson> show(Service& at, const Request& request) {
  SW_TRY(const auto found, at.rollouts.get(request.param("id")));
  return with_evidence(at, found);
}

Result<RolloutReplayJson> replay(Service& at, const Request& request) {
  SW_TRY(const auto found, at.rollouts.replay(request.param("id")));
  RolloutReplayJson out;
  for (const auto& one : found) {
    ReplayedJson item{to_rfc3339(one.at), one.step, one.decision, one.reason, one.again,
                      one.same,           {}};
    for (const auto& check : one.checks) item.checks.push_back(to_wire({one.at, one.step, check}));
    out.same = out.same && one.same;
    out.decisions.push_back(std::move(item));
  }
  return out;
}

Result<RolloutJson> pause(Service& at, const ReasonBody&, const Request& request) {
  SW_TRY(const auto found, at.rollouts.pause(request.param("id"), request.principal));
  return to_wire(found);
}

Result<RolloutJson> resume(Service& at, const ReasonBody&, const Request& request) {
  SW_TRY(const auto found, at.rollouts.resume(request.param("id"), request.principal));
  return to_wire(found);
}

Result<RolloutJson> abort(Service& at, const ReasonBody& body, const Request& request) {
  SW_TRY(const auto found, at.rollouts.abort(request.param("id"), request.principal, body.reason));
  return to_wire(found);
}

Result<ReversionJson> roll_back(Service& at, const ReasonBody& body, const Request& request) {
  SW_TRY(const auto done,
         at.rollouts.roll_back(request.param("name"), request.principal, body.reason));
  return ReversionJson{done.endpoint, done.model, std::to_string(done.from),
                       std::to_string(done.to), done.took_ms};
}

}  // namespace

void add_rollout_routes(net::Router& router, rollout::Rollouts& rollouts,
                        CheckPolicy check_policy) {
  Endpoints<Service> at{router,
                        std::make_shared<Service>(Service{rollouts, std::move(check_policy)})};
  at.post("/rollouts", start,
          {.action = "rollout.write",
           .summary = "Start a shadow and a canary of a version",
           .status = 201});
  at.get("/rollouts", list, {.action = "rollout.read", .summary = "Rollouts, newest first"});
  at.get("/rollouts/{id}", show,
         {.action = "rollout.read", .summary = "One rollout with its evidence"});
  at.get("/rollouts/{id}/replay", replay,
         {.action = "rollout.read",
          .summary = "Its decisions, made again from the numbers that were stored with them"});
  at.post("/rollouts/{id}/pause", pause,
          {.action = "rollout.write", .summary = "Hold the step that it is in"});
  at.post("/rollouts/{id}/resume", resume, {.action = "rollout.write", .summary = "Go on"});
  at.post("/rollouts/{id}/abort", abort,
          {.action = "rollout.write", .summary = "All traffic back to the champion"});
  at.post("/endpoints/{name}/rollback", roll_back,
          {.action = "rollout.write", .summary = "Back to the champion before, in under a second"});
}

}  // namespace slipway::wire::api
