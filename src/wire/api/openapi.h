// SPDX-License-Identifier: Apache-2.0
// The OpenAPI document of Slipway's own API, made from the route table.
#pragma once

#include <string>

#include "net/http.h"

namespace slipway::wire::api {

std::string openapi(const net::Router& router, const std::string& version);

}  // namespace slipway::wire::api
