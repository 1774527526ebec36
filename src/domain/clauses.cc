// SPDX-License-Identifier: Apache-2.0
#include "domain/clauses.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"

namespace slipway {
namespace {

using Op = Filter::Op;

constexpr std::size_t kTextLimit = 100'000;
constexpr std::size_t kClauseLimit = 1'000;
constexpr int kDepthLimit = 50;

// The start of `text` for a message, never half a character.
std::string start_of(std::string_view text, std::size_t bytes) {
  auto end = std::min(bytes, text.size());
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
    --end;
  }
  return std::string(text.substr(0, end));
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_key_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '.' || static_cast<unsigned char>(c) >= 0x80;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) { skip(); }

  bool done() const { return at_ == text_.size(); }
  std::size_t at() const { return at_; }
  std::string_view since(std::size_t begin) const { return text_.substr(begin, at_ - begin); }

  bool take(char c) {
    if (done() || text_[at_] != c) return false;
    ++at_;
    skip();
    return true;
  }

  // The next word is `keyword`, in any case: it is taken.
  bool take_keyword(std::string_view keyword) {
    if (!equal_ignoring_case(word(), keyword)) return false;
    at_ += keyword.size();
    skip();
    return true;
  }

  Result<std::pair<std::string, std::string>> identifier() {
    std::string entity;
    bool has_entity = false;
    for (;;) {
      const char quote = quoted(has_entity);
      SW_TRY(auto part, quote != 0 ? text() : bare_part(has_entity));
      if (!has_entity && at_ < text_.size() && text_[at_] == '.') {
        if (quote == '"') return fail("an entity is bare or in backticks");
        ++at_;
        has_entity = true;
        entity = std::move(part);
        continue;
      }
      // A key such as attributes.`my key`: quoted from one of its later points on.
      if (has_entity && quoted(true) != 0 && part.ends_with('.')) {
        SW_TRY(const auto rest, text());
        part += rest;
      }
      skip();
      if (part.empty()) return fail("a key is empty");
      return std::pair(std::move(entity), std::move(part));
    }
  }

  Result<Op> comparator() {
    static constexpr std::pair<std::string_view, Op> kSigns[] = {{"!=", Op::ne}, {">=", Op::ge},
                                                                 {"<=", Op::le}, {"=", Op::eq},
                                                                 {">", Op::gt},  {"<", Op::lt}};
    for (const auto& [sign, op] : kSigns) {
      if (!text_.substr(at_).starts_with(sign)) continue;
      at_ += sign.size();
      if (at_ < text_.size() &&
          std::string_view("=<>!").find(text_[at_]) != std::string_view::npos) {
        return fail("expected a comparator");
      }
      skip();
      return op;
    }
    if (take_keyword("LIKE")) return Op::like;
    if (take_keyword("ILIKE")) return Op::ilike;
    if (take_keyword("RLIKE")) return Op::rlike;
    if (take_keyword("IN")) return Op::in;
    if (take_keyword("NOT")) {
      if (take_keyword("IN")) return Op::not_in;
      return fail("expected IN after NOT");
    }
    if (take_keyword("IS")) {
      const bool negated = take_keyword("NOT");
      if (take_keyword("NULL")) return negated ? Op::is_not_null : Op::is_null;
      return fail("expected NULL or NOT NULL after IS");
    }
    auto error = fail("expected a comparator");
    error.hint = "a key with other characters than letters, digits, _ and . goes into backticks";
    return error;
  }

  Result<void> value(Clause& out) {
    if (at_ < text_.size() && text_[at_] == '(') return list(out);
    if (at_ < text_.size() && (text_[at_] == '\'' || text_[at_] == '"')) {
      SW_TRY(out.value, text());
      skip();
      return {};
    }
    const auto token = number();
    const auto parsed = parse_double(token);
    // No "nan" and no "inf": a number starts with a digit, a sign or a point.
    if (token.empty() ||
        std::string_view("0123456789+-.").find(token[0]) == std::string_view::npos || !parsed ||
        !std::isfinite(*parsed))
      return fail("expected a number or a quoted text");
    out.value = *parsed;
    out.integer = parse_int(token).has_value();
    at_ += token.size();
    skip();
    return {};
  }

  Error fail(std::string_view what) const {
    std::string message = "invalid filter: " + std::string(what);
    if (done()) return invalid(message + " at its end");
    return invalid(message + " at '" + start_of(text_.substr(at_), 60) + "'");
  }

 private:
  void skip() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }

  std::string_view word() const {
    std::size_t end = at_;
    while (end < text_.size() && is_key_character(text_[end])) ++end;
    return text_.substr(at_, end - at_);
  }

  std::string_view number() const {
    std::size_t end = at_;
    while (end < text_.size() &&
           (is_key_character(text_[end]) || text_[end] == '+' || text_[end] == '-')) {
      ++end;
    }
    return text_.substr(at_, end - at_);
  }

  // The quote that begins here, or 0. A text in single quotes may be a key, never an entity.
  char quoted(bool has_entity) const {
    if (done()) return 0;
    const char c = text_[at_];
    return c == '`' || c == '"' || (c == '\'' && has_entity) ? c : '\0';
  }

  // Up to the closing quote, as written: a doubled quote, or one behind a backslash, does not close
  // and stays what it is.
  Result<std::string> text() {
    const char quote = text_[at_];
    for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
      if (text_[i] == '\\' && quote != '`' && i + 1 < text_.size() && text_[i + 1] == quote) {
        ++i;
      } else if (text_[i] == quote && i + 1 < text_.size() && text_[i + 1] == quote) {
        ++i;
      } else if (text_[i] == quote) {
        std::string out(text_.substr(at_ + 1, i - at_ - 1));
        at_ = i + 1;
        return out;
      }
    }
    return fail("a quote is not closed");
  }

  // Before the first point it is an entity, behind it the key with all further points.
  Result<std::string> bare_part(bool whole) {
    auto part = word();
    if (!whole) part = part.substr(0, part.find('.'));
    if (part.empty()) return fail("expected an identifier");
    at_ += part.size();
    return std::string(part);
  }

  // Within a list quotes are those of Python: a doubled one is nothing, one behind a backslash
  // stands for itself.
  static std::string listed(std::string_view text, char quote) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char next = i + 1 < text.size() ? text[i + 1] : '\0';
      if (text[i] == '\\' && (next == '\\' || next == '\'' || next == '"')) {
        out += text[++i];
      } else if (text[i] == quote) {
        ++i;
      } else {
        out += text[i];
      }
    }
    return out;
  }

  Result<void> list(Clause& out) {
    std::vector<std::string> items;
    ++at_;
    for (skip();; skip()) {
      if (at_ == text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) {
        return fail("expected a quoted text in a list");
      }
      const char quote = text_[at_];
      SW_TRY(const auto item, text());
      items.push_back(listed(item, quote));
      skip();
      if (at_ < text_.size() && text_[at_] == ',') {
        ++at_;
        skip();
        if (at_ == text_.size() || text_[at_] != ')') continue;
      }
      if (at_ == text_.size() || text_[at_] != ')') return fail("expected , or ) in a list");
      ++at_;
      skip();
      out.value = std::move(items);
      return {};
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

Result<Clause> parse_clause(Reader& reader) {
  Clause out;
  SW_TRY(auto identifier, reader.identifier());
  out.entity = std::move(identifier.first);
  out.key = std::move(identifier.second);
  const auto begin = reader.at();
  SW_TRY(out.op, reader.comparator());
  const auto sign = reader.since(begin);
  out.upper = std::none_of(sign.begin(), sign.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  if (out.op == Op::is_null || out.op == Op::is_not_null) return out;
  SW_CHECK_OK(reader.value(out));
  const bool is_list = std::holds_alternative<std::vector<std::string>>(out.value);
  if (is_list != (out.op == Op::in || out.op == Op::not_in)) {
    return invalid("invalid filter: " + std::string(text_of(out.op)) + " of '" + out.key +
                   (is_list ? "' is given a list" : "' is given no list"));
  }
  return out;
}

Result<void> check_text(std::string_view text) {
  if (text.size() > kTextLimit) {
    return invalid("the filter is " + std::to_string(text.size()) + " bytes long",
                   "at most " + std::to_string(kTextLimit));
  }
  if (!is_valid_utf8(text)) return invalid("the filter is not valid UTF-8");
  return {};
}

// By recursive descent.
class Tree {
 public:
  Tree(Reader& reader, const ToLeaf& to_leaf) : reader_(reader), to_leaf_(to_leaf) {}

  Result<Filter> any(int depth) { return joined("OR", Filter::Kind::any_of, depth); }

 private:
  Result<Filter> joined(std::string_view keyword, Filter::Kind kind, int depth) {
    Filter out;
    out.kind = kind;
    do {
      auto part =
          kind == Filter::Kind::any_of ? joined("AND", Filter::Kind::all_of, depth) : one(depth);
      if (!part) return part;
      out.parts.push_back(*std::move(part));
    } while (reader_.take_keyword(keyword) && !is_last_and(kind, depth));
    if (out.parts.size() > 1) return out;
    return Filter(std::move(out.parts.front()));
  }

  // MLflow takes an AND behind the last clause.
  bool is_last_and(Filter::Kind kind, int depth) const {
    return kind == Filter::Kind::all_of && depth == 0 && reader_.done();
  }

  Result<Filter> one(int depth) {
    if (depth > kDepthLimit) return reader_.fail("it is nested too deeply");
    if (++clauses_ > kClauseLimit) return reader_.fail("it has too many clauses");
    if (reader_.take_keyword("NOT")) {
      SW_TRY(auto part, one(depth + 1));
      Filter out;
      out.kind = Filter::Kind::none_of;
      out.parts.push_back(std::move(part));
      return out;
    }
    if (reader_.take('(')) {
      SW_TRY(auto inner, any(depth + 1));
      if (!reader_.take(')')) return reader_.fail("expected )");
      return inner;
    }
    SW_TRY(auto clause, parse_clause(reader_));
    return to_leaf_(std::move(clause));
  }

  Reader& reader_;
  const ToLeaf& to_leaf_;
  std::size_t clauses_ = 0;
};

}  // namespace

Result<Filter> parse_filter(std::string_view text, const ToLeaf& to_leaf) {
  SW_CHECK_OK(check_text(text));
  if (text.empty()) return Filter{};
  Reader reader(text);
  if (reader.done()) {
    return invalid("invalid filter '" + start_of(text, 60) + "': it has no clause");
  }
  SW_TRY(auto out, Tree(reader, to_leaf).any(0));
  if (!reader.done()) return reader.fail("expected AND or OR");
  return out;
}

Result<OrderClause> parse_order(std::string_view text) {
  if (text.size() > kTextLimit) return invalid("the order_by clause is too long");
  Reader reader(text);
  SW_TRY(auto identifier, reader.identifier());
  OrderClause out{std::move(identifier.first), std::move(identifier.second), true};
  // Quotes may stand around both: `metrics.loss`.
  if (const auto point = out.key.find('.'); out.entity.empty() && point != std::string::npos) {
    out.entity = out.key.substr(0, point);
    out.key.erase(0, point + 1);
  }
  if (reader.take_keyword("DESC")) {
    out.ascending = false;
  } else {
    reader.take_keyword("ASC");
  }
  if (!reader.done()) {
    return invalid("invalid order_by clause '" + start_of(text, 100) + "'",
                   "write entity.key, then ASC or DESC");
  }
  return out;
}

std::string_view text_of(Op op) {
  switch (op) {
    case Op::eq:
      return "=";
    case Op::ne:
      return "!=";
    case Op::lt:
      return "<";
    case Op::le:
      return "<=";
    case Op::gt:
      return ">";
    case Op::ge:
      return ">=";
    case Op::like:
      return "LIKE";
    case Op::ilike:
      return "ILIKE";
    case Op::rlike:
      return "RLIKE";
    case Op::in:
      return "IN";
    case Op::not_in:
      return "NOT IN";
    case Op::is_null:
      return "IS NULL";
    case Op::is_not_null:
      return "IS NOT NULL";
  }
  return "=";
}

}  // namespace slipway
