// SPDX-License-Identifier: Apache-2.0
// Back to the champion before the present one.
#include "base/text.h"
#include "impl.h"
#include "store/database.h"

namespace slipway::rollout {
namespace {

using store::Connection;

struct Present {
  std::string model;
  std::int64_t version = 0;
};

Result<Present> present_of(const serving::EndpointView& view) {
  for (const auto& route : view.routes) {
    const auto version = parse_int(route.version);
    if (!route.spec.shadow && route.spec.weight > 0 && version) {
      return Present{route.spec.model, *version};
    }
  }
  return precondition("endpoint '" + view.spec.name + "' has no version that answers");
}

// Which version was champion before, by the history of the alias.
std::int64_t previous_in(const std::vector<registry::Change>& changes, std::int64_t present) {
  const std::string now = "champion=" + std::to_string(present);
  for (const auto& change : changes) {
    if (change.action != "alias.set" || change.to != now) continue;
    if (!change.from.starts_with("champion=")) return 0;
    return parse_int(std::string_view(change.from).substr(9)).value_or(0);
  }
  return 0;
}

}  // namespace

Result<Reversion> Rollouts::Impl::restore_previous(const std::string& endpoint,
                                                   const std::string& actor,
                                                   const std::string& reason) {
  SW_TRY(const auto view, endpoints.get(endpoint));
  SW_TRY(const auto present, present_of(view));
  const std::string why = "rolled back by " + actor + (reason.empty() ? "" : ": " + reason);
  SW_TRY(auto rows, db.read([&](Connection& c) { return of_endpoint(c, endpoint, "", 100); }));
  for (auto& row : rows) {
    const auto& r = row.rollout;
    if (r.state != State::promoted || r.challenger != present.version || r.model != present.model) {
      continue;
    }
    SW_CHECK_OK(begin(row, Phase::revert, why));
    return Reversion{
        .endpoint = endpoint, .model = r.model, .from = r.challenger, .to = r.champion};
  }
  SW_TRY(const auto history, registry.history().of(present.model, 0, {.size = 1'000, .token = {}}));
  const auto previous = previous_in(history.items, present.version);
  if (previous == 0) {
    return precondition("endpoint '" + endpoint + "' has no champion before version " +
                            std::to_string(present.version),
                        "set the version by `slipway endpoint update`");
  }
  // No rollout led here: a row of its own makes the way back as durable as any other.
  const auto now = clock.now();
  Row row{.rollout = {.id = ids.sortable(),
                      .endpoint = endpoint,
                      .model = present.model,
                      .champion = previous,
                      .challenger = present.version,
                      .state = State::promoted,
                      .started = now,
                      .step_started = now,
                      .actor = actor,
                      .reason = why,
                      .steps = {{.weight = 100}}},
          .phase = Phase::revert,
          .routes = view.spec.routes};
  SW_CHECK_OK(db.write([&](Connection& c) { return insert(c, row); }));
  if (auto done = act(row); !done) {
    row.phase = Phase::done;
    row.rollout.reason = "the way back failed: " + done.error().message;
    (void)db.write([&](Connection& c) { return update(c, row, {}); });
    return std::move(done.error());
  }
  return Reversion{
      .endpoint = endpoint, .model = present.model, .from = present.version, .to = previous};
}

}  // namespace slipway::rollout
