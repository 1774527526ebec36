// SPDX-License-Identifier: Apache-2.0
#include "graph_plan.h"

#include <algorithm>
#include <map>
#include <utility>

#include "graph_values.h"
#include "yaml/yaml.h"

namespace slipway::serving {
namespace {

// What is known of a value before there is one.
struct Known {
  TensorSpec spec;
  bool exact = true;  // false: the model says more when it answers
  std::vector<std::string> columns;
};

// A model or an endpoint, looked at.
struct Looked {
  PlannedCall call;
  Signature signature;
  std::vector<Column> columns;
  bool exact = true;
};

class Planner {
 public:
  Planner(const GraphSpec& spec, GraphModels& models) : spec_(spec), models_(models) {}

  Result<GraphPlan> run() {
    SW_CHECK_OK(look_at_models());
    SW_CHECK_OK(plan_inputs());
    for (std::size_t i = 0; i < spec_.steps.size(); ++i) SW_CHECK_OK(plan_step(i));
    for (const auto& output : spec_.outputs) {
      SW_TRY(const auto pick, pick_of(output.from, nullptr));
      plan_.outputs.push_back(pick);
      auto known = known_of(pick);
      known.name = output.name;
      plan_.signature.outputs.push_back(std::move(known));
    }
    plan_.slots = known_.size();
    return std::move(plan_);
  }

 private:
  Error fail(int line, const std::string& message, std::string hint = {}) const {
    return yaml::error_at(spec_.file, line, message, std::move(hint));
  }
  Error fail_in(const GraphStep& step, int line, const std::string& message,
                std::string hint = {}) const {
    return fail(line, "step '" + step.name + "': " + message, std::move(hint));
  }

  Result<Looked> look(const GraphCall& call) {
    Looked out;
    if (!call.endpoint.empty()) {
      SW_TRY(const auto target, models_.endpoint(call.endpoint));
      out.call.endpoint = call.endpoint;
      out.signature = target.signature();
      for (const auto& name : target.layout().names()) out.columns.push_back({name, ""});
    } else {
      SW_TRY(out.call.servable, models_.version(call));
      out.signature = out.call.servable->signature();
      out.columns = out.call.servable->package().columns;
    }
    out.exact = !out.signature.bodies;
    if (out.signature.only_bodies) {
      return Error{Code::failed_precondition,
                   call.text() + " takes whole requests only, no tensors",
                   "log the model with a signature of plain columns"};
    }
    return out;
  }

  Result<void> look_at_models() {
    for (const auto& step : spec_.steps) {
      std::vector<Looked> all;
      const auto add = [&](const GraphCall& call, int line) -> Result<void> {
        auto looked = look(call);
        if (!looked) {
          auto error = fail_in(step, line, looked.error().message, looked.error().hint);
          error.code = looked.error().code;
          return error;
        }
        all.push_back(*std::move(looked));
        return check_feeds(step, all.back());
      };
      if (step.call.is_set()) SW_CHECK_OK(add(step.call, step.line));
      for (const auto& each : step.cases) {
        if (each.call.is_set()) SW_CHECK_OK(add(each.call, each.line));
      }
      looked_.push_back(std::move(all));
    }
    return {};
  }

  // Every input that a step names is one of the model's.
  Result<void> check_feeds(const GraphStep& step, const Looked& looked) const {
    const auto& wanted = looked.signature.inputs;
    for (const auto& feed : step.feeds) {
      if (feed.input.empty() && wanted.size() == 1) continue;
      const bool known = std::any_of(wanted.begin(), wanted.end(),
                                     [&](const auto& spec) { return spec.name == feed.input; });
      if (known) continue;
      std::string names;
      for (const auto& spec : wanted) names += (names.empty() ? "" : ", ") + spec.name;
      return fail_in(step, feed.line,
                     feed.input.empty() ? "the model has several inputs"
                                        : "the model has no input '" + feed.input + "'",
                     "it takes " + names);
    }
    return {};
  }

  // The inputs that were not described are what the first model that takes them whole takes.
  Result<void> plan_inputs() {
    for (const auto& input : spec_.inputs) {
      Known known{.spec = {.name = input.name}, .exact = true, .columns = input.columns};
      const auto [looked, taken] = taker_of(input.name);
      if (taken != nullptr) {
        known.spec = *taken;
        known.spec.name = input.name;
        const bool wide = looked->signature.inputs.size() == 1;
        for (const auto& column : looked->columns) {
          const bool here = wide || column.name == taken->name;
          if (here && input.columns.empty() && wide) known.columns.push_back(column.name);
          if (here) plan_.columns.push_back(wide ? column : Column{input.name, column.type});
        }
      } else if (!input.dtype) {
        return fail(input.line, "the type of input '" + input.name + "' is not known",
                    "describe it: {name: " + input.name + ", dtype: FP32, shape: [-1, 4]}");
      }
      if (input.dtype) {
        known.spec.dtype = *input.dtype;
        known.spec.any_number = false;
      }
      if (input.shape) {
        known.spec.shape = *input.shape;
      } else if (taken == nullptr) {
        known.spec.shape = {-1};
      }
      plan_.signature.inputs.push_back(known.spec);
      known_.push_back(std::move(known));
    }
    if (spec_.inputs.size() == 1 && !spec_.inputs[0].columns.empty()) {
      plan_.columns.clear();
      for (const auto& name : spec_.inputs[0].columns) plan_.columns.push_back({name, ""});
    }
    if (spec_.inputs.size() > 1 && plan_.columns.size() != spec_.inputs.size()) {
      plan_.columns.clear();
    }
    return {};
  }

  std::pair<const Looked*, const TensorSpec*> taker_of(const std::string& input) const {
    for (std::size_t i = 0; i < spec_.steps.size(); ++i) {
      const auto& step = spec_.steps[i];
      for (const auto& looked : looked_[i]) {
        for (const auto& wanted : looked.signature.inputs) {
          const auto* feed = feed_of(step, looked, wanted.name);
          if (feed == nullptr) {
            if (step.feeds.empty() && input == fallback_of(looked, wanted.name)) {
              return {&looked, &wanted};
            }
            continue;
          }
          const auto& from = feed->from;
          if (from.size() == 1 && from[0].source == input && from[0].column.empty() &&
              !from[0].columns) {
            return {&looked, &wanted};
          }
        }
      }
    }
    return {nullptr, nullptr};
  }

  static const GraphFeed* feed_of(const GraphStep& step, const Looked& looked,
                                  const std::string& input) {
    for (const auto& feed : step.feeds) {
      const bool only = feed.input.empty() && looked.signature.inputs.size() == 1;
      if (only || feed.input == input) return &feed;
    }
    return nullptr;
  }

  // What feeds an input that the step does not mention: the graph's of the same name, or the only.
  std::string fallback_of(const Looked& looked, const std::string& input) const {
    if (spec_.find_input(input) != nullptr) return input;
    if (looked.signature.inputs.size() == 1 && spec_.inputs.size() == 1) {
      return spec_.inputs[0].name;
    }
    return {};
  }

  TensorSpec known_of(const GraphPick& pick) const {
    auto spec = known_[pick.slot].spec;
    if (pick.to > 0) {
      if (spec.shape.size() < 2) {
        spec.shape.push_back(pick.to - pick.from);
      } else {
        spec.shape.back() = pick.to - pick.from;
      }
    }
    return spec;
  }

  // `needs` gets the step that the value comes from.
  Result<GraphPick> pick_of(const GraphRef& ref, std::vector<std::size_t>* needs) {
    GraphPick out;
    if (const auto* input = spec_.find_input(ref.source); input != nullptr) {
      out.slot = static_cast<std::size_t>(input - spec_.inputs.data());
      if (!ref.output.empty()) {
        return fail(ref.line,
                    "'" + ref.source + "' is an input and has no output '" + ref.output + "'",
                    "a column is written " + ref.source + "[\"" + ref.output + "\"]");
      }
    } else {
      SW_TRY(out.slot, slot_of(ref, needs));
    }
    const auto& known = known_[out.slot];
    if (!ref.column.empty()) {
      const auto at = std::find(known.columns.begin(), known.columns.end(), ref.column);
      if (at == known.columns.end()) {
        std::vector<std::string_view> names(known.columns.begin(), known.columns.end());
        const auto near = yaml::nearest(ref.column, names);
        return fail(ref.line, "'" + ref.source + "' has no column '" + ref.column + "'",
                    near.empty() ? "name the columns of the input, or write its number"
                                 : "did you mean '" + near + "'?");
      }
      out.from = at - known.columns.begin();
      out.to = out.from + 1;
    } else if (ref.columns) {
      out.from = ref.columns->first;
      out.to = ref.columns->second;
    }
    const auto& shape = known.spec.shape;
    const auto width = shape.size() < 2 ? 1 : shape.back();
    if (known.exact && out.to > 0 && width >= 0 && out.to > width) {
      return fail(ref.line,
                  "'" + ref.text() + "': there are " + std::to_string(width) + " columns");
    }
    return out;
  }

  Result<std::size_t> slot_of(const GraphRef& ref, std::vector<std::size_t>* needs) {
    for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
      auto& step = plan_.steps[i];
      if (step.name != ref.source) continue;
      if (needs != nullptr && std::find(needs->begin(), needs->end(), i) == needs->end()) {
        needs->push_back(i);
      }
      if (ref.output.empty() && !step.slots.empty()) return step.slots.front();
      const auto at = std::find(step.outputs.begin(), step.outputs.end(), ref.output);
      if (at != step.outputs.end()) {
        return step.slots[static_cast<std::size_t>(at - step.outputs.begin())];
      }
      if (step.exact) {
        std::string names;
        for (const auto& name : step.outputs) names += (names.empty() ? "" : ", ") + name;
        return fail(ref.line, "step '" + ref.source + "' has no output '" + ref.output + "'",
                    "it has " + names);
      }
      add_output(step, {.spec = {.name = ref.output, .dtype = DType::fp64, .shape = {-1}},
                        .exact = false,
                        .columns = {}});
      return step.slots.back();
    }
    return fail(ref.line, "there is no step '" + ref.source + "'");
  }

  void add_output(PlannedStep& step, Known known) {
    step.outputs.push_back(known.spec.name);
    step.slots.push_back(known_.size());
    known_.push_back(std::move(known));
  }

  Result<void> plan_step(std::size_t index) {
    const auto& step = spec_.steps[index];
    PlannedStep out{.kind = step.kind, .name = step.name, .function = step.function};
    auto& looked = looked_[index];
    std::vector<Known> answers;
    switch (step.kind) {
      case GraphStep::Kind::call: {
        SW_TRY(out.call, plan_call(step, looked.front(), step.line, out.needs));
        answers = answers_of(looked.front());
        break;
      }
      case GraphStep::Kind::choose: {
        SW_TRY(answers, plan_cases(step, looked, out));
        break;
      }
      case GraphStep::Kind::combine:
      case GraphStep::Kind::apply: {
        SW_TRY(auto known, plan_function(step, out));
        answers.push_back(std::move(known));
        break;
      }
    }
    for (auto& known : answers) {
      out.exact = out.exact && known.exact;
      add_output(out, std::move(known));
    }
    plan_.steps.push_back(std::move(out));
    return {};
  }

  static std::vector<Known> answers_of(const Looked& looked) {
    std::vector<Known> out;
    for (const auto& spec : looked.signature.outputs) {
      out.push_back({.spec = spec, .exact = looked.exact, .columns = {}});
    }
    return out;
  }

  Result<PlannedCall> plan_call(const GraphStep& step, const Looked& looked, int line,
                                std::vector<std::size_t>& needs) {
    PlannedCall out = looked.call;
    const auto& wanted = looked.signature.inputs;
    for (const auto& spec : wanted) {
      std::vector<GraphRef> from;
      if (const auto* feed = feed_of(step, looked, spec.name); feed != nullptr) {
        from = feed->from;
      } else if (const auto name = fallback_of(looked, spec.name); step.feeds.empty()) {
        if (!name.empty()) from.push_back({.source = name, .line = line});
      }
      if (from.empty()) {
        return fail_in(step, line, "nothing is given for the model's input '" + spec.name + "'",
                       "write inputs: {" + spec.name + ": WHERE}");
      }
      SW_TRY(auto feed, plan_feed(step, spec, from, needs));
      out.feeds.push_back(std::move(feed));
    }
    return out;
  }

  Result<PlannedFeed> plan_feed(const GraphStep& step, const TensorSpec& wanted,
                                const std::vector<GraphRef>& from,
                                std::vector<std::size_t>& needs) {
    PlannedFeed out{.spec = wanted};
    std::vector<TensorSpec> parts;
    bool exact = true;
    for (const auto& ref : from) {
      SW_TRY(const auto pick, pick_of(ref, &needs));
      out.parts.push_back(pick);
      parts.push_back(known_of(pick));
      exact = exact && known_[pick.slot].exact;
    }
    if (!exact) return out;
    auto given = parts.size() == 1 ? Result<TensorSpec>(parts.front())
                                   : spec_of_combined({.name = "concat"}, parts);
    if (!given) return fail_in(step, from.front().line, given.error().message);
    SW_CHECK_OK(check(step, wanted, *given, from.front()));
    return out;
  }

  Result<void> check(const GraphStep& step, const TensorSpec& wanted, const TensorSpec& given,
                     const GraphRef& from) const {
    const bool numbers = wanted.dtype != DType::bytes && given.dtype != DType::bytes;
    const bool floats = wanted.dtype == DType::fp32 || wanted.dtype == DType::fp64;
    if (wanted.dtype != given.dtype && !(numbers && (floats || wanted.any_number))) {
      return fail_in(step, from.line,
                     "input '" + wanted.name + "' takes " + std::string(name_of(wanted.dtype)) +
                         ", '" + from.text() + "' is " + std::string(name_of(given.dtype)),
                     "put a step with apply: cast between");
    }
    Shape have = given.shape;
    if (wanted.shape.size() == 2 && have.size() == 1) have.push_back(1);
    if (wanted.shape.size() == 1 && have.size() == 2 && have[1] == 1) have.pop_back();
    bool fits = wanted.shape.size() == have.size();
    for (std::size_t i = 0; fits && i < have.size(); ++i) {
      fits = wanted.shape[i] < 0 || have[i] < 0 || wanted.shape[i] == have[i];
    }
    if (fits) return {};
    return fail_in(step, from.line,
                   "input '" + wanted.name + "' takes shape " + text_of(wanted.shape) + ", '" +
                       from.text() + "' has " + text_of(given.shape));
  }

  Result<std::vector<Known>> plan_cases(const GraphStep& step, const std::vector<Looked>& looked,
                                        PlannedStep& out) {
    std::vector<Known> answers;
    std::size_t next = 0;
    for (const auto& each : step.cases) {
      PlannedCase planned;
      if (each.when != nullptr) {
        SW_TRY(planned.when,
               placed(*each.when, [&](const GraphRef& ref) { return ask(step, ref, out); }));
      }
      std::vector<Known> mine;
      if (each.value) {
        SW_TRY(planned.value, pick_of(*each.value, &out.needs));
        mine.push_back({.spec = known_of(planned.value),
                        .exact = known_[planned.value.slot].exact,
                        .columns = {}});
        mine.front().spec.name = "value";
      } else {
        const auto& model = looked[next++];
        SW_TRY(planned.call, plan_call(step, model, each.line, out.needs));
        mine = answers_of(model);
      }
      out.cases.push_back(std::move(planned));
      if (answers.empty()) {
        answers = std::move(mine);
        continue;
      }
      if (answers.size() != mine.size() && answers.front().exact && mine.front().exact) {
        return fail_in(step, each.line,
                       "this case answers " + std::to_string(mine.size()) +
                           " values, the first one " + std::to_string(answers.size()));
      }
      for (std::size_t i = 0; i < answers.size() && i < mine.size(); ++i) {
        answers[i].exact =
            answers[i].exact && mine[i].exact && answers[i].spec.dtype == mine[i].spec.dtype;
      }
    }
    return answers;
  }

  // A value that a condition looks at: one a row.
  Result<std::size_t> ask(const GraphStep& step, const GraphRef& ref, PlannedStep& out) {
    SW_TRY(const auto pick, pick_of(ref, &out.needs));
    const auto spec = known_of(pick);
    const auto& shape = spec.shape;
    const bool one = shape.size() == 1 || (shape.size() == 2 && (shape[1] == 1 || shape[1] < 0));
    if (!one && known_[pick.slot].exact) {
      return fail_in(step, ref.line, "'" + ref.text() + "' has several values a row",
                     "say which: " + ref.text() + "[0]");
    }
    out.asked.push_back(pick);
    return out.asked.size() - 1;
  }

  Result<Known> plan_function(const GraphStep& step, PlannedStep& out) {
    std::vector<TensorSpec> specs;
    bool exact = true;
    for (const auto& ref : step.of) {
      SW_TRY(const auto pick, pick_of(ref, &out.needs));
      out.of.push_back(pick);
      specs.push_back(known_of(pick));
      exact = exact && known_[pick.slot].exact;
    }
    auto spec = step.kind == GraphStep::Kind::combine ? spec_of_combined(step.function, specs)
                                                      : spec_of_applied(step.function, specs[0]);
    if (!spec) {
      if (exact) return fail_in(step, step.line, spec.error().message, spec.error().hint);
      spec = specs.front();
    }
    spec->name = "value";
    return Known{.spec = *std::move(spec), .exact = exact, .columns = {}};
  }

  const GraphSpec& spec_;
  GraphModels& models_;
  std::vector<std::vector<Looked>> looked_;  // by step
  std::vector<Known> known_;                 // by slot
  GraphPlan plan_;
};

}  // namespace

Result<GraphPlan> plan_graph(const GraphSpec& spec, GraphModels& models) {
  return Planner(spec, models).run();
}

}  // namespace slipway::serving
