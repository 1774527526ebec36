// SPDX-License-Identifier: Apache-2.0
// Readers of the fields of a settings document, which name the field in their errors.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/text.h"
#include "json/value.h"
#include "monitor/settings.h"

namespace slipway::monitor {

using json::value;

inline Error wrong(const std::string& field, std::string_view wanted, const value& got) {
  return invalid(field + ": expected " + std::string(wanted) + ", got " +
                 std::string(json::kind_of(got)));
}

// Readers of one field: they name it in their errors.
inline Result<double> number(const value& from, const std::string& field, double low, double high) {
  if (!from.is_number()) return wrong(field, "a number", from);
  const double x = from.to_number<double>();
  if (!(x >= low && x <= high)) {
    return invalid(field + ": " + number_text(x) + " is not between " + number_text(low) + " and " +
                   number_text(high));
  }
  return x;
}

inline Result<std::int64_t> integer(const value& from, const std::string& field, std::int64_t low,
                                    std::int64_t high) {
  SW_TRY(const double x, number(from, field, static_cast<double>(low), static_cast<double>(high)));
  if (x != std::floor(x)) return invalid(field + ": expected an integer, got " + number_text(x));
  return static_cast<std::int64_t>(x);
}

inline Result<bool> boolean(const value& from, const std::string& field) {
  if (!from.is_bool()) return wrong(field, "a boolean", from);
  return from.get_bool();
}

inline Result<std::string> text(const value& from, const std::string& field) {
  if (!from.is_string()) return wrong(field, "a string", from);
  return std::string(from.get_string());
}

using Reader = std::function<Result<void>(const value&, const std::string& field)>;

// Every member of an object goes to the reader of its name.
inline Result<void> each_member(const value& from, const std::string& where,
                                const std::map<std::string_view, Reader>& readers) {
  if (!from.is_object()) return wrong(where.empty() ? "$" : where, "an object", from);
  for (const auto& [key, member] : from.get_object()) {
    const std::string field = where.empty() ? std::string(key) : where + "." + std::string(key);
    const auto reader = readers.find(std::string_view(key));
    if (reader == readers.end()) return invalid("unknown field '" + field + "'");
    SW_CHECK_OK(reader->second(member, field));
  }
  return {};
}

template <class T, class Read>
Reader into(T& target, T fallback, Read read) {
  return [&target, fallback, read](const value& from, const std::string& field) -> Result<void> {
    if (from.is_null()) {
      target = fallback;
      return {};
    }
    SW_TRY(auto got, read(from, field));
    target = std::move(got);
    return {};
  };
}

inline Reader integer_into(std::int64_t& target, std::int64_t fallback, std::int64_t low,
                           std::int64_t high) {
  return into(target, fallback,
              [=](const value& v, const std::string& f) { return integer(v, f, low, high); });
}

inline Reader number_into(double& target, double fallback, double low, double high) {
  return into(target, fallback,
              [=](const value& v, const std::string& f) { return number(v, f, low, high); });
}

inline Reader maybe_number_into(std::optional<double>& target, double low, double high) {
  return [&target, low, high](const value& v, const std::string& f) -> Result<void> {
    target.reset();
    if (v.is_null()) return {};
    SW_TRY(target, number(v, f, low, high));
    return {};
  };
}

// settings_rules.cc
Result<void> read_alert_rules(const json::value& from, const std::string& field,
                              std::map<AlertKind, AlertRule>& out);
json::object alert_rules_json(const std::map<AlertKind, AlertRule>& rules);

}  // namespace slipway::monitor
