// SPDX-License-Identifier: Apache-2.0
#include "serving/endpoints.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "base/log.h"
#include "base/pool.h"
#include "base/text.h"
#include "endpoints_sql.h"
#include "meter/meter.h"
#include "routing.h"
#include "version_cache.h"

namespace slipway::serving {
namespace {

constexpr std::size_t kKeptRecords = 16;           // statistics of versions no longer routed to
constexpr std::int64_t kRetryNs = 30'000'000'000;  // a version that failed to load is left alone
constexpr int kResolveEveryMs = 5000;              // in case a move of an alias was not told

struct Entry {
  // Taken for the length of a change; before Impl::mutex, never after it.
  std::mutex change;
  EndpointSpec spec;
  Timestamp created;
  Timestamp updated;
  bool removed = false;
  std::shared_ptr<EndpointState> state;

  // Guarded by Impl::mutex, like `spec` and `updated` for readers.
  std::map<std::pair<std::string, std::string>, std::shared_ptr<VersionRecord>> records;
  std::shared_ptr<const Routing> routing;
};

using Entries = std::map<std::string, std::shared_ptr<Entry>>;

Error no_endpoint(const std::string& name) {
  return not_found("there is no endpoint '" + name.substr(0, 200) + "'",
                   "`slipway endpoint list` shows the endpoints");
}

}  // namespace

struct Endpoints::Impl {
  store::Database& db;
  std::unique_ptr<PackageSource> packages;
  EventSink& events;
  Clock& clock;
  meter::Registry& meters;
  Options options;
  PredictionLog log;
  VersionCache versions;

  mutable std::mutex mutex;
  Entries entries;
  std::map<std::pair<std::string, std::string>, std::int64_t> failed_at;  // under mutex

  std::unique_ptr<Worker> housekeeping;
  std::unique_ptr<Pool> loader;  // one thread: alias moves, in order

  Impl(store::Database& database, std::unique_ptr<PackageSource> source,
       std::vector<std::unique_ptr<ModelBackend>> backends, EventSink& sink, Clock& time,
       meter::Registry& registry, Options given)
      : db(database),
        packages(std::move(source)),
        events(sink),
        clock(time),
        meters(registry),
        options(given),
        log(given.prediction_capacity, registry),
        versions(*packages, std::move(backends), given.batch, time, registry) {}

  std::shared_ptr<Entry> find(const std::string& name) const {
    const std::scoped_lock lock(mutex);
    const auto found = entries.find(name);
    return found == entries.end() ? nullptr : found->second;
  }

  std::vector<std::shared_ptr<Entry>> all() const {
    const std::scoped_lock lock(mutex);
    std::vector<std::shared_ptr<Entry>> out;
    out.reserve(entries.size());
    for (const auto& [name, entry] : entries) out.push_back(entry);
    return out;
  }

  void publish(const char* type, const std::string& endpoint, const std::string& actor) {
    std::string data = "{\"endpoint\":";
    append_json_string(data, endpoint);
    data += '}';
    events.publish({.type = type,
                    .subject = endpoint,
                    .actor = actor,
                    .at = clock.now(),
                    .data = std::move(data)});
  }

  std::shared_ptr<VersionRecord> record_of(Entry& entry, const std::string& model,
                                           const std::string& version) {
    const std::scoped_lock lock(mutex);
    auto& record = entry.records[{model, version}];
    if (record == nullptr) {
      record = std::make_shared<VersionRecord>(entry.spec.name, model, version, meters);
    }
    return record;
  }

  // Resolves and loads. With `lenient`, a lane that fails keeps its error and no version, or what
  // `old` had in its place.
  Result<std::shared_ptr<const Routing>> build(Entry& entry, const EndpointSpec& spec,
                                               const Routing* old, bool lenient) {
    auto routing = std::make_shared<Routing>();
    routing->endpoint = entry.state;
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

  Result<Lane> make_lane(Entry& entry, const RouteSpec& spec) {
    Lane lane{.spec = spec, .version = spec.version};
    if (!spec.alias.empty()) {
      SW_TRY(lane.version, packages->resolve(spec.model, spec.alias));
    }
    SW_TRY(lane.servable, versions.get(spec.model, lane.version));
    lane.record = record_of(entry, spec.model, lane.version);
    return lane;
  }

  void install(Entry& entry, const EndpointSpec& spec, std::shared_ptr<const Routing> routing,
               Timestamp updated) {
    entry.state->sample_rate = spec.sample_rate;
    entry.state->timeout_ms = spec.timeout_ms;
    const std::scoped_lock lock(mutex);
    entry.spec = spec;
    entry.updated = updated;
    entry.routing.swap(routing);  // the old one dies with `routing`, after the lock
    trim_records(entry);
  }

  static void trim_records(Entry& entry) {
    for (auto it = entry.records.begin();
         it != entry.records.end() && entry.records.size() > kKeptRecords;) {
      const bool used = std::any_of(entry.routing->lanes.begin(), entry.routing->lanes.end(),
                                    [&](const Lane& lane) { return lane.record == it->second; });
      it = used ? std::next(it) : entry.records.erase(it);
    }
  }

  EndpointView view(const Entry& entry) const {
    const std::scoped_lock lock(mutex);
    EndpointView out{.spec = entry.spec, .created = entry.created, .updated = entry.updated};
    for (const auto& lane : entry.routing->lanes) {
      out.routes.push_back(
          {.spec = lane.spec,
           .version = lane.version,
           .state = lane.servable != nullptr ? RouteState::ready : RouteState::failed,
           .error = lane.error});
    }
    const auto now = clock.monotonic_ns();
    for (const auto& [key, record] : entry.records) out.stats.push_back(record->stats(now));
    return out;
  }

  // What changed, if anything: an alias that names another version, or a lane that had failed.
  bool is_stale(const Routing& routing) {
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
      if (version == lane.version && lane.servable != nullptr && lane.error.empty()) continue;
      const std::scoped_lock lock(mutex);
      const auto failed = failed_at.find({lane.spec.model, version});
      if (failed == failed_at.end() || clock.monotonic_ns() - failed->second > kRetryNs) {
        return true;
      }
    }
    return false;
  }

  void note_failures(const Routing& routing) {
    for (const auto& lane : routing.lanes) {
      if (lane.error.empty()) continue;
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

  void refresh(Entry& entry) {
    const std::scoped_lock change(entry.change);
    if (entry.removed || !is_stale(*entry.routing)) return;
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

  // Of one model, or of all when it is empty.
  void refresh(const std::string& model) {
    for (const auto& entry : all()) {
      const bool follows = [&] {
        const std::scoped_lock lock(mutex);
        return model.empty() ||
               std::any_of(entry->spec.routes.begin(), entry->spec.routes.end(),
                           [&](const RouteSpec& route) { return route.model == model; });
      }();
      if (follows) refresh(*entry);
    }
  }

  void keep_house(const Worker::Sleep& sleep) {
    int since_resolve = 0;
    while (sleep(options.housekeeping_ms)) {
      versions.collect();
      since_resolve += options.housekeeping_ms;
      if (since_resolve >= kResolveEveryMs) {
        since_resolve = 0;
        refresh(std::string());
      }
    }
  }
};

Endpoints::Endpoints(store::Database& db, std::unique_ptr<PackageSource> packages,
                     std::vector<std::unique_ptr<ModelBackend>> backends, EventSink& events,
                     Clock& clock, meter::Registry& meters, Options options)
    : impl_(std::make_unique<Impl>(db, std::move(packages), std::move(backends), events, clock,
                                   meters, options)) {
  impl_->loader = std::make_unique<Pool>("model-load", 1, 1024);
  impl_->housekeeping = std::make_unique<Worker>(
      "serving-house",
      [impl = impl_.get()](const Worker::Sleep& sleep) { impl->keep_house(sleep); });
}

Endpoints::~Endpoints() {
  impl_->housekeeping.reset();
  impl_->loader.reset();
  Entries entries;
  {
    const std::scoped_lock lock(impl_->mutex);
    entries.swap(impl_->entries);
  }
  entries.clear();  // the cache then waits for requests under way
}

Result<void> Endpoints::restore() {
  SW_TRY(const auto stored, load_endpoints(impl_->db));
  for (const auto& endpoint : stored) {
    auto entry = std::make_shared<Entry>();
    entry->spec = endpoint.spec;
    entry->created = endpoint.created;
    entry->updated = endpoint.updated;
    entry->state = std::make_shared<EndpointState>(endpoint.spec.name, impl_->log, impl_->clock);
    SW_TRY(auto routing, impl_->build(*entry, entry->spec, nullptr, true));
    impl_->note_failures(*routing);
    impl_->install(*entry, entry->spec, std::move(routing), endpoint.updated);
    const std::scoped_lock lock(impl_->mutex);
    impl_->entries.emplace(endpoint.spec.name, std::move(entry));
  }
  return {};
}

Result<EndpointView> Endpoints::create(const EndpointSpec& spec, const Principal& who) {
  SW_CHECK_OK(validate(spec));
  const auto taken = [&] {
    return already_exists("there is an endpoint '" + spec.name + "' already",
                          "change it with PUT /api/v1/endpoints/" + spec.name);
  };
  if (impl_->find(spec.name) != nullptr) return taken();
  const auto now = impl_->clock.now();
  auto entry = std::make_shared<Entry>();
  entry->spec = spec;
  entry->created = now;
  entry->state = std::make_shared<EndpointState>(spec.name, impl_->log, impl_->clock);
  SW_TRY(auto routing, impl_->build(*entry, spec, nullptr, false));
  auto inserted = insert_endpoint(impl_->db, {spec, now, now});
  if (!inserted) {
    if (inserted.error().code == Code::already_exists) return taken();
    return std::move(inserted.error());
  }
  impl_->install(*entry, spec, std::move(routing), now);
  {
    const std::scoped_lock lock(impl_->mutex);
    impl_->entries[spec.name] = entry;
  }
  impl_->publish("endpoint.created", spec.name, who.name);
  return impl_->view(*entry);
}

Result<EndpointView> Endpoints::update(const EndpointSpec& spec, const Principal& who) {
  SW_CHECK_OK(validate(spec));
  const auto entry = impl_->find(spec.name);
  if (entry == nullptr) return no_endpoint(spec.name);
  const std::scoped_lock change(entry->change);
  if (entry->removed) return no_endpoint(spec.name);
  SW_TRY(auto routing, impl_->build(*entry, spec, nullptr, false));
  const auto now = impl_->clock.now();
  SW_CHECK_OK(replace_endpoint(impl_->db, spec, now));
  impl_->install(*entry, spec, std::move(routing), now);
  impl_->publish("endpoint.changed", spec.name, who.name);
  return impl_->view(*entry);
}

Result<std::vector<EndpointPast>> Endpoints::past(const std::string& name) const {
  return load_past(impl_->db, name);
}

Result<void> Endpoints::remove(const std::string& name, const Principal& who) {
  const auto entry = impl_->find(name);
  if (entry == nullptr) return no_endpoint(name);
  {
    const std::scoped_lock change(entry->change);
    if (entry->removed) return no_endpoint(name);
    SW_CHECK_OK(delete_endpoint(impl_->db, name, impl_->clock.now()));
    entry->removed = true;
    const std::scoped_lock lock(impl_->mutex);
    impl_->entries.erase(name);
  }
  impl_->log.forget(name);
  impl_->publish("endpoint.deleted", name, who.name);
  return {};
}

Result<EndpointView> Endpoints::get(const std::string& name) const {
  const auto entry = impl_->find(name);
  if (entry == nullptr) return no_endpoint(name);
  return impl_->view(*entry);
}

Result<EndpointSpec> Endpoints::stored(const std::string& name) const {
  SW_TRY(auto all, load_endpoints(impl_->db));
  for (auto& endpoint : all) {
    if (endpoint.spec.name == name) return std::move(endpoint.spec);
  }
  return no_endpoint(name);
}

std::vector<EndpointView> Endpoints::list() const {
  std::vector<EndpointView> out;
  for (const auto& entry : impl_->all()) out.push_back(impl_->view(*entry));
  return out;
}

Result<void> Endpoints::set_sample_rate(const std::string& name, double rate) {
  const auto entry = impl_->find(name);
  if (entry == nullptr) return no_endpoint(name);
  const std::scoped_lock change(entry->change);
  if (entry->removed) return no_endpoint(name);
  auto spec = entry->spec;
  spec.sample_rate = rate;
  SW_CHECK_OK(validate(spec));
  SW_CHECK_OK(replace_endpoint(impl_->db, spec, entry->updated));
  entry->state->sample_rate = rate;
  const std::scoped_lock lock(impl_->mutex);
  entry->spec.sample_rate = rate;
  return {};
}

void Endpoints::refresh(const std::string& model) {
  const bool posted = impl_->loader->post([impl = impl_.get(), model] { impl->refresh(model); });
  if (!posted) log::warn("serving.refresh_delayed", {{"model", model}});  // housekeeping will
}

void Endpoints::refresh_now(const std::string& model) {
  impl_->refresh(model);
}

Result<Target> Endpoints::pick(const std::string& endpoint, const std::string& version) const {
  std::shared_ptr<const Routing> routing;
  {
    const std::scoped_lock lock(impl_->mutex);
    const auto found = impl_->entries.find(endpoint);
    if (found != impl_->entries.end()) routing = found->second->routing;
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
  const Lane* lane = routing->pick(share_of_turn(turn));
  if (lane == nullptr) {
    return unavailable("endpoint '" + endpoint +
                           "' has no version that could be loaded: " + routing->lanes.front().error,
                       "point it at another version");
  }
  return Target(std::move(routing), *lane);
}

Result<Target> Endpoints::open(const std::string& model, const std::string& version) {
  SW_TRY(auto servable, impl_->versions.get(model, version));
  auto routing = std::make_shared<Routing>();
  routing->endpoint = std::make_shared<EndpointState>("", impl_->log, impl_->clock);
  routing->lanes.push_back({.spec = {.model = model, .version = version},
                            .version = version,
                            .servable = std::move(servable)});
  const Lane& lane = routing->lanes.front();
  return Target(std::move(routing), lane);
}

PredictionLog& Endpoints::predictions() {
  return impl_->log;
}

}  // namespace slipway::serving
