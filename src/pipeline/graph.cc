// SPDX-License-Identifier: Apache-2.0
#include "graph.h"

#include <map>
#include <set>
#include <string_view>

#include "base/text.h"

namespace slipway::pipeline {

ItemRef StepNode::ref(std::size_t item, const Outcomes* outcomes) const {
  ItemRef out{.step = step, .outcomes = outcomes};
  if (!is_foreach) return out;
  out.item = static_cast<std::int64_t>(item);
  out.value = &values[item];
  if (outer != nullptr && item < outer_items.size()) {
    out.outer_item = outer_items[item];
    if (outer_items[item] < outer->values.size()) out.outer = &outer->values[outer_items[item]];
  }
  return out;
}

std::vector<StepNode> graph_of(const Definition& definition) {
  std::vector<StepNode> out(definition.steps.size());
  std::map<std::string_view, std::size_t> index;
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i].step = &definition.steps[i];
    index[out[i].step->name] = i;
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::set<std::string_view> seen;
    for (const auto& need : out[i].step->needs) {
      if (!seen.insert(need).second) continue;
      out[i].needs.push_back(index[need]);
      out[index[need]].dependents.push_back(i);
    }
    out[i].waits_for = out[i].needs.size();
    const auto& foreach = out[i].step->foreach;
    if (foreach && !foreach->each.empty()) out[i].outer = &out[index[foreach->each]];
  }
  return out;
}

std::string json_of(const Elements& elements) {
  std::string out = "[";
  for (const auto& value : elements.values) {
    if (out.size() > 1) out += ',';
    out += json_of(value);
  }
  out += ']';
  if (elements.outer_items.empty()) return out;
  std::string outer = "{\"outer\":[";
  for (const auto item : elements.outer_items) {
    if (outer.back() != '[') outer += ',';
    outer += std::to_string(item);
  }
  return outer + "],\"items\":" + out + "}";
}

Result<Elements> elements_from_json(std::string_view json) {
  Elements out;
  if (!json.starts_with('{')) {
    SW_TRY(out.values, list_from_json(json));
    return out;
  }
  SW_TRY(const auto parts, params_from_json(json));
  for (const auto& [name, value] : parts) {
    SW_TRY(auto list, list_from_json(value.text));
    if (name == "items") out.values = std::move(list);
    if (name != "outer") continue;
    for (const auto& one : list) {
      out.outer_items.push_back(static_cast<std::uint32_t>(parse_int(one.text).value_or(0)));
    }
  }
  return out;
}

void set_items(StepNode& node, Elements elements, bool is_foreach,
               const std::vector<StepState>& before) {
  node.expanded = true;
  node.is_foreach = is_foreach;
  node.values = std::move(elements.values);
  node.outer_items = std::move(elements.outer_items);
  node.items = std::vector<Item>(is_foreach ? node.values.size() : 1);
  node.open = node.items.size();
  for (const auto& state : before) {
    if (state.index.has_value() != is_foreach) continue;
    const auto at = static_cast<std::size_t>(state.index.value_or(0));
    if (at >= node.items.size()) continue;
    auto& item = node.items[at];
    item.attempts = state.attempts;  // its logs are not written over
    if (!is_good(state.status)) continue;
    item.status = state.status;
    item.exit_code = state.exit_code.value_or(0);
    node.any_good = true;
    --node.open;
  }
}

}  // namespace slipway::pipeline
