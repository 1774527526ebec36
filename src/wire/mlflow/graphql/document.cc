// SPDX-License-Identifier: Apache-2.0
#include "graphql/document.h"

#include "base/text.h"
#include "graphql/lexer.h"

namespace slipway::wire::mlflow::graphql {
namespace {

constexpr std::size_t kLongest = 100'000;
constexpr int kDeepest = 32;

class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) {}

  Result<Document> document() {
    SW_CHECK_OK(step());
    Document out;
    while (token_.kind != Token::Kind::end) {
      if (is_word("fragment")) {
        SW_CHECK_OK(fragment(out));
      } else {
        SW_TRY(auto operation, this->operation());
        out.operations.push_back(std::move(operation));
      }
    }
    if (out.operations.empty()) return invalid("syntax error: the query has no operation");
    return out;
  }

 private:
  // Counts the levels that are open.
  struct Level {
    explicit Level(int& depth) : depth_(++depth) {}
    ~Level() { --depth_; }
    int& depth_;
  };

  Result<void> step() {
    SW_TRY(token_, lexer_.next());
    return {};
  }
  bool is_mark(std::string_view mark) const {
    return token_.kind == Token::Kind::mark && token_.text == mark;
  }
  bool is_word(std::string_view word) const {
    return token_.kind == Token::Kind::name && token_.text == word;
  }
  Error unexpected() const {
    if (token_.kind == Token::Kind::end) return invalid("syntax error: the query ends too early");
    return invalid("syntax error: unexpected '" + token_.text.substr(0, 50) + "'");
  }
  Result<void> expect(std::string_view mark) {
    if (!is_mark(mark)) return unexpected();
    return step();
  }
  Result<std::string> name() {
    if (token_.kind != Token::Kind::name) return unexpected();
    auto out = token_.text;
    SW_CHECK_OK(step());
    return out;
  }

  Result<void> fragment(Document& out) {
    SW_CHECK_OK(step());
    SW_TRY(const auto title, name());
    if (!is_word("on")) return unexpected();
    SW_CHECK_OK(step());
    Fragment fragment;
    SW_TRY(fragment.on, name());
    SW_TRY(const auto directives, this->directives());
    (void)directives;
    SW_TRY(fragment.selections, selection_set());
    out.fragments[title] = std::move(fragment);
    return {};
  }

  Result<Operation> operation() {
    Operation out{.kind = "query"};
    if (!is_mark("{")) {
      SW_TRY(out.kind, name());
      if (out.kind != "query" && out.kind != "mutation") {
        return invalid("syntax error: unexpected '" + out.kind + "'");
      }
      if (token_.kind == Token::Kind::name) {
        SW_TRY(out.name, name());
      }
      SW_TRY(out.variables, variables());
      SW_TRY(const auto directives, this->directives());
      (void)directives;
    }
    SW_TRY(out.selections, selection_set());
    return out;
  }

  Result<std::vector<std::pair<std::string, std::optional<Value>>>> variables() {
    std::vector<std::pair<std::string, std::optional<Value>>> out;
    if (!is_mark("(")) return out;
    SW_CHECK_OK(step());
    while (!is_mark(")")) {
      SW_CHECK_OK(expect("$"));
      SW_TRY(auto title, name());
      SW_CHECK_OK(expect(":"));
      SW_CHECK_OK(type());
      std::optional<Value> standard;
      if (is_mark("=")) {
        SW_CHECK_OK(step());
        SW_TRY(standard, value());
      }
      SW_TRY(const auto directives, this->directives());
      (void)directives;
      out.emplace_back(std::move(title), std::move(standard));
    }
    SW_CHECK_OK(step());
    return out;
  }

  // The type of a variable says nothing that reading it would not find out.
  Result<void> type() {
    const Level level(depth_);
    if (depth_ > kDeepest) return too_deep();
    if (is_mark("[")) {
      SW_CHECK_OK(step());
      SW_CHECK_OK(type());
      SW_CHECK_OK(expect("]"));
    } else {
      SW_TRY(const auto title, name());
      (void)title;
    }
    return is_mark("!") ? step() : Result<void>();
  }

  Result<std::vector<Selection>> selection_set() {
    const Level level(depth_);
    if (depth_ > kDeepest) return too_deep();
    SW_CHECK_OK(expect("{"));
    std::vector<Selection> out;
    while (!is_mark("}")) {
      SW_TRY(auto selection, this->selection());
      out.push_back(std::move(selection));
    }
    if (out.empty()) return unexpected();
    SW_CHECK_OK(step());
    return out;
  }

  Result<Selection> selection() {
    Selection out;
    if (is_mark("...")) {
      SW_CHECK_OK(step());
      if (token_.kind == Token::Kind::name && token_.text != "on") {
        out.kind = Selection::Kind::spread;
        SW_TRY(out.name, name());
        SW_TRY(out.directives, directives());
        return out;
      }
      out.kind = Selection::Kind::inline_fragment;
      if (is_word("on")) {
        SW_CHECK_OK(step());
        SW_TRY(out.on, name());
      }
      SW_TRY(out.directives, directives());
      SW_TRY(out.selections, selection_set());
      return out;
    }
    SW_TRY(out.name, name());
    if (is_mark(":")) {
      SW_CHECK_OK(step());
      out.alias = std::move(out.name);
      SW_TRY(out.name, name());
    }
    SW_TRY(out.arguments, arguments());
    SW_TRY(out.directives, directives());
    if (is_mark("{")) {
      SW_TRY(out.selections, selection_set());
    }
    return out;
  }

  Result<Arguments> arguments() {
    Arguments out;
    if (!is_mark("(")) return out;
    SW_CHECK_OK(step());
    SW_CHECK_OK(pairs(")", out));
    return out;
  }

  // name: value .. up to `end`, which is taken too.
  Result<void> pairs(std::string_view end, Arguments& out) {
    while (!is_mark(end)) {
      SW_TRY(auto title, name());
      SW_CHECK_OK(expect(":"));
      SW_TRY(auto value, this->value());
      out.emplace_back(std::move(title), std::move(value));
    }
    return step();
  }

  Result<std::vector<Directive>> directives() {
    std::vector<Directive> out;
    while (is_mark("@")) {
      SW_CHECK_OK(step());
      Directive directive;
      SW_TRY(directive.name, name());
      SW_TRY(directive.arguments, arguments());
      out.push_back(std::move(directive));
    }
    return out;
  }

  Result<Value> value() {
    const Level level(depth_);
    if (depth_ > kDeepest) return too_deep();
    Value out;
    if (is_mark("$")) {
      SW_CHECK_OK(step());
      out.kind = Value::Kind::variable;
      SW_TRY(out.name, name());
      return out;
    }
    if (is_mark("[")) {
      SW_CHECK_OK(step());
      out.kind = Value::Kind::list;
      while (!is_mark("]")) {
        SW_TRY(auto item, value());
        out.items.emplace_back("", std::move(item));
      }
      SW_CHECK_OK(step());
      return out;
    }
    if (is_mark("{")) {
      SW_CHECK_OK(step());
      out.kind = Value::Kind::object;
      SW_CHECK_OK(pairs("}", out.items));
      return out;
    }
    SW_TRY(out.scalar, scalar());
    SW_CHECK_OK(step());
    return out;
  }

  Result<json::value> scalar() const {
    switch (token_.kind) {
      case Token::Kind::text:
        return json::value(token_.text);
      case Token::Kind::number:
        if (const auto n = parse_int(token_.text)) return json::value(*n);
        return json::value(parse_double(token_.text).value_or(0));
      case Token::Kind::name:
        if (token_.text == "null") return json::value(nullptr);
        if (token_.text == "true" || token_.text == "false") {
          return json::value(token_.text == "true");
        }
        return json::value(token_.text);
      case Token::Kind::mark:
      case Token::Kind::end:
        break;
    }
    return unexpected();
  }

  static Error too_deep() { return invalid("syntax error: the query is nested too deeply"); }

  Lexer lexer_;
  Token token_;
  int depth_ = 0;
};

}  // namespace

Result<Document> parse_document(std::string_view text) {
  if (text.size() > kLongest) {
    return invalid("the query has " + std::to_string(text.size()) + " bytes",
                   "at most " + std::to_string(kLongest));
  }
  return Parser(text).document();
}

}  // namespace slipway::wire::mlflow::graphql
