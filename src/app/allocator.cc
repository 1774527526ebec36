// SPDX-License-Identifier: Apache-2.0
#include "allocator.h"

#include <cmath>
#include <vector>

#include "base/log.h"
#include "base/text.h"
#include "monitor/monitor.h"
#include "rollout/allocation.h"
#include "rollout/rollouts.h"
#include "serving/endpoints.h"

namespace slipway::app {
namespace {

constexpr double kLeastChange = 1;  // percent; less is not worth a change

rollout::Arm arm_of(const std::vector<monitor::BusinessOfVersion>& seen,
                    const serving::RouteView& route, const std::string& event) {
  for (const auto& one : seen) {
    if (one.model != route.spec.model || one.version != route.version) continue;
    rollout::Arm out{.trials = one.predictions};
    for (const auto& sums : one.events) {
      if (sums.event == event) out.successes = sums.requests;
    }
    return out;
  }
  return {};
}

}  // namespace

Result<void> Allocator::tick() {
  for (const auto& view : endpoints_.list()) {
    SW_TRY(const auto watched, monitor_.settings(view.spec.name));
    if (!watched.allocation) continue;
    const auto now = clock_.monotonic_ns();
    auto& looked = looked_ns_[view.spec.name];
    if (looked != 0 && now - looked < watched.allocation->every_s * 1'000'000'000) continue;
    looked = now;
    SW_CHECK_OK(allocate(view, watched.allocation->event, watched.allocation->min_share));
  }
  return {};
}

Result<void> Allocator::allocate(const serving::EndpointView& view, const std::string& event,
                                 double least) {
  SW_TRY(const auto latest, rollouts_.list(view.spec.name, {.size = 1}));
  const bool moving = !latest.items.empty() && (latest.items[0].state == rollout::State::running ||
                                                latest.items[0].state == rollout::State::paused);
  if (moving || view.routes.size() != view.spec.routes.size()) return {};
  SW_TRY(const auto seen, monitor_.business(view.spec.name, {0}));
  std::vector<rollout::Arm> arms;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < view.routes.size(); ++i) {
    const auto& route = view.routes[i];
    if (route.spec.shadow || route.spec.weight <= 0 || !route.spec.header.empty()) continue;
    arms.push_back(arm_of(seen, route, event));
    places.push_back(i);
  }
  if (arms.size() < 2) return {};
  const auto shares = rollout::thompson_shares(arms, least, ++turn_);
  auto spec = view.spec;
  double total = 0;
  for (const auto place : places) total += spec.routes[place].weight;
  double change = 0;
  std::string told;
  for (std::size_t i = 0; i < places.size(); ++i) {
    auto& weight = spec.routes[places[i]].weight;
    change = std::max(change, std::abs(shares[i] - 100 * weight / total));
    weight = std::round(shares[i] * 100) / 100;
    told += (told.empty() ? "" : ", ") + view.routes[places[i]].version + ": " +
            number_text(weight) + " %";
  }
  if (change < kLeastChange) return {};
  SW_CHECK_OK(endpoints_.update(spec, {.name = "allocation", .kind = Principal::Kind::system}));
  log::info("endpoint.allocated", {{"endpoint", view.spec.name}, {"event", event}, {"to", told}});
  return {};
}

}  // namespace slipway::app
