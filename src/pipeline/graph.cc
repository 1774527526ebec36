// SPDX-License-Identifier: Apache-2.0
#include "graph.h"

#include <map>
#include <set>
#include <string_view>

namespace slipway::pipeline {

std::vector<StepNode> graph_of(const Definition& definition) {
  std::vector<StepNode> out(definition.steps.size());
  std::map<std::string_view, std::size_t> index;
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i].step = &definition.steps[i];
    index[out[i].step->name] = i;
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::set<std::string_view> needs(out[i].step->needs.begin(), out[i].step->needs.end());
    for (const auto need : needs) out[index[need]].dependents.push_back(i);
    out[i].waits_for = needs.size();
  }
  return out;
}

void set_items(StepNode& node, std::vector<Value> values, bool is_foreach,
               const std::vector<StepState>& before) {
  node.expanded = true;
  node.is_foreach = is_foreach;
  node.values = std::move(values);
  node.items = std::vector<Item>(is_foreach ? node.values.size() : 1);
  node.open = node.items.size();
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    node.items[i].state.name = node.step->name;
    if (is_foreach) node.items[i].state.index = static_cast<std::int64_t>(i);
  }
  for (const auto& state : before) {
    if (state.index.has_value() != is_foreach) continue;
    const auto at = static_cast<std::size_t>(state.index.value_or(0));
    if (at >= node.items.size()) continue;
    if (is_good(state.status)) {
      node.items[at].state = state;
      --node.open;
    } else {
      node.items[at].state.attempts = state.attempts;  // its logs are not written over
    }
  }
}

}  // namespace slipway::pipeline
