// SPDX-License-Identifier: Apache-2.0
#include "domain/keyset.h"

#include <optional>
#include <utility>

#include "base/text.h"

namespace slipway {
namespace {

constexpr std::string_view kStart = "keys1";
constexpr std::size_t kTokenLimit = 100'000;

Error bad_token(std::string_view token) {
  std::string shown(token.substr(0, 60));
  if (!is_valid_utf8(shown)) shown = to_hex(shown);
  return invalid("invalid page token '" + shown + "'",
                 "pass the token of the page before, unchanged, with the same order_by");
}

// A piece has its length before it.
void add_piece(std::string& out, std::string_view piece) {
  ((out += std::to_string(piece.size())) += ':') += piece;
}

std::optional<std::string_view> take_piece(std::string_view& text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon > 7) return std::nullopt;
  const auto size = parse_int(text.substr(0, colon));
  text.remove_prefix(colon + 1);
  if (!size || *size < 0 || static_cast<std::size_t>(*size) > text.size()) return std::nullopt;
  const auto out = text.substr(0, static_cast<std::size_t>(*size));
  text.remove_prefix(out.size());
  return out;
}

std::string name_of(const KeysetKey& key) {
  return key.column + (key.ascending ? " up" : " down");
}

}  // namespace

std::string Keyset::order() const {
  std::string out;
  for (const auto& key : keys_) {
    ((out += out.empty() ? "" : ", ") += key.column) += key.ascending ? "" : " DESC";
  }
  return out;
}

std::string Keyset::token(const std::vector<KeysetValue>& row) const {
  SW_ASSERT(row.size() == keys_.size());
  std::string out(kStart);
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    add_piece(out, name_of(keys_[i]));
    const auto* number = std::get_if<std::int64_t>(&row[i]);
    add_piece(out, number != nullptr ? std::to_string(*number) : std::get<std::string>(row[i]));
  }
  return to_base64(out);
}

Result<Keyset::Behind> Keyset::behind(std::string_view token) const {
  if (token.empty()) return Behind{"1 = 1", {}};
  const auto decoded = token.size() > kTokenLimit ? std::nullopt : from_base64(token);
  if (!decoded || !decoded->starts_with(kStart)) return bad_token(token);
  auto rest = std::string_view(*decoded).substr(kStart.size());
  // a > ? OR (a = ? AND (b < ? OR ..)), parameters in the order of the text. The first comparison
  // stands once more in front of all, where an index finds it.
  Behind out;
  std::size_t open = 0;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const auto& key = keys_[i];
    const auto name = take_piece(rest);
    const auto text = name && *name == name_of(key) ? take_piece(rest) : std::nullopt;
    if (!text || !is_valid_utf8(*text)) return bad_token(token);
    const auto number = key.number ? parse_int(*text) : std::nullopt;
    if (key.number && !number) return bad_token(token);
    const KeysetValue value = number ? KeysetValue(*number) : KeysetValue(std::string(*text));
    const std::string sign = key.ascending ? " > ?" : " < ?";
    if (i == 0) {
      out.condition = "(" + key.column + (key.ascending ? " >= ?" : " <= ?") + " AND ";
      out.parameters.push_back(value);
      ++open;
    }
    const bool last = i + 1 == keys_.size();
    out.condition += (last ? "" : "(") + key.column + sign;
    out.parameters.push_back(value);
    if (last) break;
    out.condition += " OR (" + key.column + " = ? AND ";
    out.parameters.push_back(value);
    open += 2;
  }
  if (!rest.empty()) return bad_token(token);
  out.condition.append(open, ')');
  return out;
}

}  // namespace slipway
