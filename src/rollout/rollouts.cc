// SPDX-License-Identifier: Apache-2.0
#include "rollout/rollouts.h"

#include "base/log.h"
#include "base/text.h"
#include "impl.h"
#include "spec.h"
#include "store/database.h"

namespace slipway::rollout {
namespace {

using store::Connection;

bool is_moving(const Rollout& rollout) {
  return rollout.state == State::running || rollout.state == State::paused;
}

// The one version that answers now.
Result<std::int64_t> champion_of(const serving::EndpointView& view, const std::string& model) {
  std::optional<std::int64_t> found;
  for (const auto& route : view.routes) {
    if (route.spec.shadow || route.spec.weight <= 0) continue;
    const auto version = parse_int(route.version);
    if (route.spec.model != model || !version) {
      return precondition("endpoint '" + view.spec.name + "' answers with model '" +
                              route.spec.model + "', not '" + model + "'",
                          "roll out a version of the model that the endpoint serves");
    }
    if (found && *found != *version) {
      return precondition("endpoint '" + view.spec.name + "' divides its traffic already",
                          "give one version all the traffic first");
    }
    found = *version;
  }
  if (!found) return precondition("endpoint '" + view.spec.name + "' has no version that answers");
  return *found;
}

std::string with_reason(const std::string& what, const std::string& actor,
                        const std::string& reason) {
  return what + " by " + actor + (reason.empty() ? "" : ": " + reason);
}

}  // namespace

Rollouts::Rollouts(store::Database& db, serving::Endpoints& endpoints, registry::Registry& registry,
                   Evidence& evidence, EventSink& events, Clock& clock, Ids& ids, Options options)
    : impl_(new Impl{db,
                     endpoints,
                     registry,
                     evidence,
                     events,
                     clock,
                     ids,
                     std::move(options),
                     {},
                     {},
                     {},
                     {}}) {}

Rollouts::~Rollouts() = default;

void Rollouts::run() {
  impl_->worker = std::make_unique<Worker>("rollout", [this](const Worker::Sleep& sleep) {
    do {
      tick();
    } while (sleep(impl_->options.tick_ms));
  });
}

void Rollouts::stop() {
  impl_->worker.reset();
}

void Rollouts::tick() {
  const std::lock_guard lock(impl_->mutex);
  auto rows = impl_->db.read([](Connection& c) { return open_rows(c); });
  if (!rows) {
    log::warn("rollout.store_unreadable", {{"error", rows.error().message}});
    return;
  }
  for (auto& row : *rows) {
    auto done = row.phase == Phase::watch ? impl_->watch(row) : impl_->act(row);
    if (done) continue;
    const auto& r = row.rollout;
    log::warn("rollout.tick_failed",
              {{"rollout", r.id}, {"endpoint", r.endpoint}, {"error", done.error().message}});
    const bool gone = done.error().code == Code::not_found && !impl_->endpoints.get(r.endpoint);
    if (gone) {
      row.rollout.reason = "endpoint '" + r.endpoint + "' is gone";
      (void)impl_->finish(row, State::aborted, "rollout.aborted");
    } else if (row.phase == Phase::shift || row.phase == Phase::promote) {
      (void)impl_->begin(row, Phase::roll_back, "it cannot go on: " + done.error().message);
    }
  }
}

Result<Row> Rollouts::Impl::load(const std::string& id) const {
  SW_TRY(auto row, db.read([&](Connection& c) { return find(c, id); }));
  if (!row) {
    return not_found("rollout '" + id + "' not found", "`slipway rollout status` lists them");
  }
  return *std::move(row);
}

Result<Row> Rollouts::Impl::load_moving(const std::string& id) const {
  SW_TRY(auto row, load(id));
  if (!is_moving(row.rollout)) {
    return precondition("rollout '" + id + "' has ended: it is " +
                        std::string(name_of(row.rollout.state)));
  }
  return row;
}

Result<std::optional<Row>> Rollouts::Impl::moving_on(const std::string& endpoint) const {
  SW_TRY(auto rows, db.read([](Connection& c) { return open_rows(c); }));
  for (auto& row : rows) {
    if (row.rollout.endpoint == endpoint && is_moving(row.rollout)) return std::optional(row);
  }
  return std::optional<Row>();
}

Result<Rollout> Rollouts::start(const Spec& wanted, const std::string& actor) {
  SW_TRY(const auto spec, completed(wanted));
  const std::lock_guard lock(impl_->mutex);
  SW_TRY(const auto view, impl_->endpoints.get(spec.endpoint));
  const bool graph = spec.model == serving::graph_model_of(spec.endpoint);
  if (graph) {
    SW_CHECK_OK(impl_->endpoints.graph_text(spec.endpoint, std::to_string(spec.version)));
  } else {
    SW_CHECK_OK(impl_->registry.version({spec.model, spec.version}));
  }
  SW_TRY(const auto under_way, impl_->moving_on(spec.endpoint));
  if (under_way) {
    return precondition(
        "endpoint '" + spec.endpoint + "' has a rollout under way: " + under_way->rollout.id,
        "wait for it, or `slipway rollout abort " + under_way->rollout.id + "`");
  }
  SW_TRY(const auto champion, champion_of(view, spec.model));
  if (champion == spec.version) {
    return precondition("version " + std::to_string(champion) + " of model '" + spec.model +
                        "' answers on endpoint '" + spec.endpoint + "' already");
  }
  // Its end is a promotion, which a protected model takes only when it is approved.
  if (!graph) SW_CHECK_OK(impl_->registry.promotions().check({spec.model, spec.version}));
  const auto now = impl_->clock.now();
  Row row{.rollout = {.id = impl_->ids.sortable(),
                      .endpoint = spec.endpoint,
                      .model = spec.model,
                      .champion = champion,
                      .challenger = spec.version,
                      .started = now,
                      .step_started = now,
                      .actor = actor,
                      .reason = "step 1 of " + std::to_string(spec.steps.size()) + ": " +
                                share_text(spec.steps[0]),
                      .steps = spec.steps,
                      .tolerances = spec.tolerances,
                      .business = spec.business},
          .phase = Phase::shift,
          .routes = view.spec.routes};
  if (spec.steps[0].weight >= 100) row.alone_since = now;
  if (spec.steps[0].shadow == 0) row.counts.live_since = now;
  // What was before does not count.
  auto& at = impl_->watched[row.rollout.id];
  SW_TRY(at.last_champion, impl_->evidence.traffic(spec.endpoint, spec.model, champion));
  SW_TRY(at.last_challenger, impl_->evidence.traffic(spec.endpoint, spec.model, spec.version));
  SW_TRY(at.last_mirrored, impl_->evidence.mirrored(spec.endpoint, spec.model, spec.version));
  SW_CHECK_OK(impl_->db.write([&](Connection& c) { return insert(c, row); }));
  if (auto shifted = impl_->act(row); !shifted) {
    SW_CHECK_OK(impl_->begin(row, Phase::abort,
                             "the challenger cannot be loaded: " + shifted.error().message));
    return std::move(shifted.error());
  }
  return row.rollout;
}

Result<Rollout> Rollouts::get(const std::string& id) const {
  const std::lock_guard lock(impl_->mutex);
  SW_TRY(auto row, impl_->load(id));
  const auto at = impl_->watched.find(id);
  if (is_moving(row.rollout) && at != impl_->watched.end() && !at->second.note.empty()) {
    row.rollout.reason += "; " + at->second.note;
  }
  return std::move(row.rollout);
}

Result<std::vector<EvidenceItem>> Rollouts::evidence(const std::string& id) const {
  return impl_->db.read([&](Connection& c) { return evidence_of(c, id); });
}

Result<Page<Rollout>> Rollouts::list(const std::string& endpoint, const PageRequest& page) const {
  const auto limit = static_cast<std::int64_t>(page.size) + 1;
  SW_TRY(auto rows, impl_->db.read([&](Connection& c) {
    return of_endpoint(c, endpoint, page.token, limit);
  }));
  Page<Rollout> out;
  for (auto& row : rows) {
    if (out.items.size() == page.size) {
      out.next_token = out.items.empty() ? "" : out.items.back().id;
      break;
    }
    out.items.push_back(std::move(row.rollout));
  }
  return out;
}

Result<Rollout> Rollouts::pause(const std::string& id, const std::string& actor) {
  const std::lock_guard lock(impl_->mutex);
  SW_TRY(auto row, impl_->load_moving(id));
  row.rollout.state = State::paused;
  row.rollout.reason = "paused by " + actor;
  SW_CHECK_OK(impl_->db.write([&](Connection& c) { return update(c, row, {}); }));
  return std::move(row.rollout);
}

Result<Rollout> Rollouts::resume(const std::string& id, const std::string& actor) {
  const std::lock_guard lock(impl_->mutex);
  SW_TRY(auto row, impl_->load_moving(id));
  row.rollout.state = State::running;
  row.rollout.reason = "resumed by " + actor;
  SW_CHECK_OK(impl_->db.write([&](Connection& c) { return update(c, row, {}); }));
  return std::move(row.rollout);
}

Result<Rollout> Rollouts::abort(const std::string& id, const std::string& actor,
                                const std::string& reason) {
  const std::lock_guard lock(impl_->mutex);
  SW_TRY(auto row, impl_->load_moving(id));
  SW_CHECK_OK(impl_->begin(row, Phase::abort, with_reason("aborted", actor, reason)));
  return std::move(row.rollout);
}

Result<Reversion> Rollouts::roll_back(const std::string& endpoint, const std::string& actor,
                                      const std::string& reason) {
  const auto began = impl_->clock.monotonic_ns();
  const std::lock_guard lock(impl_->mutex);
  SW_CHECK_OK(impl_->endpoints.get(endpoint));
  SW_TRY(auto row, impl_->moving_on(endpoint));
  Reversion out;
  if (row) {
    SW_CHECK_OK(impl_->begin(*row, Phase::roll_back, with_reason("rolled back", actor, reason)));
    const auto& r = row->rollout;
    out = {.endpoint = endpoint, .model = r.model, .from = r.challenger, .to = r.champion};
  } else {
    SW_TRY(out, impl_->restore_previous(endpoint, actor, reason));
  }
  out.took_ms = static_cast<double>(impl_->clock.monotonic_ns() - began) / 1e6;
  return out;
}

}  // namespace slipway::rollout
