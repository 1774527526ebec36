// SPDX-License-Identifier: Apache-2.0
// Comparisons of one expression, in the dialect of the database.
#include <cmath>

#include "conditions.h"
#include "domain/comparison.h"

namespace slipway::tracing {
namespace {

using Op = Filter::Op;
using store::Dialect;

constexpr std::size_t kPatternLimit = 10'000;
constexpr std::size_t kListLimit = 10'000;

Result<Sql> compare_number(const Sql& expression, const Filter& leaf) {
  const auto sign = sign_of(leaf.op);
  const auto* number = std::get_if<double>(&leaf.value);
  if (sign.empty()) return misfit(leaf, "is a number and supports =, !=, <, <=, > and >= only");
  if (number == nullptr || !std::isfinite(*number)) {
    return misfit(leaf, "is compared with a number only");
  }
  Sql out = expression;
  out += sign;
  if (*number == std::floor(*number) && std::abs(*number) < 9e18) {
    out += "?";
    out.cells.emplace_back(static_cast<std::int64_t>(*number));
  } else {
    out += "CAST(? AS DOUBLE PRECISION)";
    out.cells.emplace_back(*number);
  }
  return out;
}

Result<Sql> compare_like(Dialect dialect, const Sql& expression, const Filter& leaf,
                         const std::string& pattern) {
  if (pattern.size() > kPatternLimit) {
    return invalid("a pattern of " + std::to_string(pattern.size()) + " bytes is too long",
                   "at most " + std::to_string(kPatternLimit));
  }
  const bool sqlite = dialect == Dialect::sqlite;
  const bool exact_case = leaf.op == Op::like;
  Sql out = expression;
  if (sqlite) {
    out += exact_case ? " GLOB ?" : " LIKE ?";
  } else {
    out += exact_case ? " LIKE ? ESCAPE ''" : " ILIKE ? ESCAPE ''";
  }
  out.cells.emplace_back(sqlite && exact_case ? glob_of(pattern) : pattern);
  return out;
}

Result<Sql> compare_list(const Sql& expression, const Filter& leaf) {
  const auto* list = std::get_if<std::vector<std::string>>(&leaf.value);
  if (list == nullptr || list->empty()) return misfit(leaf, "wants a list of texts after IN");
  if (list->size() > kListLimit) return misfit(leaf, "is compared with too long a list");
  Sql out = expression;
  out += leaf.op == Op::in ? " IN (" : " NOT IN (";
  for (std::size_t i = 0; i < list->size(); ++i) {
    out += i == 0 ? "?" : ",?";
    out.cells.emplace_back((*list)[i]);
  }
  return out += ")";
}

}  // namespace

Result<Sql> compare(Dialect dialect, const Sql& expression, bool number, const Filter& leaf) {
  if (leaf.op == Op::is_null || leaf.op == Op::is_not_null) {
    Sql out = expression;
    return out += leaf.op == Op::is_null ? " IS NULL" : " IS NOT NULL";
  }
  if (number) return compare_number(expression, leaf);
  if (leaf.op == Op::in || leaf.op == Op::not_in) return compare_list(expression, leaf);
  const auto* text = std::get_if<std::string>(&leaf.value);
  if (text == nullptr) return misfit(leaf, "is compared with a text only");
  if (leaf.op == Op::like || leaf.op == Op::ilike) {
    return compare_like(dialect, expression, leaf, *text);
  }
  const auto sign = sign_of(leaf.op);
  if (sign.empty()) return misfit(leaf, "does not support this comparison");
  Sql out = expression;
  (out += sign) += "?";
  out.cells.emplace_back(*text);
  return out;
}

Result<std::shared_ptr<const RE2>> pattern_of(const Filter& leaf) {
  const auto* text = std::get_if<std::string>(&leaf.value);
  if (text == nullptr) return misfit(leaf, "is compared with a text only");
  if (text->size() > kPatternLimit) return invalid("a regular expression is too long");
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(8 << 20);
  auto out = std::make_shared<const RE2>(*text, options);
  if (!out->ok()) {
    return invalid("invalid regular expression '" + text->substr(0, 200) + "': " + out->error());
  }
  return out;
}

}  // namespace slipway::tracing
