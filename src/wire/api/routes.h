// SPDX-License-Identifier: Apache-2.0
// Slipway's own API under /api/v1: one function a noun, called from app/routes.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/http.h"
#include "wire/api/overview.h"

namespace slipway {
class Clock;
class EventBus;
}  // namespace slipway
namespace slipway::blob {
class BlobStore;
}
namespace slipway::tracking {
class Tracking;
struct Run;
struct SeriesEntry;
}  // namespace slipway::tracking
namespace slipway::monitor {
class Monitor;
}
namespace slipway::registry {
class Registry;
}
namespace slipway::serving {
class Endpoints;
}
namespace slipway::govern {
class Govern;
struct Decision;
}  // namespace slipway::govern
namespace slipway::rollout {
class Rollouts;
}

namespace slipway::pipeline {
class Executions;
class Hooks;
}  // namespace slipway::pipeline
namespace slipway::transfer {
class Target;
}

namespace slipway::wire::api {

// A bare version at /version for those whose protocol wants one; nothing for anybody else.
using ForeignVersion = std::function<std::optional<std::string>(const net::Request&)>;
// /health, /version and /api/v1/openapi.json. Nothing may be added to the router once it is served.
void add_platform_routes(net::Router& router, const std::string& version,
                         const ForeignVersion& foreign = {});
void add_event_routes(net::Router& router, EventBus& bus);
void add_experiment_routes(net::Router& router, tracking::Tracking& tracking);
void add_run_routes(net::Router& router, tracking::Tracking& tracking, blob::BlobStore& blobs);
// Series that a client keeps in its own way among a run's files; may be empty.
using ForeignSeries =
    std::function<Result<std::vector<tracking::SeriesEntry>>(const tracking::Run&)>;
void add_series_routes(net::Router& router, tracking::Tracking& tracking, blob::BlobStore& blobs,
                       Clock& clock, ForeignSeries foreign = {});

// Hands the drift threshold that an endpoint was given to whoever monitors it; may be empty.
using SetDriftThreshold = std::function<Result<void>(const std::string& endpoint, double share)>;
void add_endpoint_routes(net::Router& router, serving::Endpoints& endpoints,
                         registry::Registry& registry, SetDriftThreshold set_drift_threshold = {});

void add_graph_routes(net::Router& router, serving::Endpoints& endpoints);

// What endpoints answered, as far as it was recorded.
void add_prediction_routes(net::Router& router, serving::Endpoints& endpoints,
                           monitor::Monitor& monitor);

// Feedback, monitor settings, drift, quality, alerts and references.
void add_monitor_routes(net::Router& router, monitor::Monitor& monitor,
                        serving::Endpoints& endpoints, registry::Registry& registry);

// Business events of an endpoint.
void add_business_routes(net::Router& router, monitor::Monitor& monitor,
                         serving::Endpoints& endpoints);

// The suite of an endpoint's requests.
void add_expectation_routes(net::Router& router, monitor::Monitor& monitor,
                            serving::Endpoints& endpoints);

// Does a reference profile exist for this version? May be empty.
using HasReference = std::function<bool(const std::string& model, const std::string& version)>;
// What a version came of: the alert, the retraining. May be empty.
using OriginOf =
    std::function<Result<std::vector<Happening>>(const std::string& model, std::int64_t version)>;
void add_model_routes(net::Router& router, registry::Registry& registry, govern::Govern& govern,
                      HasReference has_reference = {}, OriginOf origin_of = {});

struct PolicyQuestion {
  std::string policy;  // YAML text
  std::string model;
  std::int64_t version = 0;  // 0: the newest
  std::string endpoint;
  std::string actor;
};
// Gathers the facts about the version, judges and keeps the decision.
using CheckPolicy = std::function<Result<govern::Decision>(const PolicyQuestion&)>;
void add_policy_routes(net::Router& router, govern::Govern& govern, CheckPolicy check_policy);
// Promoting, asking for a promotion and answering it, and what protects a model.
void add_promotion_routes(net::Router& router, registry::Registry& registry,
                          CheckPolicy check_policy, HasReference has_reference = {});
// What served at a given time.
void add_served_routes(net::Router& router, registry::Registry& registry,
                       serving::Endpoints& endpoints);
void add_rollout_routes(net::Router& router, rollout::Rollouts& rollouts, CheckPolicy check_policy);
// The door for histories that were made elsewhere: what `slipway import` talks to.
void add_import_routes(net::Router& router, std::shared_ptr<transfer::Target> target);
// Backup and removal for good: texts in, texts out, by whoever does it.
struct Maintenance {
  std::function<Result<std::string>(const std::string& path)> back_up;  // answers its report
  std::function<Result<std::string>(const std::string& order)> collect_garbage;
};
void add_maintenance_routes(net::Router& router, Maintenance maintenance);
// Batch predictions; everything is JSON text.
struct Batch {
  std::function<Result<std::string>(const std::string& body)> start;
  std::function<Result<std::string>()> list;
  std::function<Result<std::string>(const std::string& id)> show;
  std::function<Result<std::string>(const std::string& id)> cancel;
  std::function<Result<std::string>(const std::string& target, const std::string& key)> look_up;
};
void add_batch_routes(net::Router& router, Batch batch);
// Registered pipelines and executions.
void add_pipeline_routes(net::Router& router, pipeline::Executions& executions);
// Addresses at which other systems start them.
void add_hook_routes(net::Router& router, pipeline::Hooks& hooks);

}  // namespace slipway::wire::api
