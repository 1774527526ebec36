// SPDX-License-Identifier: Apache-2.0
#include "serving/endpoint.h"

#include <cmath>

namespace slipway::serving {
namespace {

constexpr std::size_t kMaxName = 128;
constexpr std::size_t kMaxRoutes = 16;
constexpr std::size_t kMaxGraph = 256 << 10;
constexpr std::string_view kGraphPrefix = "graph:";
constexpr std::int64_t kMaxCache = std::int64_t{64} << 30;

bool is_name(const std::string& name) {
  if (name.empty() || name.size() > kMaxName || name.front() == '.') return false;
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.') return false;
  }
  return true;
}

// Empty, or a token as HTTP has it.
bool is_header(const std::string& name) {
  if (name.size() > kMaxName) return false;
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '_') return false;
  }
  return true;
}

Result<void> validate_route(const RouteSpec& route, const std::string& at) {
  if (route.graph.size() > kMaxGraph) return invalid(at + ".graph is larger than 256 KiB");
  const bool graph = !route.graph.empty();
  if (route.model.empty() && !graph) return invalid(at + ".model is missing");
  if (!graph && route.model.starts_with(kGraphPrefix)) {
    return invalid(at + ".model '" + route.model.substr(0, 100) + "' is that of a graph",
                   "send the text of the graph as graph");
  }
  if (!graph && route.alias.empty() == route.version.empty()) {
    return invalid(at + " needs either an alias or a version",
                   "name the version by \"alias\": \"champion\" or by \"version\": \"3\"");
  }
  if (!std::isfinite(route.weight) || route.weight < 0 || route.weight > 1e6) {
    return invalid(at + ".weight must be between 0 and 1000000");
  }
  if (!is_header(route.header)) {
    return invalid(at + ".header '" + route.header.substr(0, 100) + "' is no name of a header");
  }
  if (route.header.empty() != route.header_value.empty() || route.header_value.size() > 1024) {
    return invalid(at + " needs header and header_value together",
                   "for example \"header\": \"x-tier\", \"header_value\": \"beta\"");
  }
  if (route.shadow && !route.header.empty()) {
    return invalid(at + " is a shadow and has a header", "a shadow takes copies by its weight");
  }
  if (route.shadow && route.weight > 100) {
    return invalid(at + ".weight of a shadow is a percentage, at most 100");
  }
  return {};
}

}  // namespace

std::string graph_model_of(const std::string& endpoint) {
  return std::string(kGraphPrefix) + endpoint;
}

Result<void> validate(const EndpointSpec& spec) {
  if (!is_name(spec.name)) {
    return invalid("name '" + spec.name.substr(0, kMaxName) + "' is not allowed",
                   "use 1 to 128 letters, digits, '-', '_' and '.', not starting with '.'");
  }
  if (spec.routes.empty()) return invalid("routes is empty", "give at least one route");
  if (spec.routes.size() > kMaxRoutes) {
    return invalid("routes has " + std::to_string(spec.routes.size()) + " entries, at most " +
                   std::to_string(kMaxRoutes) + " are allowed");
  }
  double total = 0;
  for (std::size_t i = 0; i < spec.routes.size(); ++i) {
    SW_CHECK_OK(validate_route(spec.routes[i], "routes[" + std::to_string(i) + "]"));
    if (!spec.routes[i].shadow) total += spec.routes[i].weight;
  }
  if (total <= 0) {
    return invalid("routes: no weight is above 0, so no route would get any traffic",
                   "give a route that is no shadow a weight above 0");
  }
  if (!is_header(spec.sticky)) {
    return invalid("sticky '" + spec.sticky.substr(0, kMaxName) + "' is no name of a header");
  }
  if (spec.cache_bytes < 0 || spec.cache_bytes > kMaxCache) {
    return invalid("cache_bytes must be between 0 and " + std::to_string(kMaxCache));
  }
  if (!(spec.sample_rate >= 0 && spec.sample_rate <= 1)) {
    return invalid("sample_rate must be between 0 and 1");
  }
  if (spec.timeout_ms < 1 || spec.timeout_ms > 600'000) {
    return invalid("timeout_ms must be between 1 and 600000");
  }
  return {};
}

std::string_view name_of(RouteState state) {
  switch (state) {
    case RouteState::loading:
      return "loading";
    case RouteState::ready:
      return "ready";
    case RouteState::failed:
      return "failed";
  }
  return "failed";
}

}  // namespace slipway::serving
