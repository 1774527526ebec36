// SPDX-License-Identifier: Apache-2.0
#include "load_seen.h"

#include <algorithm>

#include "base/text.h"
#include "serving/endpoints.h"
#include "shared_traffic.h"

namespace slipway::app {

std::vector<std::string> answering(const serving::EndpointView& view) {
  std::vector<std::string> out;
  for (const auto& route : view.routes) {
    if (route.state != serving::RouteState::ready || route.version.empty()) return {};
    if (!route.spec.shadow) out.push_back(route.version);
  }
  return out;
}

bool answers(serving::Endpoints& endpoints, const std::string& endpoint,
             const std::string& version) {
  const auto view = endpoints.get(endpoint);
  if (!view) return true;
  const auto versions = answering(*view);
  return versions.empty() || std::find(versions.begin(), versions.end(), version) != versions.end();
}

Result<std::vector<monitor::LoadSeen>> load_seen(serving::Endpoints& endpoints,
                                                 SharedTraffic* others) {
  std::vector<monitor::LoadSeen> out;
  for (const auto& view : endpoints.list()) {
    monitor::LoadSeen seen{.endpoint = view.spec.name};
    double most = -1;
    for (const auto& route : view.routes) {
      if (route.spec.shadow || route.spec.weight <= most) continue;
      most = route.spec.weight;
      seen.model = route.spec.model;
      seen.version = route.version;
    }
    for (const auto& stats : view.stats) {
      seen.requests += static_cast<std::int64_t>(stats.requests);
      seen.refused += static_cast<std::int64_t>(stats.refused);
      const auto version = parse_int(stats.version);
      if (others == nullptr || !version) continue;
      SW_TRY(const auto more, others->of_others(view.spec.name, stats.model, *version));
      seen.requests += more.traffic.requests;
      seen.refused += more.refused;
    }
    out.push_back(std::move(seen));
  }
  return out;
}

}  // namespace slipway::app
