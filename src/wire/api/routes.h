// SPDX-License-Identifier: Apache-2.0
// Slipway's own API under /api/v1: one function a noun, called from app/routes.cc.
#pragma once

#include <string>

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

namespace slipway::wire::api {

// /health, /version and /api/v1/openapi.json. Nothing may be added to the router once it is served.
void add_platform_routes(net::Router& router, const std::string& version);
void add_event_routes(net::Router& router, EventBus& bus);
void add_experiment_routes(net::Router& router, tracking::Tracking& tracking);
void add_run_routes(net::Router& router, tracking::Tracking& tracking, blob::BlobStore& blobs);

}  // namespace slipway::wire::api
