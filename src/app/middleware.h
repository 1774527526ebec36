// SPDX-License-Identifier: Apache-2.0
// What happens around every request: who asks, may they, how long did it take.
#pragma once

#include <memory>

#include "domain/gate.h"
#include "meter/meter.h"
#include "net/server.h"

namespace slipway::app {

class SpanExport;

struct Around {
  Gate* gate = nullptr;               // null: everything is allowed
  std::shared_ptr<SpanExport> spans;  // of predictions; null: none
  bool access_log = false;            // a line a request
};
net::Middleware make_middleware(const net::Router& router, meter::Registry& meters,
                                const Around& around);
net::GrpcMiddleware make_grpc_middleware(const net::GrpcRouter& router, meter::Registry& meters,
                                         const Around& around);

}  // namespace slipway::app
