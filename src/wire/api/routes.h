// SPDX-License-Identifier: Apache-2.0
// Slipway's own API under /api/v1: one function a noun, called from app/routes.cc.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "net/http.h"

namespace slipway {
class EventBus;
}
namespace slipway::blob {
class BlobStore;
}
namespace slipway::tracking {
class Tracking;
}
namespace slipway::monitor {
class Monitor;
}
namespace slipway::registry {
class Registry;
}
namespace slipway::serving {
class Endpoints;
}

namespace slipway::wire::api {

// /health, /version and /api/v1/openapi.json. Nothing may be added to the router once it is served.
void add_platform_routes(net::Router& router, const std::string& version);
void add_event_routes(net::Router& router, EventBus& bus);
void add_experiment_routes(net::Router& router, tracking::Tracking& tracking);
void add_run_routes(net::Router& router, tracking::Tracking& tracking, blob::BlobStore& blobs);

// Hands the drift threshold that an endpoint was given to whoever monitors it; may be empty.
using SetDriftThreshold = std::function<Result<void>(const std::string& endpoint, double share)>;
void add_endpoint_routes(net::Router& router, serving::Endpoints& endpoints,
                         SetDriftThreshold set_drift_threshold = {});

// Feedback, monitor settings, drift, quality, alerts and references.
void add_monitor_routes(net::Router& router, monitor::Monitor& monitor,
                        serving::Endpoints& endpoints, registry::Registry& registry);

}  // namespace slipway::wire::api
