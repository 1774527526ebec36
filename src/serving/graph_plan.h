// SPDX-License-Identifier: Apache-2.0
// A graph put together with its models: every reference is a place, every type is known as far as
// the models tell. Private to this room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph_condition.h"
#include "servable.h"
#include "serving/graph_spec.h"
#include "serving/target.h"

namespace slipway::serving {

// Some columns of the value in a slot; `to` 0: the whole.
struct GraphPick {
  std::size_t slot = 0;
  std::int64_t from = 0;
  std::int64_t to = 0;
};

struct PlannedFeed {
  TensorSpec spec;  // what the model wants
  std::vector<GraphPick> parts;
};

struct PlannedCall {
  std::shared_ptr<Servable> servable;  // or
  std::string endpoint;
  std::vector<PlannedFeed> feeds;
};

struct PlannedCase {
  std::shared_ptr<const GraphCondition> when;  // its slots count in PlannedStep::asked
  std::optional<PlannedCall> call;
  GraphPick value;
};

struct PlannedStep {
  GraphStep::Kind kind = GraphStep::Kind::call;
  std::string name;
  PlannedCall call;
  std::vector<PlannedCase> cases;
  std::vector<GraphPick> asked;  // by the conditions
  GraphFunction function;
  std::vector<GraphPick> of;
  std::vector<std::size_t> needs;    // steps before it
  std::vector<std::string> outputs;  // that are known or asked for, and
  std::vector<std::size_t> slots;    // where they go
  bool exact = true;                 // it answers these and no others
};

struct GraphPlan {
  Signature signature;
  std::vector<Column> columns;
  std::size_t slots = 0;  // the first are the inputs, in the order of the signature
  std::vector<PlannedStep> steps;
  std::vector<GraphPick> outputs;  // in the order of the signature
};

// Where the models of a graph come from.
class GraphModels {
 public:
  virtual ~GraphModels() = default;
  virtual Result<std::shared_ptr<Servable>> version(const GraphCall& call) = 0;
  virtual Result<Target> endpoint(const std::string& name) = 0;
};

Result<GraphPlan> plan_graph(const GraphSpec& spec, GraphModels& models);

}  // namespace slipway::serving
