// SPDX-License-Identifier: Apache-2.0
#include "app/gate.h"

#include <algorithm>

#include "base/text.h"
#include "blob/blob.h"
#include "measure.h"
#include "registry/registry.h"
#include "serving/endpoints.h"
#include "tracking/artifacts.h"
#include "tracking/tracking.h"

namespace slipway::app {
namespace {

constexpr auto kEvaluation = "evaluation.csv";
constexpr std::size_t kEvaluationLimit = 256u << 20;

std::vector<std::string> groups_in(const govern::Policy& policy) {
  std::vector<std::string> out;
  for (const auto& rule : policy.rules) {
    if (rule.group.empty() || std::find(out.begin(), out.end(), rule.group) != out.end()) continue;
    out.push_back(rule.group);
  }
  return out;
}

// What the server measured wins over what a client logged under the same name.
govern::Facts merged(govern::Facts logged, govern::Facts measured) {
  for (auto& [name, value] : logged.metrics) measured.metrics.emplace(name, value);
  if (!logged.source.empty()) measured.source += "; " + logged.source;
  return measured;
}

}  // namespace

Result<std::int64_t> Gatekeeper::version_of(const GateQuestion& question) const {
  if (question.version > 0) return question.version;
  SW_TRY(const auto newest, parts_.registry.by_alias(question.model, "latest"));
  if (!newest) {
    return precondition("model '" + question.model + "' has no version",
                        "register one before it is judged");
  }
  return newest->version;
}

// The version with most of the endpoint's traffic; without an endpoint the one called champion.
// Also where no endpoint is loaded: beside a server, or without one.
Result<std::int64_t> Gatekeeper::champion_of(const GateQuestion& question,
                                             std::int64_t version) const {
  std::string alias = registry::kChampion;
  std::int64_t out = 0;
  if (!question.endpoint.empty()) {
    SW_TRY(const auto spec, parts_.endpoints.stored(question.endpoint));
    const serving::RouteSpec* most = nullptr;
    for (const auto& route : spec.routes) {
      if (route.shadow || route.model != question.model || route.weight <= 0) continue;
      if (most == nullptr || route.weight > most->weight) most = &route;
    }
    if (most == nullptr) return 0;
    alias = most->alias;
    out = parse_int(most->version).value_or(0);
  }
  if (!alias.empty()) {
    SW_TRY(const auto named, parts_.registry.by_alias(question.model, alias));
    if (named) out = named->version;
  }
  return out == version ? 0 : out;
}

Result<std::string> Gatekeeper::evaluation_text(const registry::Version& version) const {
  std::vector<std::string> roots;
  if (!version.run_id.empty()) {
    if (const auto run = parts_.tracking.runs().get(tracking::RunId{version.run_id})) {
      roots.push_back(run->artifact_root);
    }
  }
  roots.push_back(version.location);
  for (const auto& root : roots) {
    const auto key = tracking::Artifacts::key_of(root, kEvaluation);
    if (!key) continue;
    SW_TRY(const auto found, parts_.blobs.stat(*key));
    if (found && !found->folder) return parts_.blobs.get_all(*key, kEvaluationLimit);
  }
  return not_found("the version's run has no artifact evaluation.csv");
}

govern::Facts Gatekeeper::logged(const registry::Version& version) const {
  govern::Facts out;
  const auto lineage = parts_.registry.lineage(version);
  if (!lineage || lineage->metrics.empty()) return out;
  out.metrics = lineage->metrics;
  out.source = "other metrics as logged by run " + lineage->run_id;
  return out;
}

Result<govern::Decision> Gatekeeper::check(const GateQuestion& question) {
  SW_TRY(const auto policy, govern::parse_policy(question.policy, question.file));
  SW_TRY(const auto number, version_of(question));
  SW_TRY(const auto version, parts_.registry.version({question.model, number}));
  govern::Subject subject{.model = question.model, .version = number};
  SW_TRY(const auto champion, champion_of(question, number));
  if (champion != 0) subject.champion = champion;

  const auto text = evaluation_text(version);
  const auto table = text ? monitor::read_table(*text) : Result<monitor::Table>(text.error());
  const auto facts_of = [&](const registry::Version& about) {
    govern::Facts measured;
    if (table) {
      measured = measure(parts_.endpoints, parts_.clock, about.model, about.version, *table,
                         groups_in(policy));
    } else {
      measured.source = "not measured: " + table.error().message;
    }
    return merged(logged(about), std::move(measured));
  };
  subject.facts = facts_of(version);
  // The champion answers the same rows, so that both are judged on equal terms.
  if (champion != 0) {
    SW_TRY(const auto other, parts_.registry.version({question.model, champion}));
    subject.champion_facts = facts_of(other);
  }
  return parts_.govern.decide(policy, subject,
                              question.actor.empty() ? "anonymous" : question.actor);
}

}  // namespace slipway::app
