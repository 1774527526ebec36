// SPDX-License-Identifier: Apache-2.0
// /metrics, as Prometheus scrapes it.
#pragma once

#include "meter/meter.h"
#include "net/http.h"

namespace slipway::wire::prometheus {

void add_metric_routes(net::Router& router, meter::Registry& meters);

}  // namespace slipway::wire::prometheus
