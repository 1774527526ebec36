// SPDX-License-Identifier: Apache-2.0
#include "monitor/settings.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "fetch/mail.h"
#include "settings_read.h"

namespace slipway::monitor {
namespace {

Reader method_into(stats::Method& target, stats::Method fallback,
                   std::optional<stats::ColumnType> type) {
  return into(target, fallback,
              [type](const value& v, const std::string& f) -> Result<stats::Method> {
                SW_TRY(const auto name, text(v, f));
                const auto method = stats::method_named(name);
                if (method && (!type || stats::supports(*method, *type))) return *method;
                std::string known = "auto";
                for (const auto m : stats::methods()) {
                  if (!type || stats::supports(m, *type)) known += " " + std::string(name_of(m));
                }
                return invalid(f + ": '" + name + "' is not a method for it", "use " + known);
              });
}

Result<void> read_columns(const value& from, const std::string& field,
                          std::map<std::string, ColumnRule>& out) {
  if (!from.is_object()) return wrong(field, "an object", from);
  out.clear();
  for (const auto& [name, rule] : from.get_object()) {
    auto& into_rule = out[std::string(name)];
    SW_CHECK_OK(
        each_member(rule, field + "." + std::string(name),
                    {{"method", method_into(into_rule.method, stats::Method::automatic, {})},
                     {"threshold", maybe_number_into(into_rule.threshold, 0, 1e9)},
                     {"ignore", into(into_rule.ignore, false, boolean)}}));
  }
  return {};
}

Result<void> read_quality(const value& from, const std::string& field,
                          std::optional<QualityRule>& out) {
  out.reset();
  if (from.is_null()) return {};
  QualityRule rule;
  SW_CHECK_OK(each_member(from, field,
                          {{"metric", into(rule.metric, std::string("accuracy"), text)},
                           {"min", maybe_number_into(rule.min, -1e300, 1e300)},
                           {"max", maybe_number_into(rule.max, -1e300, 1e300)},
                           {"window_rows", integer_into(rule.window_rows, 500, 10, 100'000)}}));
  static constexpr std::string_view kMetrics[] = {"accuracy", "roc_auc", "log_loss", "mae", "rmse"};
  if (std::find(std::begin(kMetrics), std::end(kMetrics), rule.metric) == std::end(kMetrics)) {
    return invalid(field + ".metric: '" + rule.metric + "' is not known",
                   "use accuracy, roc_auc, log_loss, mae or rmse");
  }
  if (!rule.min && !rule.max) {
    return invalid(field + ": neither min nor max is given", "say which value is still good");
  }
  out = rule;
  return {};
}

Result<void> read_business(const value& from, const std::string& field,
                           std::optional<BusinessRule>& out) {
  out.reset();
  if (from.is_null()) return {};
  BusinessRule rule;
  SW_CHECK_OK(each_member(from, field,
                          {{"event", into(rule.event, std::string(), text)},
                           {"measure", into(rule.measure, std::string("rate"), text)},
                           {"min", maybe_number_into(rule.min, -1e300, 1e300)},
                           {"max", maybe_number_into(rule.max, -1e300, 1e300)},
                           {"window_rows", integer_into(rule.window_rows, 1'000, 10, 1'000'000)},
                           {"delay_s", integer_into(rule.delay_s, 0, 0, 31'536'000)}}));
  if (rule.event.empty()) return invalid(field + ".event: missing", "name the event");
  if (rule.measure != "rate" && rule.measure != "value") {
    return invalid(field + ".measure: '" + rule.measure + "' is not known", "use rate or value");
  }
  if (!rule.min && !rule.max) {
    return invalid(field + ": neither min nor max is given", "say which value is still good");
  }
  out = rule;
  return {};
}

Result<void> read_allocation(const value& from, const std::string& field,
                             std::optional<AllocationRule>& out) {
  out.reset();
  if (from.is_null()) return {};
  AllocationRule rule;
  SW_CHECK_OK(each_member(from, field,
                          {{"event", into(rule.event, std::string(), text)},
                           {"min_share", number_into(rule.min_share, 5, 0, 50)},
                           {"every_s", integer_into(rule.every_s, 60, 1, 86'400)}}));
  if (rule.event.empty()) return invalid(field + ".event: missing", "name the event");
  out = rule;
  return {};
}

Result<void> read_retrain(const value& from, const std::string& field,
                          std::optional<RetrainRule>& out) {
  out.reset();
  if (from.is_null()) return {};
  RetrainRule rule;
  const auto read_params = [&](const value& v, const std::string& f) -> Result<void> {
    if (!v.is_object()) return wrong(f, "an object", v);
    rule.params = json::dump_value(v);
    return {};
  };
  SW_CHECK_OK(each_member(from, field,
                          {{"pipeline", into(rule.pipeline, std::string(), text)},
                           {"params", read_params},
                           {"cooldown_s", integer_into(rule.cooldown_s, 3600, 0, 31'536'000)},
                           {"max_per_day", integer_into(rule.max_per_day, 4, 1, 100)},
                           {"despite_bad_data", into(rule.despite_bad_data, false, boolean)},
                           {"data", into(rule.data, std::string(), text)}}));
  if (rule.pipeline.empty()) {
    return invalid(field + ".pipeline: missing", "name a stored pipeline or the path of its file");
  }
  if (!rule.data.empty() && !rule.data.starts_with('/')) {
    return invalid(field + ".data: '" + rule.data + "' is not an absolute path");
  }
  out = rule;
  return {};
}

Result<NoticeFormat> format_named(const std::string& name, const std::string& field) {
  for (const auto format :
       {NoticeFormat::slipway, NoticeFormat::slack, NoticeFormat::alertmanager}) {
    if (name_of(format) == name) return format;
  }
  return invalid(field + ": '" + name + "' is not known", "use slipway, slack or alertmanager");
}

Result<void> read_address(const Webhook& hook, const std::string& where) {
  if (hook.url.starts_with("http://") || hook.url.starts_with("https://")) return {};
  if (!hook.is_mail()) {
    return invalid(where + ": '" + hook.url + "' is not an http or https address",
                   "a mailbox is written as mailto:team@example.org");
  }
  const auto address = fetch::check_address(hook.url.substr(std::string_view("mailto:").size()));
  if (!address) return invalid(where + ": " + address.error().message, address.error().hint);
  return {};
}

Result<Stakes> stakes_named(const std::string& name, const std::string& field) {
  for (const auto stakes : {Stakes::high, Stakes::medium, Stakes::low, Stakes::business}) {
    if (name_of(stakes) == name) return stakes;
  }
  return invalid(field + ": '" + name + "' is not known", "use high, medium, low or business");
}

double threshold_of(Stakes stakes) {
  switch (stakes) {
    case Stakes::high:
      return 0.05;
    case Stakes::low:
      return 0.15;
    case Stakes::medium:
    case Stakes::business:
      break;
  }
  return 0.10;
}

Result<void> read_webhooks(const value& from, const std::string& field, std::vector<Webhook>& out) {
  const auto before = std::exchange(out, {});
  if (from.is_null()) return {};
  if (!from.is_array()) return wrong(field, "an array", from);
  if (from.get_array().size() > 16) return invalid(field + ": at most 16 are kept");
  for (std::size_t i = 0; i < from.get_array().size(); ++i) {
    const auto& item = from.get_array()[i];
    const std::string where = field + "[" + std::to_string(i) + "]";
    Webhook hook;
    std::string format = "slipway";
    bool is_signed = false;  // what a GET said; the secret that is stored stays
    if (item.is_string()) {
      hook.url = std::string(item.get_string());
    } else {
      SW_CHECK_OK(each_member(item, where,
                              {{"url", into(hook.url, std::string(), text)},
                               {"secret", into(hook.secret, std::string(), text)},
                               {"format", into(format, std::string("slipway"), text)},
                               {"signed", into(is_signed, false, boolean)}}));
    }
    SW_CHECK_OK(read_address(hook, where));
    SW_TRY(hook.format, format_named(format, where + ".format"));
    const auto same = std::find_if(before.begin(), before.end(),
                                   [&](const auto& old) { return old.url == hook.url; });
    if (is_signed && hook.secret.empty() && same != before.end()) hook.secret = same->secret;
    out.push_back(std::move(hook));
  }
  return {};
}

constexpr DetectorRule::Kind kDetectors[] = {
    DetectorRule::Kind::adwin, DetectorRule::Kind::page_hinkley, DetectorRule::Kind::cusum,
    DetectorRule::Kind::e_detector};

Result<DetectorRule::Kind> read_detector_kind(const value& from, const std::string& field) {
  SW_TRY(const auto name, text(from, field));
  for (const auto kind : kDetectors) {
    if (name_of(kind) == name) return kind;
  }
  return invalid(field + ": '" + name + "' is not known",
                 "use adwin, page_hinkley, cusum or e_detector");
}

Result<void> read_detectors(const value& from, const std::string& field,
                            std::vector<DetectorRule>& out) {
  out.clear();
  if (from.is_null()) return {};
  if (!from.is_array()) return wrong(field, "an array", from);
  if (from.get_array().size() > 8) return invalid(field + ": at most 8 are kept");
  for (const auto& item : from.get_array()) {
    const std::string where = field + "[" + std::to_string(out.size()) + "]";
    auto& rule = out.emplace_back();
    SW_CHECK_OK(
        each_member(item, where,
                    {{"kind", into(rule.kind, rule.kind, read_detector_kind)},
                     {"on", into(rule.on, rule.on, text)},
                     {"delta", maybe_number_into(rule.delta, 1e-12, 10)},
                     {"threshold", maybe_number_into(rule.threshold, 1e-6, 1e9)},
                     {"average_run_length",
                      number_into(rule.average_run_length, rule.average_run_length, 100, 1e12)}}));
    if (rule.on != "prediction" && rule.on != "error") {
      return invalid(where + ".on: '" + rule.on + "' is not known", "use prediction or error");
    }
    const auto same = std::count(out.begin(), out.end(), rule);
    if (same > 1) return invalid(where + ": is there twice");
  }
  return {};
}

Result<stats::Correction> read_correction(const value& from, const std::string& field) {
  SW_TRY(const auto name, text(from, field));
  if (const auto named = stats::correction_named(name)) return *named;
  return invalid(field + ": '" + name + "' is not known", "use bonferroni, fdr or none");
}

Result<void> check(const Settings& s) {
  if (s.min_rows > s.window_rows) {
    return invalid("min_rows: " + std::to_string(s.min_rows) + " is more than window_rows (" +
                   std::to_string(s.window_rows) + ")");
  }
  if (s.max_outlier_share && s.outlier_share == 0) {
    return invalid("max_outlier_share: no row is measured without outlier_share",
                   "give outlier_share too, such as 0.01");
  }
  if (s.min_requests_per_s && s.max_requests_per_s &&
      *s.min_requests_per_s > *s.max_requests_per_s) {
    return invalid("min_requests_per_s: is more than max_requests_per_s");
  }
  if (s.owner.size() > 200) return invalid("owner: longer than 200 bytes");
  return {};
}

}  // namespace

std::string_view name_of(DetectorRule::Kind kind) {
  switch (kind) {
    case DetectorRule::Kind::adwin:
      return "adwin";
    case DetectorRule::Kind::page_hinkley:
      return "page_hinkley";
    case DetectorRule::Kind::cusum:
      return "cusum";
    case DetectorRule::Kind::e_detector:
      return "e_detector";
  }
  return "e_detector";
}

std::string_view name_of(NoticeFormat format) {
  switch (format) {
    case NoticeFormat::slipway:
      return "slipway";
    case NoticeFormat::slack:
      return "slack";
    case NoticeFormat::alertmanager:
      return "alertmanager";
  }
  return "slipway";
}

std::string_view name_of(Stakes stakes) {
  switch (stakes) {
    case Stakes::high:
      return "high";
    case Stakes::medium:
      return "medium";
    case Stakes::low:
      return "low";
    case Stakes::business:
      return "business";
  }
  return "medium";
}

std::string_view severity_of(Stakes stakes) {
  switch (stakes) {
    case Stakes::high:
      return "critical";
    case Stakes::medium:
      return "warning";
    case Stakes::low:
    case Stakes::business:
      break;
  }
  return "info";
}

Result<Settings> settings_from_json(std::string_view document, const Settings& base) {
  SW_TRY(const auto parsed, json::parse_value(document));
  Settings s = base;
  const Settings d;
  const auto read_methods = [&](const value& v, const std::string& f) {
    return each_member(
        v, f,
        {{"numerical", method_into(s.numerical, d.numerical, stats::ColumnType::numerical)},
         {"categorical",
          method_into(s.categorical, d.categorical, stats::ColumnType::categorical)}});
  };
  SW_CHECK_OK(each_member(
      parsed, "",
      {{"enabled", into(s.enabled, d.enabled, boolean)},
       {"stakes", into(s.stakes, d.stakes,
                       [](const value& v, const std::string& f) -> Result<Stakes> {
                         SW_TRY(const auto name, text(v, f));
                         return stakes_named(name, f);
                       })},
       {"owner", into(s.owner, d.owner, text)},
       {"sample_rate", maybe_number_into(s.sample_rate, 0, 1)},
       {"max_rows_per_second",
        integer_into(s.max_rows_per_second, d.max_rows_per_second, 0, 1'000'000'000)},
       {"window_rows", integer_into(s.window_rows, d.window_rows, 20, 1'000'000)},
       {"window_seconds", integer_into(s.window_seconds, d.window_seconds, 1, 31'536'000)},
       {"min_rows", integer_into(s.min_rows, d.min_rows, 2, 1'000'000)},
       {"drift_threshold", number_into(s.drift_threshold, d.drift_threshold, 0, 1)},
       {"methods", read_methods},
       {"columns",
        [&](const value& v, const std::string& f) { return read_columns(v, f, s.columns); }},
       {"correction", into(s.correction, d.correction, read_correction)},
       {"min_effect", number_into(s.min_effect, d.min_effect, 0, 1)},
       {"windows", integer_into(s.windows, d.windows, 1, 1000)},
       {"max_error_share", maybe_number_into(s.max_error_share, 0, 1)},
       {"max_p99_ms", maybe_number_into(s.max_p99_ms, 0, 1e9)},
       {"min_requests_per_s", maybe_number_into(s.min_requests_per_s, 0, 1e9)},
       {"max_requests_per_s", maybe_number_into(s.max_requests_per_s, 0, 1e9)},
       {"max_saturation", maybe_number_into(s.max_saturation, 0, 1)},
       {"load_seconds", integer_into(s.load_seconds, d.load_seconds, 1, 86'400)},
       {"alerts",
        [&](const value& v, const std::string& f) { return read_alert_rules(v, f, s.alerts); }},
       {"group_seconds", integer_into(s.group_seconds, d.group_seconds, 0, 600)},
       {"max_bad_share", maybe_number_into(s.max_bad_share, 0, 1)},
       {"quality",
        [&](const value& v, const std::string& f) { return read_quality(v, f, s.quality); }},
       {"business",
        [&](const value& v, const std::string& f) { return read_business(v, f, s.business); }},
       {"allocation",
        [&](const value& v, const std::string& f) { return read_allocation(v, f, s.allocation); }},
       {"retrain",
        [&](const value& v, const std::string& f) { return read_retrain(v, f, s.retrain); }},
       {"detectors",
        [&](const value& v, const std::string& f) { return read_detectors(v, f, s.detectors); }},
       {"webhooks",
        [&](const value& v, const std::string& f) { return read_webhooks(v, f, s.webhooks); }},
       {"multivariate", into(s.multivariate, d.multivariate, boolean)},
       {"outlier_share", number_into(s.outlier_share, d.outlier_share, 0, 1)},
       {"max_outlier_share", maybe_number_into(s.max_outlier_share, 0, 1)},
       {"keep_rows", integer_into(s.keep_rows, d.keep_rows, 1000, 100'000'000)},
       {"keep_days", integer_into(s.keep_days, d.keep_days, 1, 36'500)}}));
  const auto* threshold = json::find(parsed, "drift_threshold");
  const bool named = threshold != nullptr && !threshold->is_null();
  if (!named && (threshold != nullptr || s.stakes != base.stakes)) {
    s.drift_threshold = threshold_of(s.stakes);
  }
  SW_CHECK_OK(check(s));
  return s;
}

}  // namespace slipway::monitor
