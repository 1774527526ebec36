// SPDX-License-Identifier: Apache-2.0
#include "pipeline/condition.h"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <utility>

#include "base/text.h"

namespace slipway::pipeline {

struct Condition::Node {
  enum class Kind { literal, reference, call, list, all, any, no, compare };
  Kind kind = Kind::literal;
  Value value;       // of a literal
  std::string word;  // the reference, the function, the operator
  std::vector<std::shared_ptr<const Node>> parts;
};

namespace {

using Node = Condition::Node;
using NodePtr = std::shared_ptr<const Node>;
using Kind = Value::Kind;

constexpr std::size_t kMaxLength = 4096;
constexpr int kMaxDepth = 64;

struct Function {
  std::string_view name;
  std::size_t arguments;
};
constexpr std::array<Function, 7> kFunctions = {{{"always", 0},
                                                 {"failed", 0},
                                                 {"succeeded", 0},
                                                 {"contains", 2},
                                                 {"starts_with", 2},
                                                 {"ends_with", 2},
                                                 {"length", 1}}};

Error wrong(std::string_view at, const std::string& why) {
  return invalid("condition: " + why +
                     (at.empty() ? " at its end" : " at '" + std::string(at.substr(0, 40)) + "'"),
                 "for example: params.mode == 'full' and steps.check.result.rows > 100");
}

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Result<NodePtr> whole() {
    SW_TRY(auto out, any(0));
    if (skip(); !rest_.empty()) return wrong(rest_, "one 'and' or 'or' is missing");
    return out;
  }

 private:
  void skip() {
    while (!rest_.empty() && std::string_view(" \t\r\n").find(rest_[0]) != rest_.npos) {
      rest_.remove_prefix(1);
    }
  }

  static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  }

  bool take(std::string_view token) {
    skip();
    if (!rest_.starts_with(token)) return false;
    const bool word = is_letter(token[0]);
    if (word && rest_.size() > token.size() &&
        (is_letter(rest_[token.size()]) || rest_[token.size()] == '.')) {
      return false;
    }
    rest_.remove_prefix(token.size());
    return true;
  }

  Result<NodePtr> chain(Node::Kind kind, std::string_view word, std::string_view sign, int depth) {
    auto out = std::make_shared<Node>();
    out->kind = kind;
    do {
      SW_TRY(auto part,
             kind == Node::Kind::any ? chain(Node::Kind::all, "and", "&&", depth) : no(depth));
      out->parts.push_back(std::move(part));
    } while (take(word) || take(sign));
    if (out->parts.size() == 1) return out->parts[0];
    return NodePtr(std::move(out));
  }

  Result<NodePtr> any(int depth) {
    if (depth > kMaxDepth) return wrong(rest_, "it is nested too deep");
    return chain(Node::Kind::any, "or", "||", depth);
  }

  Result<NodePtr> no(int depth) {
    if (depth > kMaxDepth) return wrong(rest_, "it is nested too deep");
    skip();
    const bool sign = rest_.starts_with('!') && !rest_.starts_with("!=");
    if (sign) rest_.remove_prefix(1);
    if (!sign && !take("not")) return compared(depth);
    auto out = std::make_shared<Node>();
    out->kind = Node::Kind::no;
    SW_TRY(auto part, no(depth + 1));
    out->parts.push_back(std::move(part));
    return NodePtr(std::move(out));
  }

  Result<NodePtr> compared(int depth) {
    SW_TRY(auto left, primary(depth));
    for (const std::string_view sign : {"==", "!=", "<=", ">=", "<", ">", "in", "not in"}) {
      if (!take_operator(sign)) continue;
      auto out = std::make_shared<Node>();
      out->kind = Node::Kind::compare;
      out->word = sign;
      SW_TRY(auto right, primary(depth));
      out->parts = {std::move(left), std::move(right)};
      return NodePtr(std::move(out));
    }
    if (skip(); rest_.starts_with('=')) return wrong(rest_, "write == to compare");
    return left;
  }

  bool take_operator(std::string_view sign) {
    if (sign != "not in") return take(sign);
    const auto before = rest_;
    if (take("not") && take("in")) return true;
    rest_ = before;
    return false;
  }

  Result<NodePtr> primary(int depth) {
    if (depth > kMaxDepth) return wrong(rest_, "it is nested too deep");
    skip();
    if (rest_.empty()) return wrong(rest_, "a value is missing");
    if (take("(")) {
      SW_TRY(auto out, any(depth + 1));
      if (!take(")")) return wrong(rest_, "')' is missing");
      return out;
    }
    if (take("[")) return arguments(Node::Kind::list, "", "]", depth);
    const char c = rest_[0];
    if (c == '\'' || c == '"') return text(c);
    if ((c >= '0' && c <= '9') || c == '-' || c == '+') return number();
    return word(depth);
  }

  Result<NodePtr> arguments(Node::Kind kind, std::string_view word, std::string_view close,
                            int depth) {
    auto out = std::make_shared<Node>();
    out->kind = kind;
    out->word = word;
    if (take(close)) return NodePtr(std::move(out));
    do {
      SW_TRY(auto part, any(depth + 1));
      out->parts.push_back(std::move(part));
    } while (take(","));
    if (!take(close)) return wrong(rest_, "'" + std::string(close) + "' is missing");
    return NodePtr(std::move(out));
  }

  static NodePtr literal(Value value) {
    auto out = std::make_shared<Node>();
    out->value = std::move(value);
    return out;
  }

  Result<NodePtr> text(char quote) {
    const auto end = rest_.find(quote, 1);
    if (end == rest_.npos) return wrong(rest_, "the text is not closed");
    auto out = literal({Kind::text, std::string(rest_.substr(1, end - 1))});
    rest_.remove_prefix(end + 1);
    return out;
  }

  Result<NodePtr> number() {
    const auto end = std::min(rest_.find_first_not_of("0123456789.eE+-_"), rest_.size());
    const auto word = rest_.substr(0, end);
    if (!parse_double(word.starts_with('+') ? word.substr(1) : word)) {
      return wrong(rest_, "this is not a number");
    }
    rest_.remove_prefix(end);
    return literal({parse_int(word) ? Kind::integer : Kind::real, std::string(word)});
  }

  Result<NodePtr> word(int depth) {
    std::size_t end = 0;
    while (end < rest_.size() &&
           (is_letter(rest_[end]) || rest_[end] == '.' || rest_[end] == '-')) {
      ++end;
    }
    if (end == 0) return wrong(rest_, "this is neither a value nor a reference");
    const auto word = rest_.substr(0, end);
    const auto before = rest_;
    rest_.remove_prefix(end);
    if (word == "true" || word == "false") return literal({Kind::boolean, std::string(word)});
    if (word == "null" || word == "none") return literal({});
    if (take("(")) return call(word, before, depth);
    auto out = std::make_shared<Node>();
    out->kind = Node::Kind::reference;
    out->word = word;
    return NodePtr(std::move(out));
  }

  Result<NodePtr> call(std::string_view name, std::string_view at, int depth) {
    const auto known = std::find_if(kFunctions.begin(), kFunctions.end(),
                                    [&](const auto& one) { return one.name == name; });
    if (known == kFunctions.end()) {
      auto error = wrong(at, "there is no such function");
      error.hint =
          "known: always(), failed(), succeeded(), contains(a, b), starts_with(a, b), "
          "ends_with(a, b), length(a)";
      return error;
    }
    SW_TRY(auto out, arguments(Node::Kind::call, name, ")", depth));
    if (out->parts.size() == known->arguments) return out;
    return wrong(at, std::string(name) + "() takes " + std::to_string(known->arguments) +
                         " values, not " + std::to_string(out->parts.size()));
  }

  std::string_view rest_;
};

bool is_true(const Value& value) {
  switch (value.kind) {
    case Kind::null:
      return false;
    case Kind::boolean:
      return value.text == "true";
    case Kind::integer:
    case Kind::real:
      return parse_double(value.text).value_or(0) != 0;
    case Kind::text:
      return !value.text.empty();
    case Kind::list:
      return value.text != "[]";
    case Kind::map:
      return value.text != "{}";
  }
  return false;
}

Value truth(bool value) {
  return {Kind::boolean, value ? "true" : "false"};
}

std::optional<double> number_of(const Value& value) {
  if (value.kind != Kind::integer && value.kind != Kind::real) return std::nullopt;
  return parse_double(value.text);
}

bool equal(const Value& a, const Value& b) {
  const auto x = number_of(a);
  const auto y = number_of(b);
  if (x && y) return *x == *y;
  return a.kind == b.kind && a.text == b.text;
}

// `a` in the list, the map's keys or the text `b`.
Result<bool> is_inside(const Value& a, const Value& b) {
  if (b.kind == Kind::text) return b.text.find(a.text) != std::string::npos;
  if (b.kind == Kind::map) return static_cast<bool>(part_of(b, "." + a.text));
  if (b.kind != Kind::list) return false;
  SW_TRY(const auto items, list_from_json(b.text));
  return std::any_of(items.begin(), items.end(), [&](const auto& one) { return equal(a, one); });
}

Result<Value> compare(const std::string& sign, const Value& a, const Value& b) {
  if (sign == "==") return truth(equal(a, b));
  if (sign == "!=") return truth(!equal(a, b));
  if (sign == "in" || sign == "not in") {
    SW_TRY(const bool inside, is_inside(a, b));
    return truth(inside == (sign == "in"));
  }
  const auto x = number_of(a);
  const auto y = number_of(b);
  const bool texts = a.kind == Kind::text && b.kind == Kind::text;
  if (!texts && (!x || !y)) {
    return invalid("condition: " + json_of(a).substr(0, 80) + " " + sign + " " +
                       json_of(b).substr(0, 80) + " cannot be compared",
                   "both must be numbers, or both texts");
  }
  const int order = texts ? a.text.compare(b.text) : *x < *y ? -1 : *x > *y ? 1 : 0;
  const bool either = !texts && (*x != *x || *y != *y);  // not a number: no order at all
  if (either) return truth(false);
  if (sign == "<") return truth(order < 0);
  if (sign == "<=") return truth(order <= 0);
  return truth(sign == ">" ? order > 0 : order >= 0);
}

class Evaluator {
 public:
  Evaluator(const Scope& scope, const NeedsEnd& needs) : scope_(scope), needs_(needs) {}

  Result<Value> value(const Node& node) {
    switch (node.kind) {
      case Node::Kind::literal:
        return node.value;
      case Node::Kind::reference:
        return value_of_reference(node.word, scope_);
      case Node::Kind::list:
        return list(node);
      case Node::Kind::call:
        return call(node);
      case Node::Kind::no: {
        SW_TRY(const auto part, value(*node.parts[0]));
        return truth(!is_true(part));
      }
      case Node::Kind::compare: {
        SW_TRY(const auto left, value(*node.parts[0]));
        SW_TRY(const auto right, value(*node.parts[1]));
        return compare(node.word, left, right);
      }
      case Node::Kind::all:
      case Node::Kind::any:
        break;
    }
    const bool stop_at = node.kind == Node::Kind::any;
    for (const auto& part : node.parts) {
      SW_TRY(const auto one, value(*part));
      if (is_true(one) == stop_at) return truth(stop_at);
    }
    return truth(!stop_at);
  }

 private:
  Result<Value> list(const Node& node) {
    std::string json = "[";
    for (const auto& part : node.parts) {
      SW_TRY(const auto one, value(*part));
      if (json.size() > 1) json += ',';
      json += json_of(one);
    }
    return Value{Kind::list, json + "]"};
  }

  Result<Value> call(const Node& node) {
    if (node.word == "always") return truth(true);
    if (node.word == "failed") return truth(needs_.failed);
    if (node.word == "succeeded") return truth(!needs_.failed && !needs_.left_out);
    SW_TRY(const auto first, value(*node.parts[0]));
    if (node.word == "length") return length(first);
    SW_TRY(const auto second, value(*node.parts[1]));
    if (node.word == "starts_with") return truth(first.text.starts_with(second.text));
    if (node.word == "ends_with") return truth(first.text.ends_with(second.text));
    SW_TRY(const bool inside, is_inside(second, first));
    return truth(inside);
  }

  static Result<Value> length(const Value& of) {
    std::size_t out = of.text.size();
    if (of.kind == Kind::list) {
      SW_TRY(const auto items, list_from_json(of.text));
      out = items.size();
    } else if (of.kind == Kind::map) {
      SW_TRY(const auto members, params_from_json(of.text));
      out = members.size();
    }
    return Value{Kind::integer, std::to_string(out)};
  }

  const Scope& scope_;
  const NeedsEnd& needs_;
};

void walk(const Node* node, const std::function<void(const Node&)>& visit) {
  if (node == nullptr) return;
  visit(*node);
  for (const auto& part : node->parts) walk(part.get(), visit);
}

}  // namespace

Result<Condition> Condition::parse(std::string_view text) {
  text = trim(text);
  if (text.starts_with("{{") && text.ends_with("}}")) {
    text = trim(text.substr(2, text.size() - 4));
  }
  if (text.size() > kMaxLength) return wrong(text, "it is longer than 4096 bytes");
  Condition out;
  SW_TRY(out.root_, Parser(text).whole());
  return out;
}

Result<void> Condition::check(const Known& known) const {
  Result<void> out;
  walk(root_.get(), [&](const Node& node) {
    if (node.kind == Node::Kind::reference && out) out = check_reference(node.word, known);
  });
  return out;
}

std::vector<std::string> Condition::steps() const {
  std::vector<std::string> out;
  walk(root_.get(), [&](const Node& node) {
    if (node.kind != Node::Kind::reference) return;
    if (auto step = step_of_reference(node.word)) out.push_back(*std::move(step));
  });
  return out;
}

bool Condition::is_about_element() const {
  bool out = false;
  walk(root_.get(), [&](const Node& node) {
    out |= node.kind == Node::Kind::reference && pipeline::is_about_element(node.word);
  });
  return out;
}

bool Condition::asks_for_needs() const {
  bool out = false;
  walk(root_.get(), [&](const Node& node) {
    const bool about = node.word == "always" || node.word == "failed" || node.word == "succeeded";
    out |= node.kind == Node::Kind::call && about;
  });
  return out;
}

Result<bool> Condition::holds(const Scope& scope, const NeedsEnd& needs) const {
  if (root_ == nullptr) return true;
  SW_TRY(const auto value, Evaluator(scope, needs).value(*root_));
  return is_true(value);
}

}  // namespace slipway::pipeline
