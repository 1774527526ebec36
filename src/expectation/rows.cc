// SPDX-License-Identifier: Apache-2.0
#include "expectation/rows.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace slipway::expectation {
namespace {

bool is_missing(const Value& value) {
  const auto* number = std::get_if<double>(&value);
  return number != nullptr && std::isnan(*number);
}

std::string text_of(const Value& value) {
  constexpr std::size_t kShown = 60;
  if (const auto* number = std::get_if<double>(&value)) return number_text(*number);
  std::string text = std::get<std::string>(value);
  if (text.size() > kShown) {
    std::size_t end = kShown;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text = text.substr(0, end) + "..";
  }
  return "'" + text + "'";
}

bool within(const Bounds& bounds, double x) {
  if (bounds.holds(x)) return true;
  // A live 0.1 is 0.10000000149: as a 32-bit float it is what the file says.
  const auto single = [](double y) { return static_cast<double>(static_cast<float>(y)); };
  Bounds near = bounds;
  if (near.min) near.min = single(*near.min);
  if (near.max) near.max = single(*near.max);
  return !bounds.times && near.holds(single(x));
}

bool same(const Scalar& wanted, const Value& value) {
  if (const auto* text = std::get_if<std::string>(&wanted)) {
    const auto* got = std::get_if<std::string>(&value);
    return got != nullptr && *got == *text;
  }
  const double number = std::get<double>(wanted);
  const auto* got = std::get_if<double>(&value);
  return got != nullptr &&
         (*got == number || static_cast<float>(*got) == static_cast<float>(number));
}

bool is_one_of(const std::vector<Scalar>& values, const Value& value) {
  return std::any_of(values.begin(), values.end(),
                     [&](const Scalar& wanted) { return same(wanted, value); });
}

bool has_type(const std::vector<std::string>& types, const Value& value) {
  const auto* number = std::get_if<double>(&value);
  return std::any_of(types.begin(), types.end(), [&](const std::string& type) {
    if (type == "text") return number == nullptr;
    if (type == "time")
      return number != nullptr || parse_rfc3339(std::get<std::string>(value)).ok();
    if (number == nullptr) return false;
    if (type == "boolean") return *number == 0 || *number == 1;
    return type == "number" || *number == std::floor(*number);
  });
}

// Characters, not bytes.
double length_of(const std::string& text) {
  return static_cast<double>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

bool in_order(const std::string& op, int order) {
  if (op == "<") return order < 0;
  if (op == "<=") return order <= 0;
  if (op == "=") return order == 0;
  if (op == "!=") return order != 0;
  return op == ">=" ? order >= 0 : order > 0;
}

bool compares(const std::string& op, const Value& left, const Value& right) {
  if (left.index() != right.index()) return op == "!=";
  if (const auto* text = std::get_if<std::string>(&left)) {
    return in_order(op, text->compare(std::get<std::string>(right)));
  }
  const double a = std::get<double>(left);
  const double b = std::get<double>(right);
  return in_order(op, a < b ? -1 : a > b ? 1 : 0);
}

bool adds_up(const Check& check, const std::vector<Value>& row, const std::vector<std::size_t>& at,
             double& sum) {
  sum = 0;
  for (const auto place : at) {
    if (!std::holds_alternative<double>(row[place])) return false;
  }
  for (std::size_t i = 0; i + 1 < at.size(); ++i) sum += std::get<double>(row[at[i]]);
  const double total = std::get<double>(row[at.back()]);
  const double size = std::max(std::abs(sum), std::abs(total));
  return std::abs(sum - total) <= std::max(check.tolerance, size * 1e-6);
}

// Whether a value that is there is as the check wants it.
bool holds(const Check& check, const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  switch (check.kind) {
    case Kind::type:
      return has_type(check.types, value);
    case Kind::range:
      return text == nullptr && within(check.bounds, std::get<double>(value));
    case Kind::in:
      return is_one_of(check.values, value);
    case Kind::not_in:
      return !is_one_of(check.values, value);
    case Kind::matches:
      return text != nullptr && found(*check.compiled, *text);
    case Kind::not_matches:
      return text == nullptr || !found(*check.compiled, *text);
    case Kind::length:
      return text != nullptr && check.bounds.holds(length_of(*text));
    default:
      return true;
  }
}

}  // namespace

RowChecks::RowChecks(std::shared_ptr<const Suite> suite, const std::vector<std::string>& columns)
    : suite_(std::move(suite)) {
  const auto place_of = [&](const std::string& name) {
    return static_cast<std::size_t>(std::find(columns.begin(), columns.end(), name) -
                                    columns.begin());
  };
  for (const auto& check : suite_->checks) {
    if (!check.of_requests()) continue;
    if (check.column == "*") {
      for (std::size_t i = 0; i < columns.size(); ++i) bound_.push_back({&check, {i}});
      continue;
    }
    const auto names = check.column.empty() ? check.columns : std::vector{check.column};
    Bound bound{.check = &check};
    for (const auto& name : names) bound.at.push_back(place_of(name));
    const bool there = std::all_of(bound.at.begin(), bound.at.end(),
                                   [&](std::size_t at) { return at < columns.size(); });
    if (there) bound_.push_back(std::move(bound));
  }
}

void RowChecks::look(const std::vector<Value>& row, const Broken& broken) const {
  for (const auto& [check, at] : bound_) {
    const auto gone = std::find_if(at.begin(), at.end(), [&](std::size_t place) {
      return place >= row.size() || is_missing(row[place]);
    });
    if (gone != at.end()) {
      if (check->kind == Kind::not_null) broken(*check, "it is missing");
      continue;
    }
    if (check->kind == Kind::compare) {
      if (compares(check->op, row[at[0]], row[at[1]])) continue;
      broken(*check, text_of(row[at[0]]) + " and " + text_of(row[at[1]]));
    } else if (check->kind == Kind::sum) {
      double sum = 0;
      if (adds_up(*check, row, at, sum)) continue;
      broken(*check, number_text(sum) + " and " + text_of(row[at.back()]));
    } else if (!holds(*check, row[at[0]])) {
      broken(*check, text_of(row[at[0]]));
    }
  }
}

}  // namespace slipway::expectation
