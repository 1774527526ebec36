// SPDX-License-Identifier: Apache-2.0
// Which steps have their turn: needs, conditions, elements; and what they may refer to.
#include <algorithm>
#include <limits>
#include <utility>

#include "base/text.h"
#include "run_impl.h"

namespace slipway::pipeline {
namespace {

constexpr std::size_t kMaxElements = 1'000'000;
constexpr std::size_t kHandedInMemory = 8 << 20;

std::string_view status_text(const StepNode& node) {
  switch (node.end) {
    case NodeEnd::good:
      return node.any_bad ? "failed" : "succeeded";
    case NodeEnd::left_out:
      return "skipped";
    case NodeEnd::bad:
      break;
    case NodeEnd::open:
      return "running";
  }
  const bool one = node.items.size() == 1 && !node.is_foreach;
  return one ? name_of(node.items[0].status) : "failed";
}

}  // namespace

// --- what steps handed over
// -----------------------------------------------------------------------

void Handed::put(const StepResult& result) {
  bytes_ += result.result.size() + result.artifacts.size() + 128;
  known_[{result.step, result.index.value_or(-1)}] = result;
}

void Handed::kept() {
  if (bytes_ < kHandedInMemory) return;
  known_.clear();
  bytes_ = 0;
}

Result<StepResult> Handed::get(const std::string& step, std::int64_t item) {
  const auto found = known_.find({step, item});
  if (found != known_.end()) return found->second;
  SW_TRY(auto out, records_.result(execution_, step, item));
  return out;
}

Result<const StepNode*> Run::Impl::ended_node(std::string_view step) const {
  const auto found = by_name.find(step);
  if (found == by_name.end()) {
    return invalid("there is no step '" + std::string(step.substr(0, 80)) + "'");
  }
  return &nodes[found->second];
}

Result<Value> Run::Impl::of(std::string_view step, std::string_view what) const {
  SW_TRY(const auto* node, ended_node(step));
  if (what == "status") return Value{Value::Kind::text, std::string(status_text(*node))};
  auto& results = const_cast<Handed&>(handed);  // it remembers, nothing else
  if (what == "exit_code") {
    if (node->is_foreach || node->items.empty() || node->items[0].exit_code < 0) return Value{};
    return Value{Value::Kind::integer, std::to_string(node->items[0].exit_code)};
  }
  if (!node->is_foreach) {
    SW_TRY(const auto one, results.get(std::string(step), -1));
    return one.result.empty() ? Result<Value>(Value{}) : value_from_json(one.result);
  }
  std::string json = "[";
  for (std::size_t i = 0; i < node->items.size(); ++i) {
    SW_TRY(const auto one, results.get(std::string(step), static_cast<std::int64_t>(i)));
    if (json.size() > 1) json += ',';
    json += one.result.empty() ? "null" : one.result;
  }
  return Value{Value::Kind::list, json + "]"};
}

Result<Value> Run::Impl::one_artifact(const StepNode& node, std::int64_t item,
                                      std::string_view name) const {
  SW_TRY(const auto one, const_cast<Handed&>(handed).get(node.step->name, item));
  SW_TRY(auto path, place_artifact(setup.artifacts, one.artifacts, name, tools.blobs));
  return Value{Value::Kind::text, std::move(path)};
}

Result<Value> Run::Impl::artifact(std::string_view step, std::string_view name) const {
  SW_TRY(const auto* node, ended_node(step));
  if (!node->is_foreach) return one_artifact(*node, -1, name);
  std::string json = "[";
  for (std::size_t i = 0; i < node->items.size(); ++i) {
    SW_TRY(const auto one, one_artifact(*node, static_cast<std::int64_t>(i), name));
    if (json.size() > 1) json += ',';
    json += json_of(one);
  }
  return Value{Value::Kind::list, json + "]"};
}

// --- steps become ready
// -----------------------------------------------------------------------------

Result<void> Run::Impl::begin() {
  SW_TRY(auto rows, tools.records.steps(setup.execution.id));
  for (auto& row : rows) before[row.name].push_back(std::move(row));
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].waits_for == 0 && !nodes[i].expanded) decide(i);
  }
  return {};
}

NeedsEnd Run::Impl::needs_of(const StepNode& node) const {
  NeedsEnd out;
  out.left_out = !node.needs.empty();
  for (const auto need : node.needs) {
    out.failed |= nodes[need].end == NodeEnd::bad;
    out.left_out &= nodes[need].end == NodeEnd::left_out;
  }
  return out;
}

std::string Run::Impl::blocking(const StepNode& node) const {
  for (const auto need : node.needs) {
    if (nodes[need].end == NodeEnd::bad) return nodes[need].step->name;
  }
  return node.needs.empty() ? "" : nodes[node.needs[0]].step->name;
}

bool Run::Impl::runs_when_cancelled(const Step& step) const {
  return step.when == RunsWhen::always;
}

std::pair<int, std::size_t> Run::Impl::ready_key(std::size_t at) const {
  const auto& step = *nodes[at].step;
  const bool free = step.approval || step.pipeline;
  return {free ? std::numeric_limits<int>::min() : -step.priority, at};
}

std::optional<Run::Impl::Refusal> Run::Impl::refusal_of(const StepNode& node) const {
  const auto& step = *node.step;
  if (cancelled && !runs_when_cancelled(step)) {
    return Refusal{StepStatus::cancelled, "cancelled", false};
  }
  const auto needs = needs_of(node);
  if (step.when == RunsWhen::always) return std::nullopt;
  if (step.when == RunsWhen::a_need_failed) {
    if (needs.failed) return std::nullopt;
    return Refusal{StepStatus::skipped, "nothing that it needs failed", true};
  }
  const bool asks = !step.condition.empty() && step.condition.asks_for_needs();
  if (!asks && needs.failed) {
    return Refusal{StepStatus::skipped, "needs '" + blocking(node) + "', which did not succeed",
                   false};
  }
  if (!asks && needs.left_out) {
    return Refusal{StepStatus::skipped, "needs '" + blocking(node) + "', which was left out", true};
  }
  if (step.condition.empty() || step.condition.is_about_element()) return std::nullopt;
  const auto holds =
      step.condition.holds(scope_of(setup, {.step = &step, .outcomes = this}), needs);
  if (!holds) return Refusal{StepStatus::failed, "when: " + holds.error().message, false};
  if (*holds) return std::nullopt;
  return Refusal{StepStatus::skipped, "its condition does not hold", true};
}

// Called when everything that it needs has ended.
void Run::Impl::decide(std::size_t at) {
  if (auto refusal = refusal_of(nodes[at])) {
    end_unbegun(at, *refusal);
  } else {
    make_ready(at);
  }
}

Result<Elements> Run::Impl::elements_of(const StepNode& node) {
  const auto& step = *node.step;
  if (step.foreach->from.empty() && node.outer == nullptr) return Elements{step.foreach->items, {}};
  SW_TRY(const auto known, tools.records.items(setup.execution.id, step.name));
  if (known && before.contains(step.name)) return elements_from_json(*known);
  Elements out;
  if (node.outer == nullptr) {
    SW_TRY(out.values, expand(setup, {.step = &step, .outcomes = this}));
  } else {
    for (std::size_t i = 0; i < node.outer->values.size(); ++i) {
      ItemRef at{.step = &step, .outcomes = this};
      at.outer_item = static_cast<std::int64_t>(i);
      at.outer = &node.outer->values[i];
      auto inner = step.foreach->items;
      if (!step.foreach->from.empty()) {
        SW_TRY(inner, expand(setup, at));
      }
      if (out.values.size() + inner.size() > kMaxElements) {
        return exhausted("foreach: more than " + std::to_string(kMaxElements) + " items");
      }
      for (auto& value : inner) out.values.push_back(std::move(value));
      out.outer_items.resize(out.values.size(), static_cast<std::uint32_t>(i));
    }
  }
  changes.items.emplace_back(step.name, json_of(out));
  return out;
}

void Run::Impl::make_ready(std::size_t at) {
  auto& node = nodes[at];
  const auto found = before.find(node.step->name);
  std::vector<StepState> states;
  if (found != before.end()) states.swap(found->second);
  if (!node.step->foreach) {
    set_items(node, {}, false, states);
  } else if (auto elements = elements_of(node); elements) {
    set_items(node, *std::move(elements), true, states);
  } else {
    return end_unbegun(at, {StepStatus::failed, elements.error().message, false});
  }
  if (found != before.end()) before.erase(found);
  if (auto ok = tools.places->can_ever(*node.step); !ok) {
    return end_unbegun(at, {StepStatus::failed, ok.error().message, false});
  }
  if (node.items.empty()) {
    StepState none{.name = node.step->name, .status = StepStatus::succeeded};
    none.started = none.ended = tools.clock.now();
    changes.steps.push_back(std::move(none));
  }
  if (node.open == 0) {
    end_step(at);
  } else {
    ready.insert(ready_key(at));
  }
}

void Run::Impl::end_unbegun(std::size_t at, const Refusal& refusal) {
  auto& node = nodes[at];
  set_items(node, {}, false, {});
  end_item({at, 0}, refusal.status, refusal.why, refusal.left_out);
}

void Run::Impl::end_step(std::size_t first) {
  done_steps.push_back(first);
  if (done_steps.size() > 1) return;
  for (; !done_steps.empty(); done_steps.pop_front()) {
    auto& node = nodes[done_steps.front()];
    if (node.end != NodeEnd::open) continue;
    const bool bad = node.any_bad && !node.step->may_fail;
    const bool good = node.any_good || node.any_bad || node.items.empty();
    node.end = bad ? NodeEnd::bad : good ? NodeEnd::good : NodeEnd::left_out;
    ++ended_nodes;
    ready.erase(ready_key(done_steps.front()));
    const auto dependents = node.dependents;
    for (const auto dependent : dependents) {
      auto& next = nodes[dependent];
      if (--next.waits_for == 0 && !next.expanded && !suspended) decide(dependent);
    }
  }
}

}  // namespace slipway::pipeline
