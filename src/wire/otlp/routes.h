// SPDX-License-Identifier: Apache-2.0
// OpenTelemetry's protocol over HTTP: what any OTLP exporter sends.
#pragma once

#include "net/http.h"

namespace slipway::tracing {
class Tracing;
}

namespace slipway::wire::otlp {

// POST /v1/traces. What is referred to must outlive the router.
void add_routes(net::Router& router, tracing::Tracing& tracing);

}  // namespace slipway::wire::otlp
