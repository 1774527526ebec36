// SPDX-License-Identifier: Apache-2.0
#include "graph_condition.h"

#include <cctype>
#include <cmath>
#include <utility>

#include "base/text.h"

namespace slipway::serving {
namespace {

using Condition = GraphCondition;
using Kind = Condition::Kind;
using Op = Condition::Op;
using Literal = Condition::Literal;

constexpr int kDeepest = 32;
constexpr std::size_t kMostListed = 1000;

bool is_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
}

class Parser {
 public:
  Parser(std::string_view text, int line) : text_(text), line_(line) {}

  Result<std::shared_ptr<Condition>> whole() {
    SW_TRY(auto out, any(0));
    skip();
    if (at_ < text_.size()) return wrong("'and' or 'or'");
    return out;
  }

 private:
  using Parsed = Result<std::shared_ptr<Condition>>;

  void skip() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
  }
  Error wrong(const std::string& expected) const {
    return invalid("expected " + expected + " at '" + std::string(text_.substr(at_, 20)) + "'",
                   "write X[2] > 10 and carrier == \"UA\"");
  }
  bool take(std::string_view token) {
    skip();
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }
  bool take_word(std::string_view word) {
    skip();
    if (text_.substr(at_, word.size()) != word) return false;
    const auto end = at_ + word.size();
    if (end < text_.size() && is_name(text_[end])) return false;
    at_ = end;
    return true;
  }

  Parsed any(int depth) {
    return joined(Kind::any, "or", depth,
                  [&] { return joined(Kind::all, "and", depth, [&] { return negation(depth); }); });
  }

  template <class Part>
  Parsed joined(Kind kind, std::string_view word, int depth, Part part) {
    if (depth > kDeepest) return invalid("the condition is nested too deeply");
    SW_TRY(auto first, part());
    auto out = std::make_shared<Condition>();
    out->kind = kind;
    out->parts.push_back(std::move(first));
    while (take_word(word)) {
      SW_TRY(auto next, part());
      out->parts.push_back(std::move(next));
    }
    return out->parts.size() == 1 ? out->parts.front() : out;
  }

  Parsed negation(int depth) {
    if (depth > kDeepest) return invalid("the condition is nested too deeply");
    if (take_word("not")) {
      SW_TRY(auto part, negation(depth + 1));
      auto out = std::make_shared<Condition>();
      out->kind = Kind::negation;
      out->parts.push_back(std::move(part));
      return out;
    }
    if (take("(")) {
      SW_TRY(auto out, any(depth + 1));
      if (!take(")")) return wrong("')'");
      return out;
    }
    return comparison();
  }

  Parsed comparison() {
    auto out = std::make_shared<Condition>();
    SW_TRY(out->left, operand());
    const bool no = take_word("not");
    if (take_word("in")) {
      out->kind = Kind::among;
      SW_TRY(out->list, list());
      if (!no) return out;
      auto negated = std::make_shared<Condition>();
      negated->kind = Kind::negation;
      negated->parts.push_back(std::move(out));
      return negated;
    }
    if (no) return wrong("'in'");
    constexpr std::pair<std::string_view, Op> kOps[] = {
        {"<=", Op::less_equal}, {">=", Op::greater_equal}, {"==", Op::equal},
        {"!=", Op::unequal},    {"<", Op::less},           {">", Op::greater}};
    for (const auto& [token, op] : kOps) {
      if (!take(token)) continue;
      out->op = op;
      SW_TRY(out->right, operand());
      if (!out->left.ref && !out->right.ref) return invalid("a condition compares two constants");
      return out;
    }
    return wrong("one of < <= > >= == != in");
  }

  Result<std::vector<Literal>> list() {
    if (!take("[")) return wrong("'['");
    std::vector<Literal> out;
    do {
      SW_TRY(auto value, operand());
      if (value.ref) return invalid("a list holds numbers and texts in quotes");
      out.push_back(std::move(value.literal));
    } while (take(",") && out.size() < kMostListed);
    if (!take("]")) return wrong("']'");
    return out;
  }

  Result<Condition::Operand> operand() {
    skip();
    if (at_ >= text_.size()) return wrong("a value");
    const char c = text_[at_];
    if (c == '"' || c == '\'') {
      const auto end = text_.find(c, at_ + 1);
      if (end == std::string_view::npos) return wrong("a quote at the end of the text");
      Condition::Operand out;
      out.literal = std::string(text_.substr(at_ + 1, end - at_ - 1));
      at_ = end + 1;
      return out;
    }
    if (std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '+' || c == '.') {
      auto end = at_ + 1;
      while (end < text_.size() && (is_name(text_[end]) || text_[end] == '.' ||
                                    (text_[end] == '+' && (text_[end - 1] | 0x20) == 'e'))) {
        ++end;
      }
      const auto number = parse_double(text_.substr(at_ + (c == '+' ? 1 : 0), end - at_));
      if (!number) return wrong("a number");
      at_ = end;
      Condition::Operand out;
      out.literal = *number;
      return out;
    }
    return reference();
  }

  Result<Condition::Operand> reference() {
    auto end = at_;
    while (end < text_.size() && (is_name(text_[end]) || text_[end] == '.')) ++end;
    if (end == at_) return wrong("a value");
    if (end < text_.size() && text_[end] == '[') {
      const bool quoted =
          end + 1 < text_.size() && (text_[end + 1] == '"' || text_[end + 1] == '\'');
      const auto from = quoted ? text_.find(text_[end + 1], end + 2) : end;
      const auto close = from == std::string_view::npos ? from : text_.find(']', from);
      if (close == std::string_view::npos) return wrong("']'");
      end = close + 1;
    }
    SW_TRY(auto ref, parse_ref(text_.substr(at_, end - at_)));
    ref.line = line_;
    at_ = end;
    Condition::Operand out;
    out.ref = std::move(ref);
    return out;
  }

  std::string_view text_;
  int line_;
  std::size_t at_ = 0;
};

Literal value_of(const Condition::Operand& operand, const Tensors& values, std::size_t row) {
  if (!operand.ref) return operand.literal;
  const auto& tensor = values[operand.slot];
  if (row >= tensor.count()) return std::nan("");
  if (tensor.dtype() == DType::bytes) return tensor.texts()[row];
  return tensor.number_at(row);
}

template <class T>
bool compares(Op op, const T& a, const T& b) {
  switch (op) {
    case Op::less:
      return a < b;
    case Op::less_equal:
      return a <= b;
    case Op::greater:
      return a > b;
    case Op::greater_equal:
      return a >= b;
    case Op::equal:
      return a == b;
    case Op::unequal:
      return a != b;
  }
  return false;
}

}  // namespace

Result<std::shared_ptr<GraphCondition>> parse_condition(std::string_view text, int line) {
  return Parser(text, line).whole();
}

void for_each_ref(const GraphCondition& condition,
                  const std::function<void(const GraphRef&)>& visit) {
  for (const auto& part : condition.parts) for_each_ref(*part, visit);
  if (condition.left.ref) visit(*condition.left.ref);
  if (condition.right.ref) visit(*condition.right.ref);
}

Result<std::shared_ptr<const GraphCondition>> placed(
    const GraphCondition& condition,
    const std::function<Result<std::size_t>(const GraphRef&)>& place) {
  auto out = std::make_shared<GraphCondition>(condition);
  for (auto& part : out->parts) {
    SW_TRY(const auto inner, placed(*part, place));
    part = std::make_shared<GraphCondition>(*inner);
  }
  for (auto* operand : {&out->left, &out->right}) {
    if (operand->ref) {
      SW_TRY(operand->slot, place(*operand->ref));
    }
  }
  return std::shared_ptr<const GraphCondition>(std::move(out));
}

bool holds(const GraphCondition& condition, const Tensors& values, std::size_t row) {
  switch (condition.kind) {
    case Kind::any:
      for (const auto& part : condition.parts) {
        if (holds(*part, values, row)) return true;
      }
      return false;
    case Kind::all:
      for (const auto& part : condition.parts) {
        if (!holds(*part, values, row)) return false;
      }
      return true;
    case Kind::negation:
      return !holds(*condition.parts.front(), values, row);
    case Kind::among: {
      const auto value = value_of(condition.left, values, row);
      for (const auto& literal : condition.list) {
        if (literal == value) return true;
      }
      return false;
    }
    case Kind::compare:
      break;
  }
  const auto a = value_of(condition.left, values, row);
  const auto b = value_of(condition.right, values, row);
  if (a.index() != b.index()) return condition.op == Op::unequal;
  if (a.index() == 0) return compares(condition.op, std::get<0>(a), std::get<0>(b));
  return compares(condition.op, std::get<1>(a), std::get<1>(b));
}

}  // namespace slipway::serving
