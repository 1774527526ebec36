// SPDX-License-Identifier: Apache-2.0
#include "search_sql.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"

namespace slipway::registry {
namespace {

using Op = Filter::Op;
using store::Dialect;

const Field* find_field(const Searchable& table, std::string_view key) {
  const auto at = std::find_if(table.fields.begin(), table.fields.end(),
                               [&](const Field& field) { return field.key == key; });
  return at == table.fields.end() ? nullptr : &*at;
}

std::string known_keys(const Searchable& table) {
  std::string out;
  for (const auto& field : table.fields) {
    (out += out.empty() ? "" : ", ") += field.key;
  }
  return out;
}

// SQLite's LIKE ignores case; its GLOB does not, and has other wild cards.
std::string like_to_glob(std::string_view pattern) {
  std::string out;
  for (const char c : pattern) {
    switch (c) {
      case '%':
        out += '*';
        break;
      case '_':
        out += '?';
        break;
      case '*':
      case '?':
      case '[':
        ((out += '[') += c) += ']';
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string_view sign_of(Op op) {
  switch (op) {
    case Op::eq:
      return " = ?";
    case Op::ne:
      return " <> ?";
    case Op::lt:
      return " < ?";
    case Op::le:
      return " <= ?";
    case Op::gt:
      return " > ?";
    case Op::ge:
      return " >= ?";
    case Op::like:
    case Op::ilike:
    case Op::rlike:
    case Op::in:
    case Op::not_in:
    case Op::is_null:
    case Op::is_not_null:
      break;
  }
  return "";
}

Result<void> compare_number(const Filter& filter, std::string_view column, Sql& out) {
  const auto* number = std::get_if<double>(&filter.value);
  const auto sign = sign_of(filter.op);
  if (sign.empty()) return invalid("invalid comparator for attribute '" + filter.key + "'");
  if (number == nullptr || *number != std::floor(*number) || std::abs(*number) > 9e15) {
    return invalid("attribute '" + filter.key + "' is compared with whole numbers only");
  }
  (out.text += column) += sign;
  out.cells.emplace_back(static_cast<std::int64_t>(*number));
  return {};
}

Result<void> compare_list(const Filter& filter, std::string_view column, Sql& out) {
  const auto* list = std::get_if<std::vector<std::string>>(&filter.value);
  if (list == nullptr) return invalid("IN wants a list of quoted strings for '" + filter.key + "'");
  if (list->empty()) {
    out.text += filter.op == Op::in ? "1 = 0" : "1 = 1";
    return {};
  }
  (out.text += column) += filter.op == Op::in ? " IN (" : " NOT IN (";
  for (std::size_t i = 0; i < list->size(); ++i) {
    out.text += i == 0 ? "?" : ", ?";
    out.cells.emplace_back((*list)[i]);
  }
  out.text += ')';
  return {};
}

Result<void> compare_text(const Filter& filter, std::string_view column, Dialect dialect,
                          Sql& out) {
  if (filter.op == Op::in || filter.op == Op::not_in) return compare_list(filter, column, out);
  const auto* text = std::get_if<std::string>(&filter.value);
  if (text == nullptr) {
    return invalid(filter.entity + " '" + filter.key + "' is compared with a quoted string");
  }
  out.text += column;
  if (filter.op == Op::like) {
    out.text += dialect == Dialect::sqlite ? " GLOB ?" : " LIKE ? ESCAPE ''";
    out.cells.emplace_back(dialect == Dialect::sqlite ? like_to_glob(*text) : *text);
  } else if (filter.op == Op::ilike) {
    out.text += dialect == Dialect::sqlite ? " LIKE ?" : " ILIKE ? ESCAPE ''";
    out.cells.emplace_back(*text);
  } else if (filter.op == Op::eq || filter.op == Op::ne) {
    out.text += sign_of(filter.op);
    out.cells.emplace_back(*text);
  } else {
    return invalid("invalid comparator for " + filter.entity + " '" + filter.key +
                   "': strings compare with =, !=, LIKE, ILIKE, IN");
  }
  return {};
}

Result<void> compare(const Filter& filter, const Searchable& table, Dialect dialect, Sql& out) {
  if (filter.entity == "tag") {
    if (filter.op == Op::in || filter.op == Op::not_in) {
      return invalid("invalid comparator for tag '" + filter.key + "'");
    }
    ((out.text += "EXISTS (") += table.tags) += " AND t.key = ? AND ";
    out.cells.emplace_back(filter.key);
    SW_CHECK_OK(compare_text(filter, "t.value", dialect, out));
    out.text += ')';
    return {};
  }
  const auto* field = filter.entity == "attribute" ? find_field(table, filter.key) : nullptr;
  if (field == nullptr) {
    return invalid("invalid attribute '" + filter.key + "' in the filter",
                   "valid attributes are " + known_keys(table) + "; tags are tags.KEY");
  }
  return field->number ? compare_number(filter, field->column, out)
                       : compare_text(filter, field->column, dialect, out);
}

}  // namespace

Result<void> add_condition(const Filter& filter, const Searchable& table, Dialect dialect,
                           Sql& out) {
  if (filter.kind == Filter::Kind::compare) return compare(filter, table, dialect, out);
  const bool all = filter.kind == Filter::Kind::all_of;
  if (filter.parts.empty()) {
    out.text += filter.kind == Filter::Kind::any_of ? "1 = 0" : "1 = 1";
    return {};
  }
  out.text += filter.kind == Filter::Kind::none_of ? "NOT (" : "(";
  for (std::size_t i = 0; i < filter.parts.size(); ++i) {
    if (i > 0) out.text += all ? " AND " : " OR ";
    SW_CHECK_OK(add_condition(filter.parts[i], table, dialect, out));
  }
  out.text += ')';
  return {};
}

Result<Keyset> order_of(const std::vector<OrderBy>& order, const Searchable& table,
                        std::span<const KeysetKey> tie_breaks) {
  std::vector<KeysetKey> keys;
  const auto is_there = [&](std::string_view column) {
    return std::any_of(keys.begin(), keys.end(),
                       [&](const KeysetKey& key) { return key.column == column; });
  };
  for (const auto& by : order) {
    const auto* field = by.entity == "attribute" ? find_field(table, by.key) : nullptr;
    if (field == nullptr) {
      return invalid("invalid order_by key '" + by.key + "'",
                     "valid keys are " + known_keys(table));
    }
    if (is_there(field->column)) return invalid("order_by names '" + by.key + "' twice");
    keys.push_back({std::string(field->column), by.ascending, field->number});
  }
  for (const auto& key : tie_breaks) {
    if (!is_there(key.column)) keys.push_back(key);
  }
  return Keyset(std::move(keys));
}

Result<void> add_page(const Keyset& order, const PageRequest& page, Sql& out) {
  SW_TRY(const auto behind, order.behind(page.token));
  out.text += " AND " + behind.condition + " ORDER BY " + order.order() + " LIMIT ?";
  for (const auto& value : behind.parameters) {
    std::visit([&](const auto& each) { out.cells.emplace_back(each); }, value);
  }
  out.cells.emplace_back(static_cast<std::int64_t>(page.size) + 1);
  return {};
}

}  // namespace slipway::registry
