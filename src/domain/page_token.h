// SPDX-License-Identifier: Apache-2.0
// Page tokens: pieces of text behind a word that says whose they are. Opaque to clients, and read
// as anything that comes from outside.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway {

// invalid_argument; shows the token's beginning.
Error bad_page_token(std::string_view token);

class PageTokenWriter {
 public:
  explicit PageTokenWriter(std::string_view word) : text_(word) {}
  void add(std::string_view piece);
  std::string token() const;

 private:
  std::string text_;
};

class PageTokenReader {
 public:
  // A token without `word` in front, or longer than `limit` bytes, is refused.
  static Result<PageTokenReader> open(std::string_view token, std::string_view word,
                                      std::size_t limit);
  // Nothing at the end, or when what follows is no piece.
  std::optional<std::string_view> next();  // valid as long as the reader
  bool done() const { return at_ == text_.size(); }

 private:
  PageTokenReader(std::string text, std::size_t at) : text_(std::move(text)), at_(at) {}
  std::string text_;
  std::size_t at_;
};

}  // namespace slipway
