// SPDX-License-Identifier: Apache-2.0
#include "graphql/lexer.h"

#include "base/text.h"
#include "json/value.h"

namespace slipway::wire::mlflow::graphql {
namespace {

bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

Error bad(std::size_t at, std::string_view what) {
  return invalid("syntax error at character " + std::to_string(at) +
                 " of the query: " + std::string(what));
}

}  // namespace

void Lexer::skip_ignored() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '#') {
      while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',') {
      ++at_;
    } else if (text_.substr(at_, 3) == "\xEF\xBB\xBF") {
      at_ += 3;
    } else {
      return;
    }
  }
}

Result<Token> Lexer::next() {
  skip_ignored();
  if (at_ >= text_.size()) return Token{};
  const char c = text_[at_];
  const auto start = at_;
  if (starts_name(c)) {
    while (at_ < text_.size() && (starts_name(text_[at_]) || is_digit(text_[at_]))) ++at_;
    return Token{Token::Kind::name, std::string(text_.substr(start, at_ - start))};
  }
  if (is_digit(c) || c == '-') {
    ++at_;
    while (at_ < text_.size() && (is_digit(text_[at_]) || std::string_view(".eE+-").find(
                                                              text_[at_]) != std::string::npos)) {
      ++at_;
    }
    const auto number = text_.substr(start, at_ - start);
    if (!parse_int(number) && !parse_double(number)) return bad(start, "a number is wanted");
    return Token{Token::Kind::number, std::string(number)};
  }
  if (c == '"') return text_.substr(at_, 3) == R"(""")" ? read_block() : read_text();
  if (text_.substr(at_, 3) == "...") {
    at_ += 3;
    return Token{Token::Kind::mark, "..."};
  }
  if (std::string_view("{}()[]:=@!$|&").find(c) == std::string_view::npos) {
    return bad(at_, "unexpected character");
  }
  ++at_;
  return Token{Token::Kind::mark, std::string(1, c)};
}

// A string of GraphQL is one of JSON.
Result<Token> Lexer::read_text() {
  const auto start = at_++;
  while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\n') {
    at_ += text_[at_] == '\\' ? 2 : 1;
  }
  if (at_ >= text_.size() || text_[at_] != '"') return bad(start, "unterminated string");
  ++at_;
  const auto parsed = json::parse_value(text_.substr(start, at_ - start));
  if (!parsed || !parsed->is_string()) return bad(start, "invalid string");
  return Token{Token::Kind::text, std::string(parsed->get_string())};
}

Result<Token> Lexer::read_block() {
  const auto start = at_;
  const auto end = text_.find(R"(""")", at_ + 3);
  if (end == std::string_view::npos) return bad(start, "unterminated block string");
  at_ = end + 3;
  return Token{Token::Kind::text, std::string(trim(text_.substr(start + 3, end - start - 3)))};
}

}  // namespace slipway::wire::mlflow::graphql
