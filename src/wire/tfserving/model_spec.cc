// SPDX-License-Identifier: Apache-2.0
#include "model_spec.h"

#include <algorithm>
#include <utility>

namespace slipway::wire::tfserving {
namespace {

class HeaderCaller : public serving::Caller {
 public:
  explicit HeaderCaller(const net::Headers& headers) : headers_(headers) {}
  std::string_view header(const std::string& name) const override { return headers_.get(name); }

 private:
  const net::Headers& headers_;
};

Result<std::string> version_of(const serving::Endpoints& endpoints, const ModelSpec& spec) {
  if (spec.label.empty()) return spec.version;
  SW_TRY(const auto view, endpoints.get(spec.name));
  for (const auto& route : view.routes) {
    if (route.spec.alias == spec.label && !route.version.empty()) return route.version;
  }
  return not_found(
      "endpoint '" + spec.name + "' has no route by the alias '" + spec.label.substr(0, 100) + "'",
      "version labels are the aliases that its routes follow");
}

}  // namespace

Result<serving::Target> pick(const serving::Endpoints& endpoints, const ModelSpec& spec,
                             const net::Headers& headers) {
  if (!spec.signature.empty() && spec.signature != kSignature) {
    return invalid("there is no signature '" + spec.signature.substr(0, 100) + "'",
                   "every version has the one called serving_default");
  }
  SW_TRY(const auto version, version_of(endpoints, spec));
  const HeaderCaller caller(headers);
  return endpoints.pick(spec.name, version, &caller);
}

Result<std::vector<VersionState>> states_of(const serving::Endpoints& endpoints,
                                            const ModelSpec& spec) {
  SW_TRY(const auto wanted, version_of(endpoints, spec));
  SW_TRY(const auto view, endpoints.get(spec.name));
  std::vector<VersionState> out;
  for (const auto& route : view.routes) {
    if (!wanted.empty() && route.version != wanted) continue;
    const bool known = std::any_of(
        out.begin(), out.end(), [&](const auto& state) { return state.version == route.version; });
    if (known) continue;
    switch (route.state) {
      case serving::RouteState::ready:
        out.push_back({route.version, "AVAILABLE", 30, {}});
        break;
      case serving::RouteState::loading:
        out.push_back({route.version, "LOADING", 20, {}});
        break;
      case serving::RouteState::failed:
        out.push_back({route.version, "END", 50, route.error});
        break;
    }
  }
  if (out.empty()) {
    return not_found("endpoint '" + spec.name + "' has no version '" + wanted.substr(0, 50) + "'");
  }
  return out;
}

}  // namespace slipway::wire::tfserving
