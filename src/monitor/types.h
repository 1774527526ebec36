// SPDX-License-Identifier: Apache-2.0
// What the monitor is told and what it answers: predictions, labels, reports, quality, alerts.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "stats/drift.h"
#include "stats/segments.h"

namespace slipway::monitor {

// A number (NaN: missing) or a text.
using Value = std::variant<double, std::string>;

struct Field {
  std::string name;
  bool text = false;
  bool operator==(const Field&) const = default;
};

struct Schema {
  std::vector<Field> features;
  std::vector<Field> outputs;
  bool operator==(const Schema&) const = default;
};

// One row that an endpoint answered.
struct Captured {
  std::string endpoint;
  std::string model;
  std::string version;
  std::string request_id;
  Timestamp at;
  std::int64_t latency_us = 0;
  bool shadow = false;
  std::shared_ptr<const Schema> schema;
  std::vector<Value> features;
  std::vector<Value> outputs;  // empty when it failed
  std::string error;
};

// The outcome of one prediction, as text: numbers in their shortest form, true 1, false 0.
struct Label {
  std::string request_id;
  std::string value;
};

struct FeedbackAnswer {
  std::int64_t accepted = 0;  // joined to a stored prediction, now or by an earlier call
  std::int64_t unknown = 0;   // no such prediction is stored
  std::int64_t waiting = 0;   // of those, kept in case their prediction comes later
};

// Where one number of a window lies, and where it would lie in 997 of 1,000 windows of as many rows
// that are like the reference (three standard errors to both sides).
struct Band {
  std::string measure;  // "mean", "share of UA"
  double value = 0;
  double low = 0;
  double high = 0;
};

struct ReportColumn {
  std::string name;
  stats::ColumnType type = stats::ColumnType::unknown;
  stats::ColumnDrift drift;
  double null_share = 0;
  double reference_null_share = 0;
  std::vector<std::string> findings;  // "2 values never seen in the reference (12.0 %): ..", ..
  std::optional<Band> band;           // of numbers and categories that the window has
};

// The result of one comparison of a window of traffic with the version's reference.
struct DriftReport {
  std::string id;
  std::string endpoint;
  std::string model;
  std::string version;
  Timestamp window_start;
  Timestamp window_end;
  std::int64_t rows = 0;
  double drift_share = 0;  // drifted columns of those that have a verdict
  bool dataset_drift = false;
  double threshold = 0;
  std::string error;  // why nothing was tested (no reference), empty otherwise
  std::vector<ReportColumn> columns;
  std::vector<std::string> findings;  // columns that came or went
  // What the quality is expected to be, without outcomes: accuracy, .. by CBPE; mae, rmse by DLE.
  std::vector<std::pair<std::string, double>> estimated;
  bool calibrated = false;  // by a reference with outcomes; else the scores count as they are
  // Of the outcomes that have come for predictions of this time. Only when it is shown.
  std::vector<std::pair<std::string, double>> realised;
  // Rows as a whole: roc_auc, .. of stats/multivariate.h.
  std::vector<std::pair<std::string, double>> multivariate;
  std::vector<stats::Segment> segments;  // where the change is
};

// Where a window ended in the stored traffic: the next one begins after it.
struct Cursor {
  std::int64_t chunk = 0;
  std::int64_t row = 0;
};

struct QualityWindow {
  std::string id;
  std::string endpoint;
  std::string model;
  std::string version;
  Timestamp window_start;  // of the predictions
  Timestamp window_end;
  std::int64_t labelled = 0;
  bool open = false;  // still filling
  // accuracy, roc_auc, log_loss, mae, rmse: those that the values allow, in this order.
  std::vector<std::pair<std::string, double>> metrics;
  std::optional<stats::Drop> drop;  // what it comes of, when it is worse than the rule wants
};

// data: requests break the expectations of the endpoint; business: an event comes too seldom;
// throughput: requests are too few or too many; saturation: too many are refused for want of room.
enum class AlertKind {
  drift,
  quality,
  errors,
  latency,
  outliers,
  change,
  data,
  business,
  throughput,
  saturation
};
enum class AlertState { open, acknowledged, closed };
std::string_view name_of(AlertKind kind);
std::string_view name_of(AlertState state);
std::optional<AlertKind> alert_kind_named(std::string_view name);
// "use drift, quality .. or saturation", for errors.
std::string known_alert_kinds();
std::optional<AlertState> alert_state_named(std::string_view name);

struct Alert {
  std::string id;
  std::string endpoint;
  std::string model;
  std::string version;
  AlertKind kind = AlertKind::drift;
  AlertState state = AlertState::open;
  Timestamp opened;
  std::optional<Timestamp> closed;
  std::string closed_by;  // "green window", "version 2 was promoted", a principal's name
  std::string report_id;
  std::string message;
  double value = 0;
  double threshold = 0;
  std::string execution_id;          // the retraining that it started
  std::string retrain_note;          // why none was started (cool-down, one runs already, an error)
  std::string severity = "warning";  // info, warning, critical: by the stakes of the endpoint
  std::string owner;                 // who is to look
};

// What an endpoint has been asked. Counts only grow, but may begin again at zero.
struct LoadSeen {
  std::string endpoint;
  std::string model;  // that answers most of it
  std::string version;
  std::int64_t requests = 0;
  std::int64_t refused = 0;  // of those, for want of room: queues that were full, deadlines
};

// What labels say about one version since a moment.
struct LabelledQuality {
  std::int64_t labelled = 0;
  std::int64_t correct = 0;     // of `classified`
  std::int64_t classified = 0;  // rows with a verdict right or wrong
  double log_loss_sum = 0;      // of `scored`
  std::int64_t scored = 0;      // rows with a probability and a label of 0 or 1
  std::vector<double> scores;   // of those rows, at most 100,000, the newest
  std::vector<int> positives;   // their labels, 0 or 1
  // Of a regression, which has none of the above: label - prediction, the newest 100,000.
  std::vector<double> errors;
};

}  // namespace slipway::monitor
