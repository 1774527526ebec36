// SPDX-License-Identifier: Apache-2.0
// What Endpoints keeps. Private to this room.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/pool.h"
#include "base/text.h"
#include "endpoints_sql.h"
#include "meter/meter.h"
#include "routing.h"
#include "serving/endpoints.h"
#include "version_cache.h"

namespace slipway::serving {

constexpr std::size_t kKeptRecords = 16;           // statistics of versions no longer routed to
constexpr std::int64_t kRetryNs = 30'000'000'000;  // a version that failed to load is left alone
constexpr std::string_view kUnloaded = "it was unloaded";
constexpr int kResolveEveryMs = 5000;  // in case a move of an alias was not told

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

inline Error no_endpoint(const std::string& name) {
  return not_found("there is no endpoint '" + name.substr(0, 200) + "'",
                   "`slipway endpoint list` shows the endpoints");
}

struct Endpoints::Impl {
  store::Database& db;
  std::unique_ptr<PackageSource> packages;
  EventSink& events;
  Clock& clock;
  meter::Registry& meters;
  Options options;
  PredictionLog log;
  VersionCache versions;
  RowScorer scorer;
  RequestGuard* guard = nullptr;

  mutable std::mutex mutex;
  Entries entries;
  std::multiset<std::string> creating;  // stored from here, about to be in entries; under mutex
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
        versions(*packages, std::move(backends), given.batch, given.memory_budget, time, registry) {
  }

  std::shared_ptr<EndpointState> state_of(const std::string& name) {
    auto out = std::make_shared<EndpointState>(name, log, clock);
    out->scorer = &scorer;
    out->guard = guard;
    return out;
  }

  std::shared_ptr<Entry> find(const std::string& name) const;

  std::vector<std::shared_ptr<Entry>> all() const;

  void publish(const char* type, const std::string& endpoint, const std::string& actor);

  std::shared_ptr<VersionRecord> record_of(Entry& entry, const std::string& model,
                                           const std::string& version);

  // Resolves and loads. With `lenient`, a lane that fails keeps its error and no version, or what
  // `old` had in its place.
  Result<std::shared_ptr<const Routing>> build(Entry& entry, const EndpointSpec& spec,
                                               const Routing* old, bool lenient);

  Result<Lane> make_lane(Entry& entry, const RouteSpec& spec);
  Result<Lane> make_graph_lane(Entry& entry, const RouteSpec& spec);
  // An alias in the lane's graph names another version now.
  bool has_moved(const Lane& lane);
  // A graph behind `from`, or behind an endpoint that it asks, asks `to`.
  bool reaches(const std::string& from, const std::string& to, int depth) const;
  // Endpoints that graphs ask come before those that ask them.
  static std::vector<StoredEndpoint> in_order(std::vector<StoredEndpoint> stored);

  Result<Target> pick(const std::string& endpoint, const std::string& version,
                      const Caller* caller) const;
  // A version of a model, or of an endpoint's graph.
  Result<std::shared_ptr<Servable>> open(const std::string& model, const std::string& version);

  void install(Entry& entry, const EndpointSpec& spec, std::shared_ptr<const Routing> routing,
               Timestamp updated);

  static void trim_records(Entry& entry);

  EndpointView view(const Entry& entry) const;

  // What changed, if anything: an alias that names another version, or a lane that had failed.
  bool is_stale(const Routing& routing);

  void note_failures(const Routing& routing);

  void refresh(Entry& entry);

  // Of one model, or of all when it is empty.
  void refresh(const std::string& model);

  void renew(const std::string& model, const std::string& version);

  // Where requests for a model go when nobody said: to its champion, else to its newest version.
  Result<RouteSpec> default_route(const std::string& model);

  // What other servers of the same store have changed. endpoints_sync.cc
  void sync();
  void sync_one(const StoredEndpoint& stored);
  void drop_gone(const std::string& name);

  void keep_house(const Worker::Sleep& sleep);
};

}  // namespace slipway::serving
