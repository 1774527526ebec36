// SPDX-License-Identifier: Apache-2.0
// `params`, `foreach` and `matrix` of a pipeline file.
#include <algorithm>

#include "base/text.h"
#include "fields.h"

namespace slipway::pipeline {
namespace {

using yaml::Node;
using Kind = Node::Kind;

constexpr char kForms[] =
    "'foreach' is a list, \"@path.json\", \"{{ params.NAME }}\" or \"{{ steps.NAME.result }}\"";

Result<void> read_source(const Fields& fields, const Node& node, const Known& known, Foreach& out) {
  if (node.kind == Kind::list) {
    if (node.items.size() > kMaxItems) {
      return fields.fail(node, "more than " + std::to_string(kMaxItems) + " items");
    }
    for (const auto& item : node.items) out.items.push_back(value_of(*item));
    return {};
  }
  if (node.kind != Kind::text || trim(node.text).empty()) {
    return fields.fail(node, "'foreach' must be a list, not " + std::string(yaml::kind_of(node)),
                       "or \"@path.json\" for a list that an earlier step wrote");
  }
  out.from = trim(node.text);
  if (auto ok = check(out.from, known); !ok) return fields.moved(node, ok.error());
  if (out.from[0] != '@' && !out.from.starts_with("{{")) return fields.fail(node, kForms);
  return {};
}

// --- matrix
// ---------------------------------------------------------------------------------------

using Combination = std::vector<std::pair<std::string, Value>>;

bool fits(const Combination& combination, const Node& pattern) {
  return std::all_of(pattern.members.begin(), pattern.members.end(), [&](const auto& wanted) {
    return std::any_of(combination.begin(), combination.end(), [&](const auto& one) {
      return one.first == wanted.first && one.second == value_of(*wanted.second);
    });
  });
}

Result<const Node*> maps_of(const Fields& fields, const Node& matrix, const std::string& key) {
  const Node* node = matrix.find(key);
  if (node == nullptr) return node;
  const bool good = node->kind == Kind::list &&
                    std::all_of(node->items.begin(), node->items.end(), [](const auto& item) {
                      return item->kind == Kind::map && !item->members.empty();
                    });
  if (!good) return fields.fail(*node, "'" + key + "' must be a list of maps");
  return node;
}

Result<std::vector<Combination>> combinations(const Fields& fields, const Node& matrix) {
  std::vector<Combination> out = {{}};
  bool any = false;
  for (const auto& [name, values] : matrix.members) {
    if (name == "include" || name == "exclude" || name == "at_once") continue;
    if (!is_variable(name)) {
      return fields.fail(*values, "'" + name.substr(0, 80) + "' cannot name a part of a matrix");
    }
    if (values->kind != Kind::list || values->items.empty()) {
      return fields.fail(*values, "'" + name + "' must be a list with at least one value");
    }
    if (out.size() * values->items.size() > kMaxItems) {
      return fields.fail(matrix, "more than " + std::to_string(kMaxItems) + " combinations");
    }
    any = true;
    std::vector<Combination> next;
    next.reserve(out.size() * values->items.size());
    for (const auto& before : out) {
      for (const auto& value : values->items) {
        next.push_back(before);
        next.back().emplace_back(name, value_of(*value));
      }
    }
    out = std::move(next);
  }
  if (!any) out.clear();
  return out;
}

// --- parameters
// -----------------------------------------------------------------------------------

const std::vector<std::pair<std::string_view, Value::Kind>> kTypes = {
    {"text", Value::Kind::text},   {"integer", Value::Kind::integer},
    {"number", Value::Kind::real}, {"boolean", Value::Kind::boolean},
    {"list", Value::Kind::list},   {"map", Value::Kind::map}};

// A default that is a map may have a key 'type' too; it has other keys, then.
bool is_rule(const Node& node) {
  if (node.kind != Kind::map || node.find("type") == nullptr) return false;
  const auto& type = *node.find("type");
  const bool known = std::any_of(kTypes.begin(), kTypes.end(),
                                 [&](const auto& one) { return one.first == type.text; });
  return known && std::all_of(node.members.begin(), node.members.end(), [](const auto& member) {
           const auto& key = member.first;
           return key == "type" || key == "default" || key == "required" || key == "choices" ||
                  key == "min" || key == "max" || key == "description";
         });
}

Result<std::optional<double>> bound(const Fields& fields, const Node& node,
                                    const std::string& key) {
  if (node.find(key) == nullptr) return std::optional<double>();
  double out = 0;
  SW_CHECK_OK(fields.number(node, key, -1e300, 1e300, out));
  return std::optional(out);
}

Result<void> read_rule(const Fields& fields, const Node& node, const std::string& name,
                       Definition& out) {
  Value::Kind kind = Value::Kind::text;
  SW_CHECK_OK(fields.choice(node, "type", kTypes, kind));
  Value like{kind, kind == Value::Kind::list ? "[]" : kind == Value::Kind::map ? "{}" : ""};
  ParamRule rule;
  const Node* fallback = node.find("default");
  rule.required = fallback == nullptr;
  SW_CHECK_OK(fields.boolean(node, "required", rule.required));
  if (fallback != nullptr) {
    auto value = converted(name, like, value_of(*fallback));
    if (!value) return fields.moved(*fallback, value.error());
    like = *std::move(value);
  }
  if (const Node* choices = node.find("choices")) {
    if (choices->kind != Kind::list) return fields.fail(*choices, "'choices' must be a list");
    for (const auto& choice : choices->items) {
      auto value = converted(name, {kind, like.text}, value_of(*choice));
      if (!value) return fields.moved(*choice, value.error());
      rule.choices.push_back(*std::move(value));
    }
  }
  SW_TRY(rule.least, bound(fields, node, "min"));
  SW_TRY(rule.most, bound(fields, node, "max"));
  SW_CHECK_OK(fields.text(node, "description", rule.description));
  out.params.emplace_back(name, std::move(like));
  out.rules[name] = std::move(rule);
  return {};
}

}  // namespace

Result<void> read_params(const Fields& fields, const Node& root, Definition& out) {
  const Node* node = root.find("params");
  if (node == nullptr || node->kind == Kind::null) return {};
  if (node->kind != Kind::map) {
    return fields.fail(*node, "'params' must be a map of names to defaults");
  }
  for (const auto& [name, value] : node->members) {
    std::string variable = name;
    std::replace(variable.begin(), variable.end(), '-', '_');
    if (!is_variable(variable) || name.size() > 100) {
      return fields.fail(*value, "'" + name.substr(0, 80) + "' cannot name a parameter",
                         "letters, digits, '_' and '-', not starting with a digit");
    }
    if (is_rule(*value)) {
      SW_CHECK_OK(read_rule(fields, *value, name, out));
    } else {
      out.params.emplace_back(name, value_of(*value));
    }
  }
  return {};
}

Result<Foreach> read_foreach(const Fields& fields, const Node& node, const Params& params) {
  Foreach out;
  if (node.kind != Kind::map) {
    SW_CHECK_OK(read_source(fields, node, {&params, false, false}, out));
    return out;
  }
  SW_CHECK_OK(yaml::only(node, {"each", "in", "at_once"}, fields.file(), "'foreach'"));
  SW_CHECK_OK(fields.text(node, "each", out.each));
  const Node* in = node.find("in");
  if (in == nullptr) {
    return fields.fail(node, "'foreach' needs 'in'",
                       "foreach: {each: STEP, in: \"@parts-{{ outer_index }}.json\"}");
  }
  SW_CHECK_OK(read_source(fields, *in, {&params, false, !out.each.empty()}, out));
  int at_once = 0;
  SW_CHECK_OK(fields.integer(node, "at_once", 1, 1e6, at_once));
  out.at_once = static_cast<std::size_t>(at_once);
  return out;
}

Result<Foreach> read_matrix(const Fields& fields, const Node& node) {
  if (node.kind != Kind::map) {
    return fields.fail(node, "'matrix' must be a map of names to lists",
                       "matrix: {model: [tree, linear], rate: [0.1, 0.01]}");
  }
  SW_TRY(auto all, combinations(fields, node));
  SW_TRY(const Node* exclude, maps_of(fields, node, "exclude"));
  SW_TRY(const Node* include, maps_of(fields, node, "include"));
  Foreach out;
  for (const auto& combination : all) {
    const bool left_out =
        exclude != nullptr &&
        std::any_of(exclude->items.begin(), exclude->items.end(),
                    [&](const auto& pattern) { return fits(combination, *pattern); });
    if (!left_out) out.items.push_back({Value::Kind::map, json_of(combination)});
  }
  if (include != nullptr) {
    for (const auto& one : include->items) out.items.push_back(value_of(*one));
  }
  int at_once = 0;
  SW_CHECK_OK(fields.integer(node, "at_once", 1, 1e6, at_once));
  out.at_once = static_cast<std::size_t>(at_once);
  if (out.items.empty()) return fields.fail(node, "the matrix has no combinations");
  if (out.items.size() > kMaxItems) {
    return fields.fail(node, "more than " + std::to_string(kMaxItems) + " combinations");
  }
  return out;
}

}  // namespace slipway::pipeline
