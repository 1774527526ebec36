// SPDX-License-Identifier: Apache-2.0
// The list of what the server answers: one line a wire.
#pragma once

#include "app/platform.h"
#include "net/grpc.h"
#include "net/http.h"

namespace slipway::app {

void add_routes(net::Router& router, net::GrpcRouter& grpc, Platform& platform);

}  // namespace slipway::app
