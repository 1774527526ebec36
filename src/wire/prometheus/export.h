// SPDX-License-Identifier: Apache-2.0
// What others make of our metrics: rules for Prometheus, a dashboard for Grafana.
#pragma once

#include <string_view>

namespace slipway::wire::prometheus {

std::string_view alert_rules();        // YAML
std::string_view grafana_dashboard();  // JSON; the data source is a variable of it

}  // namespace slipway::wire::prometheus
