// SPDX-License-Identifier: Apache-2.0
#include "app/routes.h"

#include "app/version.h"
#include "wire/api/problem.h"
#include "wire/api/routes.h"
#include "wire/prometheus/routes.h"

namespace slipway::app {

void add_routes(net::Router& router, Platform& platform) {
  router.render_errors("", wire::api::problem);
  wire::prometheus::add_metric_routes(router, platform.meters());
  wire::api::add_platform_routes(router, version());
}

}  // namespace slipway::app
