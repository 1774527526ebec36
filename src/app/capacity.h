// SPDX-License-Identifier: Apache-2.0
// How much of one model this machine can serve within a bound on its latency, and with which
// settings: the version is really served, by a server of its own, under every combination.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/load.h"
#include "app/platform.h"
#include "base/result.h"

namespace slipway::app {

// "p99=50ms": of p50, p90, p95, p99, p99.9 and max; us, ms or s.
struct LatencyGoal {
  std::string name = "p99";
  double ms = 0;
};
Result<LatencyGoal> parse_goal(std::string_view text);
double value_of(const LoadSeen& seen, const LatencyGoal& goal);  // ms

struct CapacityAsk {
  std::string model;  // MODEL@ALIAS, MODEL/VERSION, or MODEL for its champion
  LatencyGoal goal;
  std::vector<std::int64_t> threads;      // --io-threads
  std::vector<std::int64_t> instances;    // --model-instances
  std::vector<std::int64_t> batch_rows;   // --batch-rows
  std::vector<std::int64_t> connections;  // at a time
  std::int64_t rows = 1;                  // of a request
  double seconds = 1;                     // a measurement
  std::string body;                       // of a request; empty: zeros
};

struct CapacityPoint {
  std::int64_t threads = 1;
  std::int64_t instances = 1;
  std::int64_t batch_rows = 1;
  std::int64_t connections = 1;
  LoadSeen seen;
  double cpu_us = 0;    // of the server, a request
  bool within = false;  // the goal was kept and nothing was refused
};

struct CapacityReport {
  std::string model;
  std::string version;
  std::vector<CapacityPoint> points;
  std::optional<CapacityPoint> best;  // none keeps the goal
};

// `tell` gets each point as it was measured, and how many there will be.
Result<CapacityReport> measure_capacity(
    Platform& from, const CapacityAsk& ask,
    const std::function<void(const CapacityPoint&, std::size_t all)>& tell);

// Of the points that keep the goal the one with the most answers; among those within three percent
// of it the one that asks for least.
std::optional<CapacityPoint> best_of(const std::vector<CapacityPoint>& points);

}  // namespace slipway::app
