// SPDX-License-Identifier: Apache-2.0
// Endpoints as a repository of models: loading, unloading, and what they have done.
#include <algorithm>
#include <utility>

#include "endpoints_impl.h"

namespace slipway::serving {

Result<EndpointView> Endpoints::load(const std::string& name, const Principal& who) {
  const auto entry = impl_->find(name);
  if (entry == nullptr) {
    auto route = impl_->default_route(name);
    if (!route) {
      if (route.error().code == Code::not_found) {
        return not_found("there is no endpoint and no model '" + name.substr(0, 200) + "'",
                         "register the model first");
      }
      return std::move(route.error());
    }
    return create({.name = name, .routes = {*std::move(route)}}, who);
  }
  const std::scoped_lock change(entry->change);
  if (entry->removed) return no_endpoint(name);
  auto spec = entry->spec;
  const bool was_paused = std::exchange(spec.paused, false);
  SW_TRY(auto routing, impl_->build(*entry, spec, nullptr, false));
  const auto now = impl_->clock.now();
  if (was_paused) SW_CHECK_OK(replace_endpoint(impl_->db, spec, now));
  impl_->install(*entry, spec, std::move(routing), was_paused ? now : entry->updated);
  if (was_paused) impl_->publish("endpoint.changed", name, who.name);
  return impl_->view(*entry);
}

Result<void> Endpoints::unload(const std::string& name, const Principal& who) {
  const auto entry = impl_->find(name);
  if (entry == nullptr) return no_endpoint(name);
  const std::scoped_lock change(entry->change);
  if (entry->removed) return no_endpoint(name);
  if (entry->spec.paused) return {};
  auto spec = entry->spec;
  spec.paused = true;
  entry->state->sequences.clear();
  SW_TRY(auto routing, impl_->build(*entry, spec, nullptr, true));
  const auto now = impl_->clock.now();
  SW_CHECK_OK(replace_endpoint(impl_->db, spec, now));
  impl_->install(*entry, spec, std::move(routing), now);
  impl_->publish("endpoint.changed", name, who.name);
  return {};
}

Result<std::vector<RunStatistics>> Endpoints::statistics(const std::string& name,
                                                         const std::string& version) const {
  std::vector<std::pair<std::string, std::shared_ptr<const Routing>>> asked;
  {
    const std::scoped_lock lock(impl_->mutex);
    for (const auto& [key, entry] : impl_->entries) {
      if (name.empty() || key == name) asked.emplace_back(key, entry->routing);
    }
  }
  if (!name.empty() && asked.empty()) return no_endpoint(name);
  std::vector<RunStatistics> out;
  for (const auto& [endpoint, routing] : asked) {
    std::vector<const Servable*> seen;
    for (const auto& lane : routing->lanes) {
      const auto* servable = lane.servable.get();
      if (servable == nullptr || (!version.empty() && lane.version != version)) continue;
      if (std::find(seen.begin(), seen.end(), servable) != seen.end()) continue;
      seen.push_back(servable);
      auto statistics = servable->statistics();
      statistics.model = endpoint;
      out.push_back(std::move(statistics));
    }
  }
  if (!version.empty() && out.empty()) {
    return not_found("endpoint '" + name + "' has no version '" + version.substr(0, 50) + "'");
  }
  return out;
}

}  // namespace slipway::serving
