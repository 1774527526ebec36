// SPDX-License-Identifier: Apache-2.0
#include "pipeline/expression.h"

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <vector>

#include "base/text.h"
#include "yaml/yaml.h"

namespace slipway::pipeline {
namespace {

constexpr char kKnown[] =
    "known: params.NAME, item, index, outer, run_id, scheduled, steps.NAME.result, "
    "artifacts.STEP.NAME; write {{ '{{' }} for a literal {{";

struct Reference {
  bool as_json = false;   // .. | json
  std::string_view root;  // "params", "item", ..
  std::string_view name;  // of the parameter, of the step
  std::string_view what;  // of the step
  std::string_view path;  // ".a.0" or empty
};

bool is_word(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    const bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '-';
    if (!ok) return false;
  }
  return true;
}

Error bad(std::string_view inside, std::string_view why, std::string hint) {
  return invalid("'{{ " + std::string(inside.substr(0, 80)) + " }}': " + std::string(why),
                 std::move(hint));
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// The first word of `.a.b.c`; the rest stays.
std::string_view take_word(std::string_view& path) {
  if (path.empty()) return {};
  const auto end = path.find('.', 1);
  const auto out = path.substr(1, end == path.npos ? end : end - 1);
  path = end == path.npos ? std::string_view() : path.substr(end);
  return out;
}

Result<void> parse_step_reference(std::string_view inside, Reference& out) {
  out.name = take_word(out.path);
  out.what = take_word(out.path);
  if (out.root == "artifacts") {
    if (!out.what.empty() && out.path.empty()) return {};
    return bad(inside, "which artifact?", "write {{ artifacts.STEP.NAME }}");
  }
  const bool scalar = out.what == "status" || out.what == "exit_code";
  if (out.what == "result" || (scalar && out.path.empty())) return {};
  return bad(inside, "a step has a status, an exit_code and a result",
             "write {{ steps.NAME.result.KEY }}");
}

Result<Reference> parse_reference(std::string_view inside) {
  Reference out;
  if (const auto bar = inside.find('|'); bar != inside.npos) {
    if (trim(inside.substr(bar + 1)) != "json") {
      return bad(inside, "the only form is '| json'", "write {{ item | json }}");
    }
    out.as_json = true;
    inside = trim(inside.substr(0, bar));
  }
  const auto dot = inside.find('.');
  out.root = inside.substr(0, dot);
  out.path = dot == inside.npos ? std::string_view() : inside.substr(dot);
  if (!is_one_of(out.root, {"params", "item", "index", "run_id", "matrix", "outer", "outer_index",
                            "scheduled", "steps", "artifacts"})) {
    const auto meant = yaml::nearest(out.root, {"params", "item", "index", "run_id", "outer",
                                                "scheduled", "steps", "artifacts"});
    return bad(inside, "not a known reference",
               meant.empty() ? kKnown : "did you mean '" + meant + "'?");
  }
  if (!out.path.empty()) {
    for (const auto part : split(out.path.substr(1), '.')) {
      if (!is_word(part)) return bad(inside, "a reference is words with dots between them", {});
    }
  }
  if (out.root == "params") {
    out.name = take_word(out.path);
    if (out.name.empty()) return bad(inside, "which parameter?", "write {{ params.NAME }}");
  } else if (out.root == "steps" || out.root == "artifacts") {
    SW_CHECK_OK(parse_step_reference(inside, out));
  } else if (out.root == "scheduled") {
    if (!out.path.empty() && out.path != ".date") {
      return bad(inside, "it has no such part", "known: scheduled, scheduled.date");
    }
  } else if (is_one_of(out.root, {"index", "run_id", "outer_index"}) && !out.path.empty()) {
    return bad(inside, "it has no parts", {});
  }
  return out;
}

const Value* find(const Params& params, std::string_view name) {
  for (const auto& [key, value] : params) {
    if (key == name) return &value;
  }
  return nullptr;
}

Result<const Value*> parameter(const Params* params, const Reference& reference,
                               std::string_view inside) {
  const auto* value = params == nullptr ? nullptr : find(*params, reference.name);
  if (value != nullptr) return value;
  std::vector<std::string_view> names;
  if (params != nullptr) {
    for (const auto& [key, unused] : *params) names.push_back(key);
  }
  const auto meant = yaml::nearest(reference.name, names);
  return bad(inside, "there is no such parameter",
             meant.empty() ? "declare it under 'params:'" : "did you mean 'params." + meant + "'?");
}

bool is_outer(std::string_view root) {
  return root == "outer" || root == "outer_index";
}

bool is_inner(std::string_view root) {
  return root == "item" || root == "index" || root == "matrix";
}

constexpr char kNoItem[] = "only a step with 'foreach' has one";
constexpr char kNoOuter[] = "only a step with 'foreach: {each: ..}' has one";

Result<Value> element(const Reference& reference, std::string_view inside, const Scope& scope) {
  const auto* whole = is_outer(reference.root) ? scope.outer : scope.item;
  if (whole == nullptr) return bad(inside, is_outer(reference.root) ? kNoOuter : kNoItem, {});
  if (reference.root == "index" || reference.root == "outer_index") {
    const auto& n = is_outer(reference.root) ? scope.outer_index : scope.index;
    return Value{Value::Kind::integer, std::to_string(n.value_or(0))};
  }
  return *whole;
}

Result<Value> whole_value(const Reference& reference, std::string_view inside, const Scope& scope) {
  if (reference.root == "params") {
    SW_TRY(const Value* value, parameter(scope.params, reference, inside));
    return *value;
  }
  if (is_inner(reference.root) || is_outer(reference.root)) {
    return element(reference, inside, scope);
  }
  if (scope.outcomes == nullptr) return bad(inside, "steps are not known here", {});
  return reference.root == "artifacts" ? scope.outcomes->artifact(reference.name, reference.what)
                                       : scope.outcomes->of(reference.name, reference.what);
}

Result<Value> resolve_reference(const Reference& reference, std::string_view inside,
                                const Scope& scope) {
  if (reference.root == "run_id") return Value{Value::Kind::text, scope.run_id};
  if (reference.root == "scheduled") {
    return Value{Value::Kind::text,
                 reference.path.empty() ? scope.scheduled : scope.scheduled_date};
  }
  SW_TRY(const auto whole, whole_value(reference, inside, scope));
  if (whole.kind == Value::Kind::null && reference.what == "result") return whole;
  auto part = part_of(whole, reference.path);
  if (!part) return bad(inside, part.error().message, {});
  return part;
}

Result<Value> resolve(std::string_view inside, const Scope& scope) {
  SW_TRY(const auto reference, parse_reference(inside));
  SW_TRY(auto value, resolve_reference(reference, inside, scope));
  if (!reference.as_json) return value;
  return Value{Value::Kind::text, json_of(value)};
}

// Calls `literal` and `inside` for the pieces of a text in their order.
Result<void> walk(std::string_view text, const std::function<void(std::string_view)>& literal,
                  const std::function<Result<void>(std::string_view)>& inside) {
  while (true) {
    const auto open = text.find("{{");
    literal(text.substr(0, open));
    if (open == text.npos) return {};
    auto rest = trim(text.substr(open + 2));
    if (!rest.empty() && (rest[0] == '\'' || rest[0] == '"')) {
      const auto end = rest.find(rest[0], 1);
      const auto after = end == rest.npos ? rest : trim(rest.substr(end + 1));
      if (end == rest.npos || !after.starts_with("}}")) {
        return invalid("a '{{ '..' }}' is not closed");
      }
      literal(rest.substr(1, end - 1));
      text = std::string_view(after.data() + 2, text.data() + text.size() - after.data() - 2);
      continue;
    }
    const auto close = text.find("}}", open + 2);
    if (close == text.npos) {
      return invalid("'{{' without '}}'", "write {{ '{{' }} for a literal {{");
    }
    SW_CHECK_OK(inside(trim(text.substr(open + 2, close - open - 2))));
    text.remove_prefix(close + 2);
  }
}

}  // namespace

Result<void> check_reference(std::string_view inside, const Known& known) {
  SW_TRY(const auto reference, parse_reference(inside));
  if (reference.root == "params") {
    SW_TRY(const Value* value, parameter(known.params, reference, inside));
    (void)value;
  }
  if (is_inner(reference.root) && !known.item) return bad(inside, kNoItem, {});
  if (is_outer(reference.root) && !known.outer) return bad(inside, kNoOuter, {});
  return {};
}

Result<Value> value_of_reference(std::string_view reference, const Scope& scope) {
  return resolve(reference, scope);
}

std::optional<std::string> step_of_reference(std::string_view inside) {
  const auto reference = parse_reference(inside);
  if (!reference || (reference->root != "steps" && reference->root != "artifacts")) return {};
  return std::string(reference->name);
}

bool is_about_element(std::string_view inside) {
  const auto reference = parse_reference(inside);
  return reference && (is_inner(reference->root) || is_outer(reference->root));
}

Result<void> check(std::string_view text, const Known& known) {
  return walk(
      text, [](std::string_view) {},
      [&](std::string_view inside) { return check_reference(inside, known); });
}

std::vector<std::string> steps_in(std::string_view text) {
  std::vector<std::string> out;
  const auto ok = walk(
      text, [](std::string_view) {},
      [&](std::string_view inside) -> Result<void> {
        if (auto step = step_of_reference(inside)) out.push_back(*std::move(step));
        return {};
      });
  (void)ok;
  return out;
}

Result<std::string> render(std::string_view text, const Scope& scope, Quote quote) {
  std::string out;
  SW_CHECK_OK(walk(
      text, [&](std::string_view literal) { out += literal; },
      [&](std::string_view inside) -> Result<void> {
        SW_TRY(const auto value, resolve(inside, scope));
        out += quote == Quote::shell ? shell_quoted(value.text) : value.text;
        return {};
      }));
  return out;
}

Result<std::optional<Value>> value_in(std::string_view text, const Scope& scope) {
  int references = 0;
  bool other = false;
  std::optional<Value> out;
  SW_CHECK_OK(walk(
      trim(text), [&](std::string_view literal) { other |= !literal.empty(); },
      [&](std::string_view inside) -> Result<void> {
        SW_TRY(auto value, resolve(inside, scope));
        out = std::move(value);
        ++references;
        return {};
      }));
  if (references != 1 || other) return std::optional<Value>{};
  return out;
}

}  // namespace slipway::pipeline
