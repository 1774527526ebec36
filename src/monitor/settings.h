// SPDX-License-Identifier: Apache-2.0
// How one endpoint is watched, and the JSON document that says so.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "monitor/types.h"
#include "stats/drift.h"

namespace slipway::monitor {

struct ColumnRule {
  stats::Method method = stats::Method::automatic;  // automatic: that of the column's type
  std::optional<double> threshold;
  bool ignore = false;
};

struct QualityRule {
  std::string metric = "accuracy";
  std::optional<double> min;
  std::optional<double> max;
  std::int64_t window_rows = 500;  // labelled predictions in a window
};

// An event of the business, measured over recorded predictions.
struct BusinessRule {
  std::string event;
  std::string measure = "rate";  // share of predictions with the event; value: its mean
  std::optional<double> min;
  std::optional<double> max;
  std::int64_t window_rows = 1'000;  // predictions in a window
  std::int64_t delay_s = 0;          // how long after its prediction an event may come
};

// Traffic goes to the routes by how likely each is the best at an event of the business.
struct AllocationRule {
  std::string event;
  double min_share = 5;  // percent that every route keeps
  std::int64_t every_s = 60;
};

struct RetrainRule {
  std::string pipeline;
  std::string params = "{}";  // a JSON object
  std::int64_t cooldown_s = 3600;
  std::int64_t max_per_day = 4;   // of the model, at whichever endpoint
  bool despite_bad_data = false;  // also while the traffic says that the feed is broken
  // A path with the training data: it must have another version than the last retraining's.
  std::string data;
};

// A detector on the stream of predictions, or of errors as outcomes come; see stats/detectors.h.
struct DetectorRule {
  enum class Kind { adwin, page_hinkley, cusum, e_detector };
  Kind kind = Kind::e_detector;
  std::string on = "prediction";          // or error
  std::optional<double> delta;            // adwin: confidence; page_hinkley, cusum: slack
  std::optional<double> threshold;        // page_hinkley, cusum
  double average_run_length = 1'000'000;  // cusum, e_detector: values until a false alarm
  bool operator==(const DetectorRule&) const = default;
};
std::string_view name_of(DetectorRule::Kind kind);
std::string to_json(const DetectorRule& rule);

enum class NoticeFormat { slipway, slack, alertmanager };
std::string_view name_of(NoticeFormat format);

// Who is told of alerts: an http(s) address, or a mailbox as mailto:team@example.org.
struct Webhook {
  std::string url;
  std::string secret;  // signs the body when not empty
  NoticeFormat format = NoticeFormat::slipway;
  bool is_mail() const { return url.starts_with("mailto:"); }
};

// What is lost when the model is wrong. Sets drift_threshold (5, 10, 15 % of the columns) unless
// that is given too, and the severity of alerts (critical, warning, info, info). With `business`
// drift is reported and opens no alert.
enum class Stakes { high, medium, low, business };
std::string_view name_of(Stakes stakes);
std::string_view severity_of(Stakes stakes);

// What is particular to alerts of one kind.
struct AlertRule {
  bool enabled = true;
  std::int64_t for_s = 0;               // bad for so long before anybody is told
  std::optional<std::int64_t> windows;  // in a row; nothing: as the settings say
  std::int64_t min_rows = 0;            // windows with fewer rows (outcomes, requests) say nothing
  std::optional<std::string> severity;  // nothing: by the stakes
  std::optional<std::string> owner;     // nothing: the endpoint's
};

struct Settings {
  const AlertRule& rule_of(AlertKind kind) const;

  bool enabled = true;
  Stakes stakes = Stakes::medium;
  std::string owner;                  // who is to look: a team, a person
  std::optional<double> sample_rate;  // of recorded predictions; empty: as the endpoint says
  // Recorded at most, on average over 20 seconds; beyond that evenly thinned. 0: no bound.
  std::int64_t max_rows_per_second = 5'000;
  std::int64_t window_rows = 1'000;     // a window closes with so many rows ..
  std::int64_t window_seconds = 3'600;  // .. or after so long, if it has min_rows
  std::int64_t min_rows = 200;
  double drift_threshold = 0.10;  // share of drifted columns
  stats::Method numerical = stats::Method::ks;
  stats::Method categorical = stats::Method::chisquare;
  std::map<std::string, ColumnRule> columns;
  stats::Correction correction = stats::Correction::bonferroni;  // of default thresholds
  double min_effect = 0.05;  // a test's smaller difference is no drift, however small its p-value
  std::int64_t windows = 1;  // in a row, red ones to open an alert and green ones to close it
  std::optional<double> max_error_share = 0.05;
  std::optional<double> max_p99_ms;
  // Requests a second over load_seconds, and the share of them that was refused for want of room.
  std::optional<double> min_requests_per_s;
  std::optional<double> max_requests_per_s;
  std::optional<double> max_saturation;
  std::int64_t load_seconds = 60;
  std::map<AlertKind, AlertRule> alerts;
  // Who is told of an alert waits so long for others of the endpoint, to be told of all at once.
  std::int64_t group_seconds = 0;
  std::optional<double> max_bad_share = 0.05;  // of rows that break the endpoint's expectations
  std::optional<QualityRule> quality;
  std::optional<BusinessRule> business;
  std::optional<AllocationRule> allocation;
  std::optional<RetrainRule> retrain;
  std::vector<DetectorRule> detectors;
  std::vector<Webhook> webhooks;
  // Recorded rows are measured against the reference, and those counted as outliers that are as
  // unusual as this share of it; 0: none is measured.
  bool multivariate = false;  // windows are also compared as whole rows
  double outlier_share = 0;
  std::optional<double> max_outlier_share;  // of a window's rows; more of them open an alert
  std::int64_t keep_rows = 1'000'000;       // captured predictions, the oldest go first
  std::int64_t keep_days = 30;
};

// `document` changes what it names in `base`; null gives a field its default back. Unknown fields,
// wrong types and impossible values are invalid_argument naming the field.
Result<Settings> settings_from_json(std::string_view document, const Settings& base = {});
// Without `secrets` a webhook says only whether it is signed.
std::string settings_to_json(const Settings& settings, bool secrets);

}  // namespace slipway::monitor
