// SPDX-License-Identifier: Apache-2.0
// What is in production, how it does, and what happened: one answer for the first page. What comes
// from rooms that may not run (rollouts, executions) is given as functions.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/http.h"

namespace slipway::monitor {
class Monitor;
}
namespace slipway::registry {
class Registry;
}
namespace slipway::serving {
class Endpoints;
}

namespace slipway::wire::api {

struct RunningRollout {
  std::string id;
  std::string challenger;
  double weight = 0;
};

// Something that happened; `kind` is dotted: "execution.finished".
struct Happening {
  Timestamp at;
  std::string kind;
  std::string subject;
  std::string text;
  std::string link;  // a page of the web UI
};

struct OverviewParts {
  serving::Endpoints& endpoints;
  monitor::Monitor& monitor;
  registry::Registry& registry;
  // The rollout that runs at an endpoint, if any. May be empty.
  std::function<std::optional<RunningRollout>(const std::string& endpoint)> rollout = {};
  // The newest `limit` of what other rooms tell.
  std::vector<std::function<std::vector<Happening>(std::size_t limit)>> happenings = {};
};

void add_overview_routes(net::Router& router, OverviewParts parts);

}  // namespace slipway::wire::api
