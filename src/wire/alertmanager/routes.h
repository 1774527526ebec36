// SPDX-License-Identifier: Apache-2.0
// Alertmanager's webhook (version 4) and Grafana's, which is a superset of it.
#pragma once

#include "net/http.h"

namespace slipway::pipeline {
class Hooks;
}

namespace slipway::wire::alertmanager {

// POST /api/v1/hooks/{name}/alerts, for those who know the hook's secret. 2xx only once what was
// started is stored; both senders tell again what was answered with 5xx.
void add_routes(net::Router& router, pipeline::Hooks& hooks);

}  // namespace slipway::wire::alertmanager
