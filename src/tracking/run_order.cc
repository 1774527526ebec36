// SPDX-License-Identifier: Apache-2.0
#include "run_order.h"

#include <bit>
#include <cmath>
#include <set>
#include <utility>

#include "base/text.h"
#include "domain/page_token.h"

namespace slipway::tracking {
namespace {

using store::Cell;
using store::Cells;
using Type = OrderKey::Type;

constexpr std::size_t kMostKeys = 20;
constexpr std::size_t kTokenLimit = 400'000;
constexpr std::string_view kTokenWord = "runs1";

Result<OrderKey> attribute_key(const SearchOrder& by) {
  const auto* attribute = run_attribute(by.key);
  if (attribute == nullptr) return unknown_run_field(by.entity, by.key);
  OrderKey out{.entity = by.entity, .key = by.key, .ascending = by.ascending};
  out.value = attribute->integer_order ? attribute->order_column : attribute->column;
  out.type = attribute->integer_order ? Type::integer : Type::text;
  out.index = attribute->index;
  out.start_follows = attribute->start_follows;
  if (by.key == "ended") out.rank = "CASE WHEN r.ended IS NULL THEN 1 ELSE 0 END";
  return out;
}

Result<OrderKey> key_of(const RunFields& fields, const SearchOrder& by, std::size_t number) {
  if (by.entity == "attribute") return attribute_key(by);
  OrderKey out{.entity = by.entity, .key = by.key, .ascending = by.ascending};
  const std::string name = "o" + std::to_string(number);
  out.value = name + ".value";
  if (by.entity == "metric") {
    out.join = " LEFT JOIN latest_metrics " + name + " ON " + name + ".run = r.id AND " + name +
               ".metric = " + fields.metric(by.key);
    out.rank =
        "CASE WHEN " + name + ".kind = 1 THEN 1 WHEN " + name + ".value IS NULL THEN 2 ELSE 0 END";
    out.type = Type::real;
    return out;
  }
  if (!is_pair(by.entity)) {
    return invalid("runs cannot be ordered by '" + by.entity + "." + by.key + "'");
  }
  out.join = " LEFT JOIN run_" + by.entity + "s " + name + " ON " + name + ".run = r.id AND " +
             name + ".key = ?";
  out.rank = "CASE WHEN " + name + ".value IS NULL THEN 1 ELSE 0 END";
  return out;
}

std::string text_of_cell(const Cell& cell) {
  if (const auto* integer = std::get_if<std::int64_t>(&cell)) return std::to_string(*integer);
  if (const auto* real = std::get_if<double>(&cell)) {
    return std::to_string(std::bit_cast<std::int64_t>(*real));
  }
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  return {};
}

std::optional<Cell> cell_of(std::string_view text, Type type) {
  if (type == Type::text) {
    if (!is_valid_utf8(text)) return std::nullopt;
    return Cell(std::string(text));
  }
  const auto number = parse_int(text);
  if (!number) return std::nullopt;
  if (type == Type::integer) return Cell(*number);
  const auto real = std::bit_cast<double>(*number);
  if (!std::isfinite(real)) return std::nullopt;
  return Cell(real);
}

}  // namespace

Result<RunOrder> RunOrder::of(const RunFields& fields, const std::vector<SearchOrder>& wanted) {
  if (wanted.size() > kMostKeys) {
    return invalid("an order of " + std::to_string(wanted.size()) + " fields is too long",
                   "at most " + std::to_string(kMostKeys));
  }
  RunOrder out;
  std::set<std::pair<std::string, std::string>> seen;
  bool seen_id = false;
  for (const auto& by : wanted) {
    if (!seen.emplace(by.entity, by.key).second) {
      return invalid("order_by contains '" + by.entity + "." + by.key + "' twice");
    }
    SW_TRY(auto key, key_of(fields, by, seen.size()));
    // No two runs have the same id, so what is asked for behind it changes nothing.
    if (!seen_id) out.keys_.push_back(std::move(key));
    seen_id = seen_id || (by.entity == "attribute" && by.key == "id");
  }
  if (seen_id) return out;
  const auto add = [&](const char* key, bool ascending) -> Result<void> {
    if (seen.contains({"attribute", key})) return {};
    SW_TRY(auto made, attribute_key({{"attribute", key, ascending}, {}, {}}));
    out.keys_.push_back(std::move(made));
    return {};
  };
  SW_CHECK_OK(add("started", false));
  SW_CHECK_OK(add("id", true));
  return out;
}

RunOrder RunOrder::with_first_key_there() const {
  RunOrder out = *this;
  out.keys_.front().rank.clear();
  return out;
}

std::string RunOrder::joins(std::size_t first, Cells& parameters) const {
  std::string out;
  for (std::size_t i = first; i < keys_.size(); ++i) {
    out += keys_[i].join;
    if (is_pair(keys_[i].entity)) parameters.emplace_back(keys_[i].key);
  }
  return out;
}

std::string RunOrder::clauses(std::size_t first) const {
  std::string out;
  for (std::size_t i = first; i < keys_.size(); ++i) {
    const auto& key = keys_[i];
    if (!key.rank.empty()) ((out += out.empty() ? "" : ", ") += key.rank);
    ((out += out.empty() ? "" : ", ") += key.value) += key.ascending ? "" : " DESC";
  }
  return out;
}

std::string RunOrder::columns(std::size_t first) const {
  std::string out;
  for (std::size_t i = first; i < keys_.size(); ++i) {
    (((out += ", ") += keys_[i].rank.empty() ? "0" : keys_[i].rank) += ", ") += keys_[i].value;
  }
  return out;
}

std::string RunOrder::behind(std::size_t first, const Position& position, Cells& parameters) const {
  // Parameters stand in the order of the text, which is from the first key to the last.
  std::string out;
  std::size_t open = 0;
  for (std::size_t i = first; i < keys_.size(); ++i) {
    const auto& key = keys_[i];
    const auto& at = position[i];
    const bool last = i + 1 == keys_.size();
    if (!key.rank.empty()) {
      const auto rank = std::to_string(at.rank);
      out += "(" + key.rank + " > " + rank + " OR (" + key.rank + " = " + rank + " AND ";
      open += 2;
    }
    if (at.rank != 0) {
      // Equal among themselves. The last key is the id, which is never missing.
      continue;
    }
    const std::string_view sign = key.ascending ? " > ?" : " < ?";
    parameters.push_back(at.value);
    ((out += last ? "" : "(") += key.value) += sign;
    if (last) break;
    parameters.push_back(at.value);
    ((out += " OR (") += key.value) += " = ? AND ";
    open += 2;
  }
  return out.append(open, ')');
}

Position RunOrder::read(std::size_t first, const store::Row& row, int column) const {
  Position out(keys_.size());
  for (std::size_t i = first; i < keys_.size(); ++i, column += 2) {
    out[i].rank = row.int64(column);
    if (out[i].rank != 0) continue;
    switch (keys_[i].type) {
      case Type::integer:
        out[i].value = row.int64(column + 1);
        break;
      case Type::real:
        out[i].value = row.real(column + 1);
        break;
      case Type::text:
        out[i].value = std::string(row.text(column + 1));
        break;
    }
  }
  return out;
}

std::string RunOrder::token(const Position& position) const {
  PageTokenWriter out(kTokenWord);
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    out.add(keys_[i].entity);
    out.add(keys_[i].key);
    out.add(keys_[i].ascending ? "a" : "d");
    out.add(std::to_string(position[i].rank));
    out.add(text_of_cell(position[i].value));
  }
  return out.token();
}

Result<std::optional<Position>> RunOrder::position_of(std::string_view token) const {
  if (token.empty()) return std::optional<Position>();
  SW_TRY(auto pieces, PageTokenReader::open(token, kTokenWord, kTokenLimit));
  Position out;
  for (const auto& key : keys_) {
    const auto entity = pieces.next();
    const auto name = entity ? pieces.next() : entity;
    const auto direction = name ? pieces.next() : name;
    const auto rank = direction ? pieces.next() : direction;
    const auto value = rank ? pieces.next() : rank;
    if (!value || *entity != key.entity || *name != key.key ||
        *direction != (key.ascending ? "a" : "d")) {
      return bad_page_token(token);
    }
    const std::int64_t most = key.rank.empty() ? 0 : key.entity == "metric" ? 2 : 1;
    const auto number = parse_int(*rank);
    if (!number || *number < 0 || *number > most) return bad_page_token(token);
    KeyValue at{.rank = *number, .value = nullptr};
    if (at.rank == 0) {
      auto cell = cell_of(*value, key.type);
      if (!cell) return bad_page_token(token);
      at.value = *std::move(cell);
    }
    out.push_back(std::move(at));
  }
  if (!pieces.done()) return bad_page_token(token);
  return std::optional(std::move(out));
}

}  // namespace slipway::tracking
