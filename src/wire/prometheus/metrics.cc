// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "host.h"
#include "wire/prometheus/routes.h"

namespace slipway::wire::prometheus {

void add_metric_routes(net::Router& router, meter::Registry& meters) {
  const auto answer = [&meters,
                       host = std::make_shared<HostGauges>(meters)](const net::Request& request) {
    host->look();
    const auto accept = request.headers.get("accept");
    if (accept.find("application/openmetrics-text") != std::string_view::npos) {
      return net::Response::text(200, meters.openmetrics_text(),
                                 "application/openmetrics-text; version=1.0.0; charset=utf-8");
    }
    return net::Response::text(200, meters.prometheus_text(),
                               "text/plain; version=0.0.4; charset=utf-8");
  };
  router.add({.method = net::Method::get,
              .pattern = "/metrics",
              .wire = "prometheus",
              .action = "platform.read",
              .summary = "Counters and histograms, Prometheus text or OpenMetrics",
              .handler = answer});
}

}  // namespace slipway::wire::prometheus
