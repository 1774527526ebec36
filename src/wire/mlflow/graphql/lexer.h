// SPDX-License-Identifier: Apache-2.0
// The words and marks of a GraphQL document.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::wire::mlflow::graphql {

struct Token {
  enum class Kind { end, name, number, text, mark } kind = Kind::end;
  std::string text;  // a text's content, unescaped
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  // Each call moves on; after the last one every call answers Kind::end.
  Result<Token> next();

 private:
  void skip_ignored();
  Result<Token> read_text();
  Result<Token> read_block();

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace slipway::wire::mlflow::graphql
