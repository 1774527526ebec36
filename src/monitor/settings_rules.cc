// SPDX-License-Identifier: Apache-2.0
// What is particular to alerts of one kind.
#include "settings_read.h"

namespace slipway::monitor {
namespace {

constexpr std::string_view kSeverities[] = {"info", "warning", "critical"};

Result<std::optional<std::string>> read_severity(const value& from, const std::string& field) {
  SW_TRY(auto name, text(from, field));
  for (const auto known : kSeverities) {
    if (name == known) return std::optional(std::move(name));
  }
  return invalid(field + ": '" + name + "' is not known", "use info, warning or critical");
}

Result<std::optional<std::string>> read_owner(const value& from, const std::string& field) {
  SW_TRY(auto name, text(from, field));
  if (name.size() > 200) return invalid(field + ": longer than 200 bytes");
  return std::optional(std::move(name));
}

Result<std::optional<std::int64_t>> read_windows(const value& from, const std::string& field) {
  SW_TRY(const auto n, integer(from, field, 1, 1000));
  return std::optional(n);
}

}  // namespace

const AlertRule& Settings::rule_of(AlertKind kind) const {
  static const AlertRule kPlain;
  const auto found = alerts.find(kind);
  return found == alerts.end() ? kPlain : found->second;
}

Result<void> read_alert_rules(const value& from, const std::string& field,
                              std::map<AlertKind, AlertRule>& out) {
  if (from.is_null()) {
    out.clear();
    return {};
  }
  if (!from.is_object()) return wrong(field, "an object", from);
  for (const auto& [name, document] : from.get_object()) {
    const std::string where = field + "." + std::string(name);
    const auto kind = alert_kind_named(std::string_view(name));
    if (!kind) return invalid(where + ": there are no alerts of this kind", known_alert_kinds());
    if (document.is_null()) {
      out.erase(*kind);
      continue;
    }
    AlertRule rule;
    SW_CHECK_OK(
        each_member(document, where,
                    {{"enabled", into(rule.enabled, true, boolean)},
                     {"for_s", integer_into(rule.for_s, 0, 0, 31'536'000)},
                     {"windows", into(rule.windows, std::optional<std::int64_t>(), read_windows)},
                     {"min_rows", integer_into(rule.min_rows, 0, 0, 1'000'000'000)},
                     {"severity", into(rule.severity, std::optional<std::string>(), read_severity)},
                     {"owner", into(rule.owner, std::optional<std::string>(), read_owner)}}));
    out[*kind] = std::move(rule);
  }
  return {};
}

json::object alert_rules_json(const std::map<AlertKind, AlertRule>& rules) {
  json::object out;
  const auto maybe = [](const std::optional<std::string>& text) {
    return text ? json::value(*text) : json::value(nullptr);
  };
  for (const auto& [kind, rule] : rules) {
    out[name_of(kind)] =
        json::object{{"enabled", rule.enabled},
                     {"for_s", rule.for_s},
                     {"windows", rule.windows ? json::value(*rule.windows) : json::value(nullptr)},
                     {"min_rows", rule.min_rows},
                     {"severity", maybe(rule.severity)},
                     {"owner", maybe(rule.owner)}};
  }
  return out;
}

}  // namespace slipway::monitor
