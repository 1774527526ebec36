// SPDX-License-Identifier: Apache-2.0
// An endpoint's routes at one moment, resolved and loaded. Never changes; a change makes a new one.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "record_budget.h"
#include "response_cache.h"
#include "sequence_routes.h"
#include "servable.h"
#include "serving/endpoint.h"
#include "serving/stats.h"
#include "serving/target.h"

namespace slipway::serving {

// What all routings of an endpoint share.
struct EndpointState {
  EndpointState(std::string endpoint, PredictionLog& predictions, Clock& time)
      : name(std::move(endpoint)), log(predictions), clock(time) {}

  const std::string name;
  PredictionLog& log;
  Clock& clock;
  std::atomic<double> sample_rate{1.0};
  RecordBudget budget;
  std::atomic<int> timeout_ms{30'000};
  std::atomic<std::uint64_t> picks{0};
  std::atomic<std::uint64_t> turn{0};
  ResponseCache cache;
  SequenceRoutes sequences;
  const RowScorer* scorer = nullptr;  // set before the first request
  RequestGuard* guard = nullptr;      // the same
};

struct Lane {
  RouteSpec spec;
  std::string version;                    // resolved
  std::shared_ptr<Servable> servable;     // null: could not be loaded
  std::shared_ptr<VersionRecord> record;  // null: nobody counts
  std::string error;
  std::vector<RouteSpec> parts;  // of a graph: the versions in it, with the aliases they follow
};

// In [0, 1), even over few turns: a route of 5 % gets close to 5 of every 100 requests.
double share_of_turn(std::uint64_t turn);

struct Routing {
  std::shared_ptr<EndpointState> endpoint;
  std::vector<Lane> lanes;

  std::string sticky;      // see EndpointSpec
  bool has_rules = false;  // a lane has a header

  // By rule, by what the caller sticks to, by weight, among the lanes that are loaded and no
  // shadows; null when there is none.
  const Lane* pick(std::uint64_t turn, const Caller* caller) const;
  const Lane* pick(double share) const;
  const Lane* find(const std::string& version) const;
};

}  // namespace slipway::serving
