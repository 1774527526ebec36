// SPDX-License-Identifier: Apache-2.0
#include "filter_sql.h"

#include <utility>

#include "domain/comparison.h"
#include "rows.h"

namespace slipway::tracking {
namespace {

using Op = Filter::Op;

constexpr std::size_t kPatternLimit = 10'000;
constexpr std::size_t kParameterLimit = 30'000;
constexpr int kDepthLimit = 64;

Result<std::string> compare_number(std::string_view column, const Filter& leaf,
                                   store::Cells& parameters) {
  const auto sign = sign_of(leaf.op);
  if (sign.empty()) return misfit(leaf, "is a number and supports =, !=, <, <=, > and >= only");
  const auto* number = std::get_if<double>(&leaf.value);
  if (number == nullptr) return misfit(leaf, "is compared with a number only");
  parameters.emplace_back(to_stored(*number).value);
  return std::string(column) + std::string(sign) + "?";
}

Result<std::string> compare_pattern(store::Dialect dialect, std::string_view column,
                                    const Filter& leaf, const std::string& pattern,
                                    store::Cells& parameters) {
  if (pattern.size() > kPatternLimit) {
    return invalid("a pattern of " + std::to_string(pattern.size()) + " bytes is too long",
                   "at most " + std::to_string(kPatternLimit));
  }
  const bool sqlite = dialect == store::Dialect::sqlite;
  const bool exact_case = leaf.op == Op::like;
  parameters.emplace_back(sqlite && exact_case ? glob_of(pattern) : pattern);
  if (sqlite) return std::string(column) + (exact_case ? " GLOB ?" : " LIKE ?");
  return std::string(column) + (exact_case ? " LIKE ? ESCAPE ''" : " ILIKE ? ESCAPE ''");
}

Result<std::string> compare_text(store::Dialect dialect, std::string_view column,
                                 const Filter& leaf, store::Cells& parameters) {
  if (leaf.op == Op::in || leaf.op == Op::not_in) {
    const auto* list = std::get_if<std::vector<std::string>>(&leaf.value);
    if (list == nullptr || list->empty()) return misfit(leaf, "wants a list of texts after IN");
    if (parameters.size() + list->size() > kParameterLimit) {
      return misfit(leaf, "is compared with too long a list");
    }
    std::string out = std::string(column) + (leaf.op == Op::in ? " IN (" : " NOT IN (");
    for (std::size_t i = 0; i < list->size(); ++i) {
      out += i == 0 ? "?" : ",?";
      parameters.emplace_back((*list)[i]);
    }
    return out += ')';
  }
  const auto* text = std::get_if<std::string>(&leaf.value);
  if (text == nullptr) return misfit(leaf, "is compared with a text only");
  if (leaf.op == Op::like || leaf.op == Op::ilike) {
    return compare_pattern(dialect, column, leaf, *text, parameters);
  }
  const auto sign = sign_of(leaf.op);
  if (sign.empty()) return misfit(leaf, "does not support this comparison");
  parameters.emplace_back(*text);
  return std::string(column) + std::string(sign) + "?";
}

// The conditions first..last joined, nested in halves: a database bounds the depth of an
// expression, and a chain of a thousand ANDs is a thousand deep.
std::string joined(const std::vector<std::string>& conditions, std::size_t first, std::size_t last,
                   std::string_view by) {
  if (last - first == 1) return conditions[first];
  const auto middle = first + (last - first) / 2;
  return "(" + joined(conditions, first, middle, by) + std::string(by) +
         joined(conditions, middle, last, by) + ")";
}

Result<std::string> where_at(const Filter& filter, store::Cells& parameters, const Leaf& leaf,
                             int depth) {
  if (depth > kDepthLimit) return invalid("the filter is nested too deeply");
  if (filter.kind == Filter::Kind::compare) {
    SW_TRY(auto condition, leaf(filter, parameters));
    if (parameters.size() > kParameterLimit) return invalid("the filter has too many parts");
    return "(" + condition + ")";
  }
  std::vector<std::string> conditions;
  for (const auto& part : filter.parts) {
    SW_TRY(auto condition, where_at(part, parameters, leaf, depth + 1));
    conditions.push_back(std::move(condition));
  }
  const bool none = filter.kind == Filter::Kind::none_of;
  if (conditions.empty())
    return std::string(filter.kind == Filter::Kind::any_of ? "(1 = 0)" : "(1 = 1)");
  auto out = joined(conditions, 0, conditions.size(),
                    filter.kind == Filter::Kind::all_of ? " AND " : " OR ");
  return none ? "(NOT " + out + ")" : out;
}

}  // namespace

Result<std::string> where_of(const Filter& filter, store::Cells& parameters, const Leaf& leaf) {
  return where_at(filter, parameters, leaf, 0);
}

Result<std::string> compare(store::Dialect dialect, std::string_view column, ColumnType type,
                            const Filter& leaf, store::Cells& parameters, bool nullable) {
  if (leaf.op == Op::is_null) return std::string(column) + " IS NULL";
  if (leaf.op == Op::is_not_null) return std::string(column) + " IS NOT NULL";
  SW_TRY(auto out, type == ColumnType::number ? compare_number(column, leaf, parameters)
                                              : compare_text(dialect, column, leaf, parameters));
  // What has no value matches nothing, and so NOT of it matches: no third truth value.
  if (nullable) ((out += " AND ") += column) += " IS NOT NULL";
  return out;
}

Result<std::string> compare_value(store::Dialect dialect, std::string_view column,
                                  const Filter& leaf, store::Cells& parameters) {
  SW_TRY(auto out, compare_text(dialect, column, leaf, parameters));
  if (dialect == store::Dialect::postgres && leaf.op == Op::eq) {
    parameters.push_back(parameters.back());
    ((out += " AND left(") += column) += ", 200) = left(?, 200)";
  }
  return out;
}

Result<std::string> compare_metric(store::Dialect dialect, const Filter& leaf,
                                   store::Cells& parameters) {
  SW_TRY(const auto condition, compare(dialect, "value", ColumnType::number, leaf, parameters));
  if (leaf.op == Op::ne) return "(" + condition + " OR kind = 1)";
  return condition + " AND kind <> 1";
}

}  // namespace slipway::tracking
