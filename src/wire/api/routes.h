// SPDX-License-Identifier: Apache-2.0
// Slipway's own API under /api/v1: one function a noun, called from app/routes.cc.
#pragma once

#include <string>

#include "net/http.h"

namespace slipway {
class EventBus;
}

namespace slipway::wire::api {

// /health, /version and /api/v1/openapi.json. Nothing may be added to the router once it is served.
void add_platform_routes(net::Router& router, const std::string& version);
void add_event_routes(net::Router& router, EventBus& bus);

}  // namespace slipway::wire::api
