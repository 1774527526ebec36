// SPDX-License-Identifier: Apache-2.0
// How an endpoint is watched, as the document that says so.
#include <utility>

#include "json/value.h"
#include "monitor/settings.h"
#include "settings_read.h"

namespace slipway::monitor {
namespace {

json::value maybe(const std::optional<double>& x) {
  return x ? json::value(*x) : json::value(nullptr);
}

json::object detector_json(const DetectorRule& rule) {
  return {{"kind", name_of(rule.kind)},
          {"on", rule.on},
          {"delta", maybe(rule.delta)},
          {"threshold", maybe(rule.threshold)},
          {"average_run_length", rule.average_run_length}};
}

json::object columns_json(const std::map<std::string, ColumnRule>& columns) {
  json::object out;
  for (const auto& [name, rule] : columns) {
    out[name] = json::object{{"method", name_of(rule.method)},
                             {"threshold", maybe(rule.threshold)},
                             {"ignore", rule.ignore}};
  }
  return out;
}

}  // namespace

std::string to_json(const DetectorRule& rule) {
  return json::dump_value(detector_json(rule));
}

std::string settings_to_json(const Settings& s, bool secrets) {
  json::object out{{"enabled", s.enabled},
                   {"stakes", name_of(s.stakes)},
                   {"owner", s.owner},
                   {"sample_rate", maybe(s.sample_rate)},
                   {"max_rows_per_second", s.max_rows_per_second},
                   {"window_rows", s.window_rows},
                   {"window_seconds", s.window_seconds},
                   {"min_rows", s.min_rows},
                   {"drift_threshold", s.drift_threshold},
                   {"methods", json::object{{"numerical", name_of(s.numerical)},
                                            {"categorical", name_of(s.categorical)}}},
                   {"columns", columns_json(s.columns)},
                   {"correction", name_of(s.correction)},
                   {"min_effect", s.min_effect},
                   {"windows", s.windows},
                   {"max_error_share", maybe(s.max_error_share)},
                   {"max_p99_ms", maybe(s.max_p99_ms)},
                   {"min_requests_per_s", maybe(s.min_requests_per_s)},
                   {"max_requests_per_s", maybe(s.max_requests_per_s)},
                   {"max_saturation", maybe(s.max_saturation)},
                   {"load_seconds", s.load_seconds},
                   {"alerts", alert_rules_json(s.alerts)},
                   {"group_seconds", s.group_seconds},
                   {"max_bad_share", maybe(s.max_bad_share)},
                   {"quality", nullptr},
                   {"business", nullptr},
                   {"allocation", nullptr},
                   {"retrain", nullptr},
                   {"detectors", json::array{}},
                   {"webhooks", json::array{}},
                   {"multivariate", s.multivariate},
                   {"outlier_share", s.outlier_share},
                   {"max_outlier_share", maybe(s.max_outlier_share)},
                   {"keep_rows", s.keep_rows},
                   {"keep_days", s.keep_days}};
  if (s.quality) {
    out["quality"] = json::object{{"metric", s.quality->metric},
                                  {"min", maybe(s.quality->min)},
                                  {"max", maybe(s.quality->max)},
                                  {"window_rows", s.quality->window_rows}};
  }
  if (s.business) {
    out["business"] = json::object{{"event", s.business->event},
                                   {"measure", s.business->measure},
                                   {"min", maybe(s.business->min)},
                                   {"max", maybe(s.business->max)},
                                   {"window_rows", s.business->window_rows},
                                   {"delay_s", s.business->delay_s}};
  }
  if (s.allocation) {
    out["allocation"] = json::object{{"event", s.allocation->event},
                                     {"min_share", s.allocation->min_share},
                                     {"every_s", s.allocation->every_s}};
  }
  if (s.retrain) {
    out["retrain"] = json::object{{"pipeline", s.retrain->pipeline},
                                  {"params", json::parse_value(s.retrain->params).value_or({})},
                                  {"cooldown_s", s.retrain->cooldown_s},
                                  {"max_per_day", s.retrain->max_per_day},
                                  {"despite_bad_data", s.retrain->despite_bad_data},
                                  {"data", s.retrain->data}};
  }
  for (const auto& rule : s.detectors) out["detectors"].get_array().push_back(detector_json(rule));
  for (const auto& hook : s.webhooks) {
    json::object item{{"url", hook.url}};
    if (!hook.is_mail()) item["format"] = name_of(hook.format);
    if (secrets) {
      item["secret"] = hook.secret;
    } else {
      item["signed"] = !hook.secret.empty();
    }
    out["webhooks"].get_array().push_back(std::move(item));
  }
  return json::dump_value(out);
}

}  // namespace slipway::monitor
