// SPDX-License-Identifier: Apache-2.0
#include "pipeline/expression.h"

#include <functional>
#include <vector>

#include "base/text.h"
#include "yaml/yaml.h"

namespace slipway::pipeline {
namespace {

struct Reference {
  std::string_view root;  // "params", "item", "index", "run_id"
  std::string_view name;  // of the parameter
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

Result<Reference> parse_reference(std::string_view inside) {
  Reference out;
  const auto dot = inside.find('.');
  out.root = inside.substr(0, dot);
  out.path = dot == inside.npos ? std::string_view() : inside.substr(dot);
  const bool known =
      out.root == "params" || out.root == "item" || out.root == "index" || out.root == "run_id";
  if (!known) {
    const auto meant = yaml::nearest(out.root, {"params", "item", "index", "run_id"});
    return bad(inside, "not a known reference",
               meant.empty() ? "known: params.NAME, item, index, run_id; write {{ '{{' }} for a "
                               "literal {{"
                             : "did you mean '" + meant + "'?");
  }
  if (!out.path.empty()) {
    for (const auto part : split(out.path.substr(1), '.')) {
      if (!is_word(part)) return bad(inside, "a reference is words with dots between them", {});
    }
  }
  if (out.root == "params") {
    if (out.path.empty()) return bad(inside, "which parameter?", "write {{ params.NAME }}");
    const auto end = out.path.find('.', 1);
    out.name = out.path.substr(1, end == out.path.npos ? end : end - 1);
    out.path = end == out.path.npos ? std::string_view() : out.path.substr(end);
  } else if ((out.root == "index" || out.root == "run_id") && !out.path.empty()) {
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

Result<Value> resolve(std::string_view inside, const Scope& scope) {
  SW_TRY(const auto reference, parse_reference(inside));
  if (reference.root == "run_id") return Value{Value::Kind::text, scope.run_id};
  Value whole;
  if (reference.root == "params") {
    SW_TRY(const Value* value, parameter(scope.params, reference, inside));
    whole = *value;
  } else if (scope.item == nullptr) {
    return bad(inside, "only a step with 'foreach' has one", {});
  } else if (reference.root == "index") {
    return Value{Value::Kind::integer, std::to_string(scope.index.value_or(0))};
  } else {
    whole = *scope.item;
  }
  auto part = part_of(whole, reference.path);
  if (!part) return bad(inside, part.error().message, {});
  return part;
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

Result<void> check(std::string_view text, const Known& known) {
  return walk(
      text, [](std::string_view) {},
      [&](std::string_view inside) -> Result<void> {
        SW_TRY(const auto reference, parse_reference(inside));
        if (reference.root == "params") {
          SW_TRY(const Value* value, parameter(known.params, reference, inside));
          (void)value;
        } else if (reference.root != "run_id" && !known.item) {
          return bad(inside, "only a step with 'foreach' has one", {});
        }
        return {};
      });
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
