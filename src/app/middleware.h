// SPDX-License-Identifier: Apache-2.0
// What happens around every request: who asks, may they, how long did it take.
#pragma once

#include "domain/gate.h"
#include "meter/meter.h"
#include "net/server.h"

namespace slipway::app {

// `gate` may be null: everything is allowed.
net::Middleware make_middleware(const net::Router& router, meter::Registry& meters, Gate* gate);
net::GrpcMiddleware make_grpc_middleware(const net::GrpcRouter& router, meter::Registry& meters,
                                         Gate* gate);

}  // namespace slipway::app
