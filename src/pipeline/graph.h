// SPDX-License-Identifier: Apache-2.0
// What the scheduler knows of each step while an execution runs.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "log_file.h"
#include "pipeline/definition.h"
#include "pipeline/execution.h"
#include "resolve.h"

namespace slipway::pipeline {

struct Item {
  StepState state;
  int tries = 0;  // of this process: what `retries` counts
  bool timed_out = false;
  std::string cache_key;
  std::unique_ptr<Resolved> resolved;
};

// One step and its elements (one without an index when there is no foreach).
struct StepNode {
  const Step* step = nullptr;
  std::vector<std::size_t> dependents;
  std::size_t waits_for = 0;  // needs that did not succeed yet
  std::string blocked_by;     // a need that did not and will not succeed
  bool expanded = false;
  bool is_foreach = false;  // its items have an index
  std::vector<Value> values;
  std::vector<Item> items;
  std::size_t cursor = 0;  // items before it were begun
  std::size_t open = 0;    // items without a final status
  bool bad = false;        // an item did not succeed

  ItemRef ref(std::size_t item) const {
    ItemRef out{.step = step};
    if (is_foreach) {
      out.item = static_cast<std::int64_t>(item);
      out.value = &values[item];
    }
    return out;
  }
};

// The steps in the order of the file, with who waits for whom.
std::vector<StepNode> graph_of(const Definition& definition);

// Gives the node its items; what `before` (of an earlier process) says of them is taken over.
void set_items(StepNode& node, std::vector<Value> values, bool is_foreach,
               const std::vector<StepState>& before);

}  // namespace slipway::pipeline
