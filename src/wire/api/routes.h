// SPDX-License-Identifier: Apache-2.0
// Slipway's own API under /api/v1: one function a noun, called from app/routes.cc.
#pragma once

#include <string>

#include "net/http.h"

namespace slipway::wire::api {

// /health and /version.
void add_platform_routes(net::Router& router, const std::string& version);

}  // namespace slipway::wire::api
