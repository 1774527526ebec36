// SPDX-License-Identifier: Apache-2.0
#include "serving/graph_spec.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "base/text.h"
#include "graph_condition.h"
#include "graph_parse.h"

namespace slipway::serving {
namespace {

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 200 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '_' || c == '-' || c == ':' || c == '/';
         });
}

Error bad_ref(std::string_view text) {
  return invalid("'" + std::string(text.substr(0, 80)) + "' says no place of a value",
                 "write INPUT, STEP.OUTPUT, X[2], X[0:3] or X[\"column\"]");
}

// What a step needs, itself left out.
std::vector<const GraphRef*> refs_of(const GraphStep& step) {
  std::vector<const GraphRef*> out;
  const auto add = [&](const GraphRef& ref) { out.push_back(&ref); };
  for (const auto& feed : step.feeds) {
    for (const auto& ref : feed.from) add(ref);
  }
  for (const auto& each : step.cases) {
    if (each.value) add(*each.value);
    if (each.when) for_each_ref(*each.when, add);
  }
  for (const auto& ref : step.of) add(ref);
  return out;
}

// Puts each step after those that it needs; a circle is an error that names it.
class Order {
 public:
  explicit Order(GraphSpec& spec) : spec_(spec), state_(spec.steps.size(), State::fresh) {}

  Result<void> apply() {
    for (std::size_t i = 0; i < spec_.steps.size(); ++i) SW_CHECK_OK(visit(i));
    std::vector<GraphStep> sorted;
    sorted.reserve(order_.size());
    for (const auto i : order_) sorted.push_back(std::move(spec_.steps[i]));
    spec_.steps = std::move(sorted);
    return {};
  }

 private:
  enum class State { fresh, open, done };

  Result<void> visit(std::size_t i) {
    if (state_[i] == State::done) return {};
    const auto& step = spec_.steps[i];
    if (state_[i] == State::open) {
      return yaml::error_at(spec_.file, step.line, "step '" + step.name + "' needs itself",
                            "steps may only use what comes before them");
    }
    state_[i] = State::open;
    for (const auto* ref : refs_of(step)) {
      const auto* needed = spec_.find_step(ref->source);
      if (needed != nullptr) {
        SW_CHECK_OK(visit(static_cast<std::size_t>(needed - spec_.steps.data())));
      } else if (spec_.find_input(ref->source) == nullptr) {
        return unknown(*ref);
      }
    }
    state_[i] = State::done;
    order_.push_back(i);
    return {};
  }

  Error unknown(const GraphRef& ref) const {
    std::vector<std::string_view> known;
    for (const auto& input : spec_.inputs) known.push_back(input.name);
    for (const auto& step : spec_.steps) known.push_back(step.name);
    const auto near = yaml::nearest(ref.source, known);
    return yaml::error_at(spec_.file, ref.line,
                          "there is no input and no step '" + ref.source + "'",
                          near.empty() ? "name it under inputs" : "did you mean '" + near + "'?");
  }

  GraphSpec& spec_;
  std::vector<State> state_;
  std::vector<std::size_t> order_;
};

Result<void> check_outputs(const GraphSpec& spec) {
  std::set<std::string> seen;
  for (const auto& output : spec.outputs) {
    if (!seen.insert(output.name).second) {
      return yaml::error_at(spec.file, output.from.line,
                            "output '" + output.name + "' is there twice");
    }
    if (spec.find_step(output.from.source) != nullptr) continue;
    if (spec.find_input(output.from.source) != nullptr) continue;
    return yaml::error_at(
        spec.file, output.from.line,
        "output '" + output.name + "': there is no step '" + output.from.source + "'");
  }
  return {};
}

}  // namespace

std::string GraphRef::text() const {
  std::string out = source;
  if (!output.empty()) out += "." + output;
  if (!column.empty()) out += "[\"" + column + "\"]";
  if (columns) {
    out += "[" + std::to_string(columns->first);
    if (columns->second != columns->first + 1) out += ":" + std::to_string(columns->second);
    out += "]";
  }
  return out;
}

std::string GraphCall::text() const {
  if (!endpoint.empty()) return "endpoint " + endpoint;
  return model + (alias.empty() ? "/" + version : "@" + alias);
}

const GraphStep* GraphSpec::find_step(std::string_view name) const {
  const auto found = std::find_if(steps.begin(), steps.end(),
                                  [&](const GraphStep& step) { return step.name == name; });
  return found == steps.end() ? nullptr : &*found;
}

const GraphInput* GraphSpec::find_input(std::string_view name) const {
  const auto found = std::find_if(inputs.begin(), inputs.end(),
                                  [&](const GraphInput& input) { return input.name == name; });
  return found == inputs.end() ? nullptr : &*found;
}

Result<GraphRef> parse_ref(std::string_view text) {
  GraphRef out;
  auto rest = trim(text);
  const auto whole = rest;
  if (const auto open = rest.find('['); open != std::string_view::npos) {
    if (rest.back() != ']') return bad_ref(whole);
    const auto inside = trim(rest.substr(open + 1, rest.size() - open - 2));
    rest = rest.substr(0, open);
    if (inside.size() > 2 && (inside.front() == '"' || inside.front() == '\'')) {
      if (inside.back() != inside.front()) return bad_ref(whole);
      out.column = inside.substr(1, inside.size() - 2);
    } else {
      const auto colon = inside.find(':');
      const auto from = parse_int(trim(inside.substr(0, colon)));
      if (!from || *from < 0 || *from > 1'000'000) return bad_ref(whole);
      auto to = std::optional<std::int64_t>(*from + 1);
      if (colon != std::string_view::npos) to = parse_int(trim(inside.substr(colon + 1)));
      if (!to || *to <= *from || *to > 1'000'000) return bad_ref(whole);
      out.columns = {*from, *to};
    }
  }
  if (const auto dot = rest.find('.'); dot != std::string_view::npos) {
    out.output = rest.substr(dot + 1);
    rest = rest.substr(0, dot);
    if (out.output.empty()) return bad_ref(whole);
  }
  out.source = rest;
  if (!is_name(out.source)) return bad_ref(whole);
  return out;
}

Result<GraphSpec> parse_graph(std::string_view text, const std::string& file) {
  SW_TRY(const auto root, yaml::parse(text, file));
  GraphSpec out{.file = file};
  SW_CHECK_OK(GraphReader(file).read(*root, out));
  SW_CHECK_OK(Order(out).apply());
  SW_CHECK_OK(check_outputs(out));
  return out;
}

}  // namespace slipway::serving
