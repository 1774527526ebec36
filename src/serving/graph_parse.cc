// SPDX-License-Identifier: Apache-2.0
#include "graph_parse.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <utility>

#include "base/text.h"
#include "graph_condition.h"

namespace slipway::serving {
namespace {

using yaml::Node;
using Kind = Node::Kind;

constexpr std::size_t kMostSteps = 100;
constexpr std::size_t kMostCases = 100;

const std::vector<std::string_view>& combinations() {
  static const std::vector<std::string_view> names{"mean", "weighted", "median", "min",   "max",
                                                   "sum",  "product",  "vote",   "concat"};
  return names;
}

// What each transformation may be told.
const std::map<std::string_view, std::vector<std::string_view>>& transformations() {
  static const std::map<std::string_view, std::vector<std::string_view>> names{
      {"softmax", {}},
      {"sigmoid", {}},
      {"exp", {}},
      {"log", {}},
      {"round", {}},
      {"argmax", {}},
      {"threshold", {"at"}},
      {"clip", {"least", "most"}},
      {"scale", {"subtract", "divide"}},
      {"fill", {"with"}},
      {"cast", {"dtype"}},
      {"labels", {"labels"}}};
  return names;
}

std::string joined(const std::vector<std::string_view>& words) {
  std::string out;
  for (const auto word : words) out += (out.empty() ? "" : ", ") + std::string(word);
  return out;
}

}  // namespace

Error GraphReader::fail(const Node& node, const std::string& message, std::string hint) const {
  return yaml::error_at(file_, node.line, message, std::move(hint));
}

Result<std::string> GraphReader::name_of(const Node& node, std::string_view what) const {
  const auto& text = node.text;
  const bool good = node.is_scalar() && node.kind != Kind::null && !text.empty() &&
                    text.size() <= 200 &&
                    std::all_of(text.begin(), text.end(), [](unsigned char c) {
                      return std::isalnum(c) != 0 || c == '_' || c == '-' || c == ':' || c == '/';
                    });
  if (good) return text;
  return fail(node, std::string(what) + " '" + text.substr(0, 80) + "' is not a name",
              "use letters, digits, - and _");
}

Result<std::string> GraphReader::text_of(const Node& map, std::string_view key) const {
  const auto* node = map.find(key);
  if (node == nullptr) return std::string();
  if (!node->is_scalar() || node->kind == Kind::null || node->text.empty()) {
    return fail(*node, std::string(key) + " must be text, it is " + std::string(kind_of(*node)));
  }
  return node->text;
}

Result<double> GraphReader::number_of(const Node& node) const {
  const auto value = node.is_scalar() ? parse_double(node.text) : std::nullopt;
  if (!value || !std::isfinite(*value)) {
    return fail(node, "'" + node.text.substr(0, 40) + "' is not a number");
  }
  return *value;
}

Result<std::vector<double>> GraphReader::numbers_of(const Node& node) const {
  std::vector<double> out;
  if (node.kind != Kind::list) {
    SW_TRY(const auto one, number_of(node));
    out.push_back(one);
    return out;
  }
  for (const auto& item : node.items) {
    SW_TRY(const auto value, number_of(*item));
    out.push_back(value);
  }
  return out;
}

Result<GraphRef> GraphReader::ref_of(const Node& node) const {
  if (!node.is_scalar() || node.kind == Kind::null) {
    return fail(node, "expected where a value comes from, got " + std::string(kind_of(node)),
                "write INPUT or STEP.OUTPUT");
  }
  auto ref = parse_ref(node.text);
  if (!ref) return fail(node, ref.error().message, ref.error().hint);
  ref->line = node.line;
  return ref;
}

Result<std::vector<GraphRef>> GraphReader::refs_of(const Node& node) const {
  std::vector<GraphRef> out;
  if (node.kind != Kind::list) {
    SW_TRY(auto ref, ref_of(node));
    out.push_back(std::move(ref));
    return out;
  }
  for (const auto& item : node.items) {
    SW_TRY(auto ref, ref_of(*item));
    out.push_back(std::move(ref));
  }
  if (out.empty()) return fail(node, "the list is empty");
  return out;
}

Result<void> GraphReader::read(const Node& root, GraphSpec& out) {
  if (root.kind != Kind::map) {
    return fail(root, "a graph is a map with inputs, steps and outputs");
  }
  SW_CHECK_OK(yaml::only(root, {"name", "inputs", "steps", "outputs"}, file_, "a graph"));
  const auto* inputs = root.find("inputs");
  if (inputs == nullptr) return fail(root, "inputs is missing", "name what the graph takes: [X]");
  SW_CHECK_OK(read_inputs(*inputs, out));
  const auto* steps = root.find("steps");
  if (steps == nullptr || steps->kind != Kind::list || steps->items.empty()) {
    return fail(steps == nullptr ? root : *steps, "steps is missing or empty");
  }
  if (steps->items.size() > kMostSteps) {
    return fail(*steps, "a graph has at most " + std::to_string(kMostSteps) + " steps");
  }
  for (const auto& item : steps->items) {
    SW_TRY(auto step, read_step(*item));
    if (out.find_step(step.name) != nullptr || out.find_input(step.name) != nullptr) {
      return fail(*item, "the name '" + step.name + "' is taken");
    }
    out.steps.push_back(std::move(step));
  }
  const auto* outputs = root.find("outputs");
  if (outputs == nullptr) {
    return fail(root, "outputs is missing", "say what the graph answers: {price: STEP.OUTPUT}");
  }
  return read_outputs(*outputs, out);
}

Result<void> GraphReader::read_inputs(const Node& node, GraphSpec& out) {
  if (node.kind != Kind::list || node.items.empty()) {
    return fail(node, "inputs must be a list with at least one name");
  }
  for (const auto& item : node.items) {
    SW_TRY(auto input, read_input(*item));
    if (out.find_input(input.name) != nullptr) {
      return fail(*item, "input '" + input.name + "' is there twice");
    }
    out.inputs.push_back(std::move(input));
  }
  return {};
}

Result<GraphInput> GraphReader::read_input(const Node& node) {
  GraphInput out{.line = node.line};
  if (node.kind != Kind::map) {
    SW_TRY(out.name, name_of(node, "input"));
    return out;
  }
  SW_CHECK_OK(yaml::only(node, {"name", "dtype", "shape", "columns"}, file_, "an input"));
  const auto* name = node.find("name");
  if (name == nullptr) return fail(node, "an input has no name");
  SW_TRY(out.name, name_of(*name, "input"));
  SW_TRY(const auto dtype, text_of(node, "dtype"));
  if (!dtype.empty()) {
    out.dtype = parse_dtype(dtype);
    if (!out.dtype) {
      return fail(*node.find("dtype"), "there is no dtype '" + dtype + "'",
                  "write FP32, FP64, INT64, BOOL, BYTES ..");
    }
  }
  if (const auto* shape = node.find("shape")) {
    SW_TRY(const auto numbers, numbers_of(*shape));
    out.shape.emplace();
    for (const auto n : numbers) {
      if (n != std::floor(n) || n < -1 || n == 0 || n > 1e9) {
        return fail(*shape, "a shape is a list like [-1, 4]; -1 is any number");
      }
      out.shape->push_back(static_cast<std::int64_t>(n));
    }
  }
  if (const auto* columns = node.find("columns")) {
    if (columns->kind != Kind::list) return fail(*columns, "columns must be a list of names");
    for (const auto& column : columns->items) out.columns.push_back(column->text);
  }
  return out;
}

Result<GraphStep> GraphReader::read_step(const Node& node) {
  if (node.kind != Kind::map) return fail(node, "a step is a map");
  GraphStep out{.line = node.line};
  const auto* name = node.find("name");
  if (name == nullptr) return fail(node, "a step has no name");
  SW_TRY(out.name, name_of(*name, "step"));
  constexpr std::string_view kKinds[] = {"model", "endpoint", "switch", "combine", "apply"};
  std::string_view kind;
  for (const auto each : kKinds) {
    if (node.find(each) == nullptr) continue;
    if (!kind.empty()) {
      return fail(node, "step '" + out.name + "' has both " + std::string(kind) + " and " +
                            std::string(each));
    }
    kind = each;
  }
  if (kind.empty()) {
    return fail(node, "step '" + out.name + "' does nothing",
                "give it model, endpoint, switch, combine or apply");
  }
  if (kind == "combine") {
    SW_CHECK_OK(read_combine(node, out));
    return out;
  }
  if (kind == "apply") {
    SW_CHECK_OK(read_apply(node, out));
    return out;
  }
  SW_CHECK_OK(
      yaml::only(node, {"name", kind, "inputs"}, file_, "a step with " + std::string(kind)));
  if (const auto* inputs = node.find("inputs")) {
    SW_TRY(out.feeds, read_feeds(*inputs));
  }
  if (kind == "switch") {
    SW_CHECK_OK(read_cases(*node.find("switch"), out));
    return out;
  }
  SW_TRY(out.call, read_call(node));
  return out;
}

// MODEL@ALIAS, MODEL/VERSION, or the name of an endpoint.
Result<GraphCall> GraphReader::read_call(const Node& map) {
  GraphCall out;
  SW_TRY(out.endpoint, text_of(map, "endpoint"));
  SW_TRY(const auto model, text_of(map, "model"));
  if (model.empty()) return out;
  const auto at = model.find_last_of("@/");
  if (at == std::string::npos || at == 0 || at + 1 == model.size()) {
    return fail(*map.find("model"), "'" + model.substr(0, 80) + "' names no version of a model",
                "write MODEL@ALIAS or MODEL/VERSION");
  }
  out.model = model.substr(0, at);
  (model[at] == '@' ? out.alias : out.version) = model.substr(at + 1);
  const auto number = parse_int(out.version);
  if (out.alias.empty() && (!number || *number < 1)) {
    return fail(*map.find("model"), "'" + out.version + "' is not the number of a version",
                "write MODEL@ALIAS or MODEL/VERSION");
  }
  return out;
}

Result<std::vector<GraphFeed>> GraphReader::read_feeds(const Node& node) {
  std::vector<GraphFeed> out;
  if (node.kind != Kind::map) {
    SW_TRY(auto from, refs_of(node));
    out.push_back({.input = {}, .from = std::move(from), .line = node.line});
    return out;
  }
  for (std::size_t i = 0; i < node.members.size(); ++i) {
    const auto& [input, value] = node.members[i];
    SW_TRY(auto from, refs_of(*value));
    out.push_back({.input = input, .from = std::move(from), .line = node.key_lines[i]});
  }
  return out;
}

Result<void> GraphReader::read_cases(const Node& node, GraphStep& out) {
  out.kind = GraphStep::Kind::choose;
  if (node.kind != Kind::list || node.items.empty()) return fail(node, "switch is a list of cases");
  if (node.items.size() > kMostCases) return fail(node, "a switch has at most 100 cases");
  for (const auto& item : node.items) {
    if (!out.cases.empty() && out.cases.back().when == nullptr) {
      return fail(*item, "a case after else is never reached");
    }
    SW_TRY(auto each, read_case(*item));
    out.cases.push_back(std::move(each));
  }
  return {};
}

Result<GraphCase> GraphReader::read_case(const Node& node) {
  if (node.kind != Kind::map) return fail(node, "a case is a map with when or else");
  SW_CHECK_OK(yaml::only(node, {"when", "else", "model", "endpoint", "value"}, file_, "a case"));
  GraphCase out{.line = node.line};
  const auto* when = node.find("when");
  const auto* other = node.find("else");
  if ((when == nullptr) == (other == nullptr)) return fail(node, "a case has either when or else");
  if (when != nullptr) {
    auto condition = parse_condition(when->text, when->line);
    if (!condition) return fail(*when, condition.error().message, condition.error().hint);
    out.when = *std::move(condition);
  }
  // `else: {model: ..}` is the same as `else:` beside `model: ..`.
  const auto& map = other != nullptr && other->kind == Kind::map ? *other : node;
  SW_CHECK_OK(yaml::only(map, {"when", "else", "model", "endpoint", "value"}, file_, "a case"));
  SW_TRY(out.call, read_call(map));
  if (const auto* value = map.find("value")) {
    SW_TRY(auto ref, ref_of(*value));
    out.value = std::move(ref);
  }
  const int given = static_cast<int>(!out.call.model.empty()) +
                    static_cast<int>(!out.call.endpoint.empty()) +
                    static_cast<int>(out.value.has_value());
  if (given != 1) return fail(node, "a case has one of model, endpoint and value");
  return out;
}

Result<void> GraphReader::read_combine(const Node& node, GraphStep& out) {
  out.kind = GraphStep::Kind::combine;
  SW_CHECK_OK(yaml::only(node, {"name", "combine", "of", "weights"}, file_, "a combine step"));
  SW_TRY(out.function.name, text_of(node, "combine"));
  const auto& known = combinations();
  if (std::find(known.begin(), known.end(), out.function.name) == known.end()) {
    return fail(*node.find("combine"),
                "'" + out.function.name.substr(0, 40) + "' is no way to combine",
                "one of " + joined(known));
  }
  const auto* of = node.find("of");
  if (of == nullptr) return fail(node, "of is missing", "list what is combined");
  SW_TRY(out.of, refs_of(*of));
  const auto* weights = node.find("weights");
  const bool weighs = out.function.name == "weighted" || out.function.name == "vote";
  if (weights == nullptr) {
    if (out.function.name == "weighted") return fail(node, "weights is missing");
    return {};
  }
  if (!weighs)
    return fail(*weights, out.function.name + " takes no weights", "use weighted or vote");
  SW_TRY(out.function.weights, numbers_of(*weights));
  double sum = 0;
  for (const auto weight : out.function.weights) {
    if (weight < 0) return fail(*weights, "a weight is negative");
    sum += weight;
  }
  if (out.function.weights.size() != out.of.size() || sum <= 0) {
    return fail(*weights, std::to_string(out.function.weights.size()) + " weights for " +
                              std::to_string(out.of.size()) +
                              " values, not all of them 0, expected");
  }
  return {};
}

Result<void> GraphReader::read_apply(const Node& node, GraphStep& out) {
  out.kind = GraphStep::Kind::apply;
  SW_TRY(out.function.name, text_of(node, "apply"));
  const auto known = transformations().find(out.function.name);
  if (known == transformations().end()) {
    std::vector<std::string_view> names;
    for (const auto& [name, settings] : transformations()) names.push_back(name);
    return fail(*node.find("apply"),
                "there is no transformation '" + out.function.name.substr(0, 40) + "'",
                "one of " + joined(names));
  }
  auto keys = known->second;
  keys.insert(keys.end(), {"name", "apply", "to"});
  SW_CHECK_OK(yaml::only(node, keys, file_, "apply: " + out.function.name));
  const auto* to = node.find("to");
  if (to == nullptr) return fail(node, "to is missing", "say what it is applied to");
  SW_TRY(auto ref, ref_of(*to));
  out.of.push_back(std::move(ref));
  for (const auto& [key, value] : node.members) {
    if (key == "name" || key == "apply" || key == "to") continue;
    SW_CHECK_OK(read_setting(key, *value, out.function));
  }
  if (out.function.name == "cast" && node.find("dtype") == nullptr) {
    return fail(node, "dtype is missing");
  }
  if (out.function.name == "labels" && out.function.labels.empty()) {
    return fail(node, "labels is missing");
  }
  return {};
}

Result<void> GraphReader::read_setting(const std::string& key, const Node& value,
                                       GraphFunction& out) {
  if (key == "dtype") {
    const auto dtype = parse_dtype(value.text);
    if (!dtype || *dtype == DType::fp16 || *dtype == DType::bf16) {
      return fail(value, "there is no dtype '" + value.text.substr(0, 40) + "' to cast to",
                  "write FP32, FP64, INT64, BOOL, BYTES ..");
    }
    out.dtype = *dtype;
    return {};
  }
  if (key == "labels") {
    if (value.kind != Kind::list) return fail(value, "labels must be a list of texts");
    for (const auto& item : value.items) out.labels.push_back(item->text);
    return {};
  }
  if (key == "subtract" || key == "divide") {
    SW_TRY(auto numbers, numbers_of(value));
    if (key == "divide" && std::find(numbers.begin(), numbers.end(), 0.0) != numbers.end()) {
      return fail(value, "divide has a 0 in it");
    }
    (key == "divide" ? out.divide : out.subtract) = std::move(numbers);
    return {};
  }
  SW_TRY(const auto number, number_of(value));
  if (key == "at") out.at = number;
  if (key == "with") out.fill = number;
  if (key == "least") out.least = number;
  if (key == "most") out.most = number;
  return {};
}

Result<void> GraphReader::read_outputs(const Node& node, GraphSpec& out) {
  if (node.kind == Kind::map && !node.members.empty()) {
    for (const auto& [name, value] : node.members) {
      SW_TRY(auto ref, ref_of(*value));
      out.outputs.push_back({name, std::move(ref)});
    }
    return {};
  }
  return fail(node, "outputs must be a map of names to where their values come from",
              "write {price: STEP.OUTPUT}");
}

}  // namespace slipway::serving
