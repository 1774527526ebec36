// SPDX-License-Identifier: Apache-2.0
#include "endpoints_impl.h"

#include <iterator>

#include "free_memory.h"

namespace slipway::serving {

std::shared_ptr<Entry> Endpoints::Impl::find(const std::string& name) const {
  const std::scoped_lock lock(mutex);
  const auto found = entries.find(name);
  return found == entries.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<Entry>> Endpoints::Impl::all() const {
  const std::scoped_lock lock(mutex);
  std::vector<std::shared_ptr<Entry>> out;
  out.reserve(entries.size());
  for (const auto& [name, entry] : entries) out.push_back(entry);
  return out;
}

void Endpoints::Impl::publish(const char* type, const std::string& endpoint,
                              const std::string& actor) {
  std::string data = "{\"endpoint\":";
  append_json_string(data, endpoint);
  data += '}';
  events.publish({.type = type,
                  .subject = endpoint,
                  .actor = actor,
                  .at = clock.now(),
                  .data = std::move(data)});
}

std::shared_ptr<VersionRecord> Endpoints::Impl::record_of(Entry& entry, const std::string& model,
                                                          const std::string& version) {
  const std::scoped_lock lock(mutex);
  auto& record = entry.records[{model, version}];
  if (record == nullptr) {
    record = std::make_shared<VersionRecord>(entry.spec.name, model, version, meters);
  }
  return record;
}

Result<std::shared_ptr<const Routing>> Endpoints::Impl::build(Entry& entry,
                                                              const EndpointSpec& spec,
                                                              const Routing* old, bool lenient) {
  auto routing = std::make_shared<Routing>();
  routing->endpoint = entry.state;
  routing->sticky = spec.sticky;
  for (const auto& route : spec.routes) routing->has_rules |= !route.header.empty();
  if (spec.paused) {
    for (const auto& route : spec.routes) {
      routing->lanes.push_back(
          {.spec = route, .version = route.version, .error = std::string(kUnloaded)});
    }
    return std::shared_ptr<const Routing>(std::move(routing));
  }
  for (std::size_t i = 0; i < spec.routes.size(); ++i) {
    auto lane = make_lane(entry, spec.routes[i]);
    if (!lane) {
      if (!lenient) return std::move(lane.error());
      Lane kept =
          old != nullptr && i < old->lanes.size() ? old->lanes[i] : Lane{.spec = spec.routes[i]};
      kept.error = lane.error().message;
      routing->lanes.push_back(std::move(kept));
      continue;
    }
    routing->lanes.push_back(*std::move(lane));
  }
  return std::shared_ptr<const Routing>(std::move(routing));
}

Result<Lane> Endpoints::Impl::make_lane(Entry& entry, const RouteSpec& spec) {
  if (!spec.graph.empty()) return make_graph_lane(entry, spec);
  Lane lane{.spec = spec, .version = spec.version};
  if (!spec.alias.empty()) {
    SW_TRY(lane.version, packages->resolve(spec.model, spec.alias));
  }
  SW_TRY(lane.servable, versions.get(spec.model, lane.version));
  lane.record = record_of(entry, spec.model, lane.version);
  return lane;
}

void Endpoints::Impl::install(Entry& entry, const EndpointSpec& spec,
                              std::shared_ptr<const Routing> routing, Timestamp updated) {
  entry.state->sample_rate = spec.sample_rate;
  entry.state->timeout_ms = spec.timeout_ms;
  entry.state->cache.resize(static_cast<std::size_t>(spec.cache_bytes));
  const std::scoped_lock lock(mutex);
  entry.spec = spec;
  entry.updated = updated;
  entry.routing.swap(routing);  // the old one dies with `routing`, after the lock
  trim_records(entry);
}

void Endpoints::Impl::trim_records(Entry& entry) {
  for (auto it = entry.records.begin();
       it != entry.records.end() && entry.records.size() > kKeptRecords;) {
    const bool used = std::any_of(entry.routing->lanes.begin(), entry.routing->lanes.end(),
                                  [&](const Lane& lane) { return lane.record == it->second; });
    it = used ? std::next(it) : entry.records.erase(it);
  }
}

EndpointView Endpoints::Impl::view(const Entry& entry) const {
  const std::scoped_lock lock(mutex);
  EndpointView out{.spec = entry.spec, .created = entry.created, .updated = entry.updated};
  for (const auto& lane : entry.routing->lanes) {
    RouteView route{.spec = lane.spec,
                    .version = lane.version,
                    .state = lane.servable != nullptr ? RouteState::ready : RouteState::failed,
                    .error = lane.error};
    if (lane.servable != nullptr) {
      route.loaded = lane.servable->is_awake();
      route.memory_bytes = versions.bytes_of(*lane.servable);
    }
    out.routes.push_back(std::move(route));
  }
  const auto now = clock.monotonic_ns();
  for (const auto& [key, record] : entry.records) out.stats.push_back(record->stats(now));
  return out;
}

bool Endpoints::Impl::is_stale(const Routing& routing) {
  for (const auto& lane : routing.lanes) {
    std::string version = lane.spec.version;
    if (!lane.spec.alias.empty()) {
      auto resolved = packages->resolve(lane.spec.model, lane.spec.alias);
      if (!resolved) {
        if (lane.servable == nullptr || !lane.error.empty()) continue;
        return true;  // to show the error
      }
      version = *std::move(resolved);
    }
    const bool current = version == lane.version && lane.servable != nullptr &&
                         lane.error.empty() && versions.is_current(*lane.servable);
    if (current && !has_moved(lane)) continue;
    const std::scoped_lock lock(mutex);
    const auto failed = failed_at.find({lane.spec.model, version});
    if (failed == failed_at.end() || clock.monotonic_ns() - failed->second > kRetryNs) {
      return true;
    }
  }
  return false;
}

void Endpoints::Impl::note_failures(const Routing& routing) {
  for (const auto& lane : routing.lanes) {
    if (lane.error.empty() || lane.error == kUnloaded) continue;
    auto version = lane.spec.alias.empty() ? Result<std::string>(lane.spec.version)
                                           : packages->resolve(lane.spec.model, lane.spec.alias);
    log::error("serving.version_not_loaded", {{"endpoint", routing.endpoint->name},
                                              {"model", lane.spec.model},
                                              {"version", version.value_or("")},
                                              {"serving", lane.version},
                                              {"why", lane.error}});
    const std::scoped_lock lock(mutex);
    if (failed_at.size() > 10'000) failed_at.clear();
    failed_at[{lane.spec.model, version.value_or("")}] = clock.monotonic_ns();
  }
}

void Endpoints::Impl::refresh(Entry& entry) {
  const std::scoped_lock change(entry.change);
  if (entry.removed || entry.spec.paused || !is_stale(*entry.routing)) return;
  auto built = build(entry, entry.spec, entry.routing.get(), true);
  if (!built) return;  // lenient: cannot be
  note_failures(**built);
  const auto moved = [&] {
    for (std::size_t i = 0; i < (*built)->lanes.size(); ++i) {
      if ((*built)->lanes[i].version != entry.routing->lanes[i].version) return true;
    }
    return false;
  }();
  install(entry, entry.spec, *std::move(built), moved ? clock.now() : entry.updated);
  if (moved) publish("endpoint.changed", entry.spec.name, "system");
}

void Endpoints::Impl::refresh(const std::string& model) {
  for (const auto& entry : all()) {
    const bool follows = [&] {
      const std::scoped_lock lock(mutex);
      return model.empty() || std::any_of(entry->spec.routes.begin(), entry->spec.routes.end(),
                                          [&](const RouteSpec& route) {
                                            return route.model == model || !route.graph.empty();
                                          });
    }();
    if (follows) refresh(*entry);
  }
}

void Endpoints::Impl::renew(const std::string& model, const std::string& version) {
  const auto renewed = versions.renew(model, version);
  if (!renewed) {
    log::warn("serving.not_renewed",
              {{"model", model}, {"version", version}, {"why", renewed.error().message}});
  }
  if (!renewed || !*renewed) return;
  const auto uses = [&](const Lane& lane) {
    const bool part = std::any_of(lane.parts.begin(), lane.parts.end(), [&](const auto& each) {
      return each.model == model && each.version == version;
    });
    return part || (lane.spec.model == model && lane.version == version);
  };
  for (const auto& entry : all()) {
    const std::scoped_lock change(entry->change);
    const auto& lanes = entry->routing->lanes;
    if (entry->removed || entry->spec.paused || std::none_of(lanes.begin(), lanes.end(), uses)) {
      continue;
    }
    auto built = build(*entry, entry->spec, entry->routing.get(), true);
    if (built) install(*entry, entry->spec, *std::move(built), entry->updated);
  }
}

Result<Target> Endpoints::Impl::pick(const std::string& endpoint, const std::string& version,
                                     const Caller* caller) const {
  std::shared_ptr<const Routing> routing;
  {
    const std::scoped_lock lock(mutex);
    const auto found = entries.find(endpoint);
    if (found != entries.end()) routing = found->second->routing;
  }
  if (routing == nullptr) return no_endpoint(endpoint);
  if (!version.empty()) {
    const Lane* lane = routing->find(version);
    if (lane == nullptr) {
      return not_found("endpoint '" + endpoint + "' has no version '" + version.substr(0, 50) + "'",
                       "its versions are in /v2/models/" + endpoint);
    }
    return Target(std::move(routing), *lane);
  }
  const auto turn = routing->endpoint->picks.fetch_add(1, std::memory_order_relaxed);
  const Lane* lane = routing->pick(turn, caller);
  if (lane == nullptr) {
    return unavailable("endpoint '" + endpoint +
                           "' has no version that could be loaded: " + routing->lanes.front().error,
                       "point it at another version");
  }
  return Target(std::move(routing), *lane);
}

Result<RouteSpec> Endpoints::Impl::default_route(const std::string& model) {
  if (packages->resolve(model, "champion")) return RouteSpec{.model = model, .alias = "champion"};
  SW_TRY(auto version, packages->newest(model));
  return RouteSpec{.model = model, .version = std::move(version)};
}

void Endpoints::Impl::keep_house(const Worker::Sleep& sleep) {
  int since_resolve = 0;
  FreeMemory memory;
  while (sleep(options.housekeeping_ms)) {
    versions.collect();
    versions.look();
    versions.drop_idle();
    memory.look(clock.monotonic_ns());
    for (const auto& entry : all()) entry->state->sequences.sweep(clock.monotonic_ns());
    if (db.dialect() == store::Dialect::postgres) sync();
    since_resolve += options.housekeeping_ms;
    if (since_resolve >= kResolveEveryMs) {
      since_resolve = 0;
      refresh(std::string());
    }
  }
}

}  // namespace slipway::serving
