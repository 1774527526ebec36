// SPDX-License-Identifier: Apache-2.0
// Runs a graph: each step as soon as what it needs is there, on the queues of its models, so that
// requests of all graphs and endpoints share their batches. Private to this room.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "graph_plan.h"
#include "servable.h"

namespace slipway::serving {

using PickEndpoint = std::function<Result<Target>(const std::string& name)>;

std::shared_ptr<Runner> make_graph_runner(GraphPlan plan, PickEndpoint pick, Clock& clock);

}  // namespace slipway::serving
