// SPDX-License-Identifier: Apache-2.0
// The state of an execution under way: its steps and their elements. An element that does not run
// now takes a few bytes, so that there may be many.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/definition.h"
#include "pipeline/execution.h"
#include "places.h"
#include "resolve.h"

namespace slipway::pipeline {

// Of an element from its beginning to its end, the pauses between attempts included.
struct Live {
  StepState state;
  std::unique_ptr<Resolved> resolved;
  std::string cache_key;
  Taken taken;
  bool has_place = false;
  bool timed_out = false;
};

struct Item {
  StepStatus status = StepStatus::pending;
  int attempts = 0;
  int tries = 0;  // of this process: what `retries` counts
  int exit_code = -1;
  std::unique_ptr<Live> live;
};

enum class NodeEnd { open, good, left_out, bad };

// One step and its elements (one without an index when there is no foreach).
struct StepNode {
  const Step* step = nullptr;
  std::vector<std::size_t> needs;
  std::vector<std::size_t> dependents;
  std::size_t waits_for = 0;  // needs that did not end yet
  NodeEnd end = NodeEnd::open;
  bool expanded = false;
  bool is_foreach = false;  // its items have an index
  std::vector<Value> values;
  std::vector<std::uint32_t> outer_items;  // with `each`: of which element of the other step
  const StepNode* outer = nullptr;
  std::vector<Item> items;
  std::size_t cursor = 0;   // items before it were begun
  std::size_t open = 0;     // items without a final status
  std::size_t running = 0;  // with a place, or asking, or a sub-pipeline
  bool any_bad = false;
  bool any_good = false;

  ItemRef ref(std::size_t item, const Outcomes* outcomes = nullptr) const;
};

// The steps in the order of the file, with who waits for whom.
std::vector<StepNode> graph_of(const Definition& definition);

// Elements, and of which element of another step each is.
struct Elements {
  std::vector<Value> values;
  std::vector<std::uint32_t> outer_items;
};
std::string json_of(const Elements& elements);
Result<Elements> elements_from_json(std::string_view json);

// Gives the node its items; what `before` (of an earlier process) says of them is taken over.
void set_items(StepNode& node, Elements elements, bool is_foreach,
               const std::vector<StepState>& before);

}  // namespace slipway::pipeline
