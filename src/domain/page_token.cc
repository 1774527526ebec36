// SPDX-License-Identifier: Apache-2.0
#include "domain/page_token.h"

#include <utility>

#include "base/text.h"

namespace slipway {

Error bad_page_token(std::string_view token) {
  std::string shown(token.substr(0, 60));
  if (!is_valid_utf8(shown)) shown = to_hex(shown);
  return invalid("invalid page token '" + shown + "'",
                 "pass the token of the page before, unchanged, with the same order_by");
}

// A piece has its length before it.
void PageTokenWriter::add(std::string_view piece) {
  ((text_ += std::to_string(piece.size())) += ':') += piece;
}

std::string PageTokenWriter::token() const {
  return to_base64(text_);
}

Result<PageTokenReader> PageTokenReader::open(std::string_view token, std::string_view word,
                                              std::size_t limit) {
  auto decoded = token.size() > limit ? std::nullopt : from_base64(token);
  if (!decoded || !decoded->starts_with(word)) return bad_page_token(token);
  return PageTokenReader(*std::move(decoded), word.size());
}

std::optional<std::string_view> PageTokenReader::next() {
  const auto rest = std::string_view(text_).substr(at_);
  const auto colon = rest.find(':');
  if (colon == std::string_view::npos || colon > 7) return std::nullopt;
  const auto size = parse_int(rest.substr(0, colon));
  const auto left = rest.size() - colon - 1;
  if (!size || *size < 0 || static_cast<std::size_t>(*size) > left) return std::nullopt;
  const auto out = rest.substr(colon + 1, static_cast<std::size_t>(*size));
  at_ += colon + 1 + out.size();
  return out;
}

}  // namespace slipway
