// SPDX-License-Identifier: Apache-2.0
#include "needs.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/expression.h"
#include "yaml/yaml.h"

namespace slipway::pipeline {
namespace {

using Path = std::vector<std::pair<std::size_t, std::size_t>>;  // step, the next need to look at

Error cycle_error(const Definition& definition, const Path& path, std::size_t closing,
                  const std::string& file) {
  std::string cycle;
  bool inside = false;
  for (const auto& [step, next] : path) {
    inside |= step == closing;
    if (inside) cycle += definition.steps[step].name + " -> ";
  }
  return yaml::error_at(
      file, definition.steps[closing].line,
      "the steps need each other in a circle: " + cycle + definition.steps[closing].name);
}

}  // namespace

// Whoever reads what another step writes comes after it, said or not.
void add_needs_by_path(Definition& definition) {
  std::map<std::string, std::string> makers;
  for (const auto& step : definition.steps) {
    for (const auto& output : step.outputs) {
      if (output.find("{{") == output.npos) makers.emplace(output, step.name);
    }
  }
  for (auto& step : definition.steps) {
    auto read = step.inputs;
    if (step.foreach && step.foreach->from.starts_with('@')) {
      read.push_back(step.foreach->from.substr(1));
    }
    if (step.check) read.push_back(step.check->data);
    for (const auto& input : read) {
      const auto found = makers.find(input);
      if (found == makers.end() || found->second == step.name) continue;
      if (std::find(step.needs.begin(), step.needs.end(), found->second) == step.needs.end()) {
        step.needs.push_back(found->second);
      }
    }
  }
}

namespace {

std::vector<std::string> steps_of(const Definition& definition, const Step& step) {
  std::vector<std::string> out = step.condition.steps();
  const auto add = [&](const std::string& text) {
    if (text.find("{{") == text.npos) return;
    for (auto& name : steps_in(text)) out.push_back(std::move(name));
  };
  add(step.run);
  for (const auto* list : {&step.inputs, &step.outputs}) {
    for (const auto& text : *list) add(text);
  }
  for (const auto* list : {&definition.env, &step.env, &step.artifacts}) {
    for (const auto& [name, text] : *list) add(text);
  }
  if (step.gate) {
    for (const auto* text :
         {&step.gate->policy, &step.gate->model, &step.gate->version, &step.gate->endpoint}) {
      add(*text);
    }
  }
  if (step.check) add(step.check->data), add(step.check->suite);
  if (step.approval) add(step.approval->message);
  if (step.pipeline) {
    add(step.pipeline->file);
    for (const auto& [name, text] : step.pipeline->params) add(text);
  }
  if (step.foreach) {
    add(step.foreach->from);
    if (!step.foreach->each.empty()) out.push_back(step.foreach->each);
  }
  return out;
}

}  // namespace

void add_needs_by_reference(Definition& definition) {
  for (auto& step : definition.steps) {
    for (const auto& name : steps_of(definition, step)) {
      if (std::find(step.needs.begin(), step.needs.end(), name) == step.needs.end()) {
        step.needs.push_back(name);
      }
    }
  }
}

void add_needs_of_handlers(Definition& definition) {
  std::vector<bool> handlers;
  for (const auto& step : definition.steps) {
    const bool after = step.when == RunsWhen::always || step.when == RunsWhen::a_need_failed ||
                       step.condition.asks_for_needs();
    handlers.push_back(after && step.needs.empty());
  }
  for (std::size_t i = 0; i < handlers.size(); ++i) {
    if (!handlers[i]) continue;
    for (std::size_t j = 0; j < handlers.size(); ++j) {
      if (!handlers[j]) definition.steps[i].needs.push_back(definition.steps[j].name);
    }
  }
}

Result<void> check_needs(const Definition& definition, const std::string& file) {
  std::vector<std::string_view> names;
  names.reserve(definition.steps.size());
  for (const auto& step : definition.steps) names.push_back(step.name);
  const std::set<std::string_view> known(names.begin(), names.end());
  for (const auto& step : definition.steps) {
    for (const auto& need : step.needs) {
      if (known.contains(need)) continue;
      const auto meant = yaml::nearest(need, names);
      return yaml::error_at(
          file, step.line,
          "step '" + step.name + "' needs '" + need.substr(0, 80) + "', which is not a step",
          meant.empty() ? "" : "did you mean '" + meant + "'?");
    }
    if (!step.foreach || step.foreach->each.empty()) continue;
    const auto* outer = definition.find(step.foreach->each);
    if (outer->foreach) continue;
    return yaml::error_at(file, step.line,
                          "step '" + step.name + "' goes through the elements of '" + outer->name +
                              "', which has no 'foreach'");
  }
  return {};
}

// Depth first without recursion; the message spells the whole cycle.
Result<void> check_cycles(const Definition& definition, const std::string& file) {
  std::map<std::string_view, std::size_t> index;
  for (std::size_t i = 0; i < definition.steps.size(); ++i) index[definition.steps[i].name] = i;
  enum class Mark { fresh, open, done };
  std::vector<Mark> marks(definition.steps.size(), Mark::fresh);
  for (std::size_t start = 0; start < definition.steps.size(); ++start) {
    Path path;
    if (marks[start] == Mark::fresh) path.emplace_back(start, 0);
    while (!path.empty()) {
      const auto step = path.back().first;
      marks[step] = Mark::open;
      const auto& needs = definition.steps[step].needs;
      if (path.back().second == needs.size()) {
        marks[step] = Mark::done;
        path.pop_back();
        continue;
      }
      const auto need = index[needs[path.back().second++]];
      if (marks[need] == Mark::open) return cycle_error(definition, path, need, file);
      if (marks[need] == Mark::fresh) path.emplace_back(need, 0);
    }
  }
  return {};
}

}  // namespace slipway::pipeline
