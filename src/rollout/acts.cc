// SPDX-License-Identifier: Apache-2.0
// What a rollout does to the endpoint and the registry. Each act may be repeated.
#include "base/log.h"
#include "base/text.h"
#include "impl.h"
#include "store/database.h"

namespace slipway::rollout {
namespace {

constexpr auto kActor = "rollout";

// A shadow that somebody gave this very version.
bool is_own_shadow(const serving::RouteSpec& route, const std::string& model,
                   std::int64_t version) {
  return route.shadow && route.model == model && route.version == std::to_string(version);
}

}  // namespace

Result<serving::RouteSpec> Rollouts::Impl::route_to(const Row& row, std::int64_t version) const {
  serving::RouteSpec out{.model = row.rollout.model, .version = std::to_string(version)};
  if (is_graph(row.rollout)) {
    SW_TRY(out.graph, endpoints.graph_text(row.rollout.endpoint, out.version));
  }
  return out;
}

// Champion and challenger by number, so that nothing moves but by our hand; shadows and rules stay.
Result<std::vector<serving::RouteSpec>> Rollouts::Impl::shared_routes(const Row& row) const {
  const auto& r = row.rollout;
  const auto& step = step_of(r);
  std::vector<serving::RouteSpec> out;
  SW_TRY(auto champion, route_to(row, r.champion));
  champion.weight = 100 - step.weight;
  SW_TRY(auto challenger, route_to(row, r.challenger));
  challenger.weight = step.shadow > 0 ? step.shadow : step.weight;
  challenger.shadow = step.shadow > 0;
  out.push_back(std::move(champion));
  out.push_back(std::move(challenger));
  for (const auto& route : row.routes) {
    const bool by_rule = !route.header.empty() && route.weight <= 0;
    if (is_own_shadow(route, r.model, r.challenger)) continue;  // ours takes its place
    if (route.shadow || by_rule) out.push_back(route);
  }
  return out;
}

// The endpoint's own routes, with `version` where the champion was named by number.
Result<std::vector<serving::RouteSpec>> Rollouts::Impl::routes_with(const Row& row,
                                                                    std::int64_t version) const {
  SW_TRY(const auto wanted, route_to(row, version));
  std::vector<serving::RouteSpec> out;
  for (auto route : row.routes) {
    if (is_own_shadow(route, row.rollout.model, version)) continue;  // it answers itself now
    const bool named = !route.shadow && route.model == row.rollout.model && route.alias.empty();
    // Whoever asks for a version by a rule keeps it; one that only waited for traffic has it now.
    if (named && route.weight <= 0 && route.header.empty()) continue;
    if (named && route.weight > 0) {
      route.version = wanted.version;
      route.graph = wanted.graph;
    }
    out.push_back(std::move(route));
  }
  return out;
}

Result<void> Rollouts::Impl::set_routes(const Row& row,
                                        const std::vector<serving::RouteSpec>& routes) {
  SW_TRY(const auto view, endpoints.get(row.rollout.endpoint));
  auto spec = view.spec;
  spec.routes = routes;
  SW_CHECK_OK(endpoints.update(spec, {.name = kActor, .kind = Principal::Kind::system}));
  return {};
}

Result<void> Rollouts::Impl::make_champion(const Row& row, std::int64_t version,
                                           const std::string& reason) {
  const auto& model = row.rollout.model;
  SW_TRY(const auto routes, routes_with(row, version));
  if (is_graph(row.rollout)) return set_routes(row, routes);  // no version of the registry
  // Asked at the start; and the way back is always open.
  const registry::By by{kActor, reason, true};
  SW_CHECK_OK(registry.promote({model, version}, by));
  // An endpoint may follow an alias of another name.
  for (const auto& route : row.routes) {
    if (route.shadow || route.model != model || route.alias.empty()) continue;
    if (route.alias == registry::kChampion || equal_ignoring_case(route.alias, "latest")) continue;
    SW_CHECK_OK(registry.set_alias(model, route.alias, version, by));
  }
  return set_routes(row, routes);
}

Result<void> Rollouts::Impl::keep_and_tell(const Row& row, const std::string& event) {
  const auto& r = row.rollout;
  const bool mirrored = row.phase == Phase::watch && is_shadow(r);
  const auto to = mirrored ? "shadow" : number_text(r.weight) + " %";
  SW_CHECK_OK(db.write([&](store::Connection& c) -> Result<void> {
    SW_CHECK_OK(registry.history().note(c, {.actor = r.actor.empty() ? kActor : r.actor,
                                            .action = event,
                                            .model = r.model,
                                            .version = r.challenger,
                                            .from = "champion=" + std::to_string(r.champion),
                                            .to = to,
                                            .reason = r.reason}));
    return update(c, row, {});
  }));
  std::string data = "{\"id\":";
  append_json_string(data, r.id);
  data += ",\"model\":";
  append_json_string(data, r.model);
  data += ",\"champion\":" + std::to_string(r.champion) +
          ",\"challenger\":" + std::to_string(r.challenger) +
          ",\"weight\":" + number_text(r.weight) + ",\"reason\":";
  append_json_string(data, r.reason);
  events.publish({.type = event,
                  .subject = r.endpoint,
                  .actor = kActor,
                  .at = clock.now(),
                  .data = data + "}"});
  log::info("rollout.moved", {{"event", event},
                              {"rollout", r.id},
                              {"endpoint", r.endpoint},
                              {"weight", r.weight},
                              {"reason", r.reason}});
  return {};
}

Result<void> Rollouts::Impl::finish(Row& row, State state, const std::string& event) {
  row.rollout.state = state;
  row.rollout.weight = state == State::promoted ? 100 : 0;
  row.phase = Phase::done;
  row.rollout.ended = clock.now();
  SW_CHECK_OK(keep_and_tell(row, event));
  watched.erase(row.rollout.id);
  return {};
}

Result<void> Rollouts::Impl::begin(Row& row, Phase phase, const std::string& reason,
                                   const std::vector<EvidenceItem>& found, const Decided* decided) {
  row.phase = phase;
  row.rollout.reason = reason;
  SW_CHECK_OK(db.write([&](store::Connection& c) -> Result<void> {
    if (decided != nullptr) SW_CHECK_OK(put_decision(c, row, *decided, clock.now()));
    return update(c, row, found);
  }));
  return act(row);
}

Result<void> Rollouts::Impl::act(Row& row) {
  auto& r = row.rollout;
  switch (row.phase) {
    case Phase::watch:
    case Phase::done:
      return {};
    case Phase::shift: {
      SW_TRY(const auto routes, shared_routes(row));
      SW_CHECK_OK(set_routes(row, routes));
      r.weight = step_of(r).weight;
      row.phase = Phase::watch;
      return keep_and_tell(row, r.step == 0 ? "rollout.started" : "rollout.step");
    }
    case Phase::promote:
      if (auto old = endpoints.open(r.model, std::to_string(r.champion))) {
        warm[r.endpoint] = std::make_shared<serving::Target>(*std::move(old));
      }
      SW_CHECK_OK(make_champion(row, r.challenger, r.reason));
      return finish(row, State::promoted, "rollout.promoted");
    case Phase::roll_back:
    case Phase::abort: {
      SW_CHECK_OK(set_routes(row, row.routes));
      const bool gave_up = row.phase == Phase::abort;
      return finish(row, gave_up ? State::aborted : State::rolled_back,
                    gave_up ? "rollout.aborted" : "rollout.rolled_back");
    }
    case Phase::revert:
      SW_CHECK_OK(make_champion(row, r.champion, r.reason));
      return finish(row, State::rolled_back, "rollout.rolled_back");
  }
  return {};
}

}  // namespace slipway::rollout
