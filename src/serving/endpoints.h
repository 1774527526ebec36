// SPDX-License-Identifier: Apache-2.0
// Endpoints: addresses that answer predictions, and the versions behind them.
//
// Endpoints are durable and come back with `restore`. A change loads and warms the versions that it
// needs before the first request goes to them, and is then seen whole by the next request; requests
// under way end on the version that they began with. What cannot be loaded changes nothing.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/event.h"
#include "domain/types.h"
#include "serving/backend.h"
#include "serving/batcher.h"
#include "serving/endpoint.h"
#include "serving/packages.h"
#include "serving/prediction.h"
#include "serving/target.h"

namespace slipway::store {
class Database;
}

namespace slipway::serving {

struct Options {
  BatchOptions batch;
  std::size_t prediction_capacity = 16'384;  // requests recorded and not yet drained
  int housekeeping_ms = 1000;                // how often unused versions are unloaded
  // Bytes that the loaded models may take together; above it those that were not used for longest
  // are freed, and loaded again by the next request that wants them. 0: no bound.
  std::size_t memory_budget = 0;
};

struct GraphView {
  struct Step {
    std::string name;
    std::vector<std::string> runs;
  };
  Signature signature;
  std::vector<Step> steps;  // each after those that it needs
};

// Thread-safe. Publishes endpoint.created, endpoint.changed and endpoint.deleted.
class Endpoints {
 public:
  Endpoints(store::Database& db, std::unique_ptr<PackageSource> packages,
            std::vector<std::unique_ptr<ModelBackend>> backends, EventSink& events, Clock& clock,
            meter::Registry& meters, Options options = {});
  // Answers what is under way. Nothing may call in any more.
  ~Endpoints();

  // What measures rows against training data. Before `restore`, and before the first call.
  void score_rows(RowScorer scorer);
  // What looks at requests first; outlives this. Before `restore` too.
  void guard_requests(RequestGuard* guard);

  // Loads every endpoint's versions; one that cannot be loaded is logged, shown as failed and tried
  // again later. Call once, before serving.
  Result<void> restore();

  // Blocks until the versions are loaded; their failure is the call's.
  Result<EndpointView> create(const EndpointSpec& asked, const Principal& who);
  Result<EndpointView> update(const EndpointSpec& asked, const Principal& who);
  Result<void> remove(const std::string& name, const Principal& who);
  Result<EndpointView> get(const std::string& name) const;
  std::vector<EndpointView> list() const;  // by name
  // By name and time, oldest first, also of those that are gone; an empty name is all of them.
  Result<std::vector<EndpointPast>> past(const std::string& name) const;
  // As the store has it, also where nothing was restored.
  Result<EndpointSpec> stored(const std::string& name) const;
  // What a graph would take, do and answer; its models are loaded to know that. Errors say
  // "file:line: what".
  Result<GraphView> check_graph(const std::string& text, const std::string& file);
  // Of a version that an endpoint has, or has had.
  Result<std::string> graph_text(const std::string& name, const std::string& version) const;
  // 0..1; does not touch the routes.
  Result<void> set_sample_rate(const std::string& name, double rate);
  // At most so many rows a second are recorded (see RecordBudget), 0: no bound. Not stored.
  Result<void> set_record_budget(const std::string& name, std::int64_t rows_per_second);

  // An alias of `model` moved: endpoints that follow it load the new version and change over.
  // Returns at once; `refresh_now` when the change is done.
  void refresh(const std::string& model);
  void refresh_now(const std::string& model);

  // A version would be run in another way now: what is loaded of it is loaded again, and endpoints
  // change over. Nothing where it is not loaded, or fails. Blocks.
  void renew(const std::string& model, const std::string& version);

  // Loads what was unloaded, or loads again what is there; a registered model that no endpoint has
  // the name of becomes an endpoint. Blocks; a failure is the call's.
  Result<EndpointView> load(const std::string& name, const Principal& who);
  // Frees its versions and answers unavailable until it is loaded again, also after a restart.
  Result<void> unload(const std::string& name, const Principal& who);
  // What the versions of an endpoint have done since they were loaded; of all endpoints when `name`
  // is empty, of all its versions when `version` is.
  Result<std::vector<RunStatistics>> statistics(const std::string& name,
                                                const std::string& version) const;

  // An endpoint's next version by rules and weights, or the given one of its versions.
  Result<Target> pick(const std::string& endpoint, const std::string& version = {},
                      const Caller* caller = nullptr) const;
  // A version on its own, loaded if need be; nothing is counted or recorded.
  Result<Target> open(const std::string& model, const std::string& version);

  PredictionLog& predictions();

 private:
  struct Impl;
  class Creating;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::serving
