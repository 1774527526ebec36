// SPDX-License-Identifier: Apache-2.0
// An endpoint as its owner describes it, and as it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "serving/stats.h"

namespace slipway::serving {

// Either `alias` or `version` names the version; or `graph` is the text of a graph of models, whose
// model and version are then given by the endpoints: graph:ENDPOINT, and a number for each text.
struct RouteSpec {
  std::string model;
  std::string alias;
  std::string version;
  std::string graph;
  double weight = 100;  // share of the sum of weights; of a shadow: percent of requests mirrored
  bool shadow = false;  // gets copies, its answers are recorded and thrown away
  // A request that has this header with this value comes here whatever the weights; empty: none.
  std::string header;
  std::string header_value;

  bool operator==(const RouteSpec&) const = default;
};

struct EndpointSpec {
  std::string name;
  std::vector<RouteSpec> routes;
  double sample_rate = 1;  // share of requests that is recorded for monitoring
  int timeout_ms = 30'000;
  // A header whose value decides the route, so that a caller stays with its version; empty: none.
  std::string sticky;
  std::int64_t cache_bytes = 0;  // of answers kept for equal requests; 0: none are
  bool paused = false;           // unloaded: answers unavailable until it is loaded again

  bool operator==(const EndpointSpec&) const = default;
};

std::string graph_model_of(const std::string& endpoint);

// Names, numbers and sums; whether the versions exist is not asked.
Result<void> validate(const EndpointSpec& spec);

enum class RouteState { loading, ready, failed };
std::string_view name_of(RouteState state);

struct RouteView {
  RouteSpec spec;
  std::string version;  // that answers now
  RouteState state = RouteState::loading;
  bool loaded = false;           // in memory now; if not, the next request loads it
  std::size_t memory_bytes = 0;  // that it takes when it is
  std::string error;             // also of a newer version that could not take over
};

struct EndpointView {
  EndpointSpec spec;
  std::vector<RouteView> routes;
  std::vector<VersionStats> stats;  // by version, also those no longer routed to
  Timestamp created;
  Timestamp updated;
};

// The routes that an endpoint had from `since` until before `until`.
struct EndpointPast {
  std::string endpoint;
  Timestamp since;
  std::optional<Timestamp> until;  // nothing: still
  bool present = true;             // false: it was deleted, and there was none
  std::vector<RouteSpec> routes;
};

}  // namespace slipway::serving
