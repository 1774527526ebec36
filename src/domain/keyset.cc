// SPDX-License-Identifier: Apache-2.0
#include "domain/keyset.h"

#include <optional>
#include <utility>

#include "base/text.h"
#include "domain/page_token.h"

namespace slipway {
namespace {

constexpr std::string_view kWord = "keys1";
constexpr std::size_t kTokenLimit = 100'000;

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
  PageTokenWriter out(kWord);
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    out.add(name_of(keys_[i]));
    const auto* number = std::get_if<std::int64_t>(&row[i]);
    out.add(number != nullptr ? std::to_string(*number) : std::get<std::string>(row[i]));
  }
  return out.token();
}

Result<Keyset::Behind> Keyset::behind(std::string_view token) const {
  if (token.empty()) return Behind{"1 = 1", {}};
  SW_TRY(auto pieces, PageTokenReader::open(token, kWord, kTokenLimit));
  // a > ? OR (a = ? AND (b < ? OR ..)), parameters in the order of the text. The first comparison
  // stands once more in front of all, where an index finds it.
  Behind out;
  std::size_t open = 0;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const auto& key = keys_[i];
    const auto name = pieces.next();
    const auto text = name && *name == name_of(key) ? pieces.next() : std::nullopt;
    if (!text || !is_valid_utf8(*text)) return bad_page_token(token);
    const auto number = key.number ? parse_int(*text) : std::nullopt;
    if (key.number && !number) return bad_page_token(token);
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
  if (!pieces.done()) return bad_page_token(token);
  out.condition.append(open, ')');
  return out;
}

}  // namespace slipway
