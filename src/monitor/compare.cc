// SPDX-License-Identifier: Apache-2.0
// From windows that are full to reports, and from reports to alerts.
#include <cmath>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "impl.h"
#include "meter/meter.h"
#include "monitor/documents.h"
#include "segments.h"

namespace slipway::monitor {
namespace {

constexpr std::size_t kMostNamed = 5;

std::string percent(double share) {
  return number_text(std::round(share * 1000) / 10) + " %";
}

Cause cause_of(const Window& window, AlertKind kind, double value, double threshold) {
  return {.endpoint = window.endpoint,
          .model = window.model,
          .version = window.version,
          .kind = kind,
          .value = value,
          .threshold = threshold,
          .rows = window.rows};
}

std::string drift_message(const DriftReport& report) {
  std::string names;
  std::size_t drifted = 0;
  for (const auto& column : report.columns) {
    if (!column.drift.drifted) continue;
    if (++drifted <= kMostNamed) names += (names.empty() ? "" : ", ") + column.name;
  }
  return std::to_string(drifted) + " of " + std::to_string(report.columns.size()) +
         " columns drifted (" + names + (drifted > kMostNamed ? ", .." : "") + ") in " +
         std::to_string(report.rows) + " predictions of version " + report.version + ": " +
         percent(report.drift_share) + ", the threshold is " + percent(report.threshold) +
         words_of(report.segments);
}

}  // namespace

std::optional<Window> Monitor::Impl::take_due() {
  const std::scoped_lock lock(store_mutex);
  if (!recovered) return std::nullopt;
  const Timestamp now = clock.now();
  for (auto& [key, window] : windows) {
    const auto watched = settings_of(key.endpoint);
    if (!watched || !(*watched)->enabled || !window.due(**watched, now)) continue;
    return std::exchange(window, Window{});
  }
  return std::nullopt;
}

Result<void> Monitor::Impl::compare_due() {
  const std::scoped_lock lock(compare_mutex);
  while (const auto window = take_due()) SW_CHECK_OK(compare(*window));
  SW_CHECK_OK(judge_all_business());
  SW_CHECK_OK(judge_requests());
  SW_CHECK_OK(judge_load());
  return raise_pending();
}

Result<void> Monitor::Impl::judge_requests() {
  for (const auto& endpoint : expectations.endpoints()) {
    SW_TRY(const auto watched, settings_of(endpoint));
    if (!watched->max_bad_share) continue;
    SW_TRY(const auto seen, expectations.take(endpoint, watched->window_rows,
                                              watched->window_seconds, watched->min_rows));
    if (!seen) continue;
    Cause cause{.endpoint = endpoint,
                .model = seen->model,
                .version = seen->version,
                .kind = AlertKind::data,
                .value = static_cast<double>(seen->broken) / static_cast<double>(seen->rows),
                .threshold = *watched->max_bad_share,
                .rows = seen->rows};
    cause.message = percent(cause.value) + " of " + std::to_string(seen->rows) +
                    " rows broke the endpoint's expectations, at most " + percent(cause.threshold) +
                    " may; most often: " + seen->worst;
    SW_CHECK_OK(note(cause, cause.value > cause.threshold, *watched, watched->windows));
  }
  return {};
}

Result<void> Monitor::Impl::compare(const Window& window) {
  SW_TRY(const auto watched, settings_of(window.endpoint));
  const auto profile = profile_of(window.model, window.version);
  DriftReport report;
  if (profile) {
    report = evaluate(window, **profile, *watched);
    if (watched->multivariate) compare_rows(window, **profile, report);
    find_segments(window, **profile, *watched, report);
  } else {
    report = {.endpoint = window.endpoint,
              .model = window.model,
              .version = window.version,
              .window_start = window.first,
              .window_end = window.last,
              .rows = window.rows,
              .threshold = watched->drift_threshold,
              .error = profile.error().message};
  }
  estimate_quality(window, profile ? profile->get() : nullptr, report);
  report.id = ids.sortable();
  auto sketched = sketch_of(window);
  sketched.id = report.id;
  SW_CHECK_OK(db.write([&](store::Connection& c) -> Result<void> {
    SW_CHECK_OK(records::put_window_profile(c, sketched));
    return records::put_report(c, report, window.end);
  }));
  show(report);
  events.publish({.type = "drift.reported",
                  .subject = report.endpoint,
                  .actor = "monitor",
                  .at = clock.now(),
                  .data = "{\"report_id\":\"" + report.id +
                          "\",\"drift_share\":" + number_text(report.drift_share) +
                          ",\"dataset_drift\":" + (report.dataset_drift ? "true" : "false") + "}"});
  return judge_window(report, window, *watched);
}

Result<void> Monitor::Impl::judge_window(const DriftReport& report, const Window& window,
                                         const Settings& watched) {
  if (report.error.empty()) {
    auto drift = cause_of(window, AlertKind::drift, report.drift_share, report.threshold);
    drift.report_id = report.id;
    drift.message = drift_message(report);
    const bool alarming = watched.stakes != Stakes::business;
    SW_CHECK_OK(note(drift, report.dataset_drift && alarming, watched, watched.windows));
  }
  if (watched.max_error_share) {
    auto errors =
        cause_of(window, AlertKind::errors, window.error_share(), *watched.max_error_share);
    errors.message = percent(errors.value) + " of " + std::to_string(window.rows) +
                     " predictions failed, at most " + percent(errors.threshold) + " may";
    SW_CHECK_OK(note(errors, errors.value > errors.threshold, watched, watched.windows));
  }
  if (watched.max_outlier_share && window.measured >= watched.min_rows) {
    const auto share = static_cast<double>(window.outliers) / static_cast<double>(window.measured);
    auto outliers = cause_of(window, AlertKind::outliers, share, *watched.max_outlier_share);
    outliers.report_id = report.id;
    outliers.message = percent(share) + " of " + std::to_string(window.measured) +
                       " rows are as unusual as " + percent(watched.outlier_share) +
                       " of the reference, at most " + percent(outliers.threshold) + " may be";
    SW_CHECK_OK(note(outliers, share > outliers.threshold, watched, watched.windows));
  }
  if (watched.max_p99_ms) {
    auto latency = cause_of(window, AlertKind::latency, window.p99_ms(), *watched.max_p99_ms);
    latency.message = "99 % of the answers took up to " + number_text(latency.value) +
                      " ms, the limit is " + number_text(latency.threshold) + " ms";
    SW_CHECK_OK(note(latency, latency.value > latency.threshold, watched, watched.windows));
  }
  return judge_changes(window, watched);
}

void Monitor::Impl::show(const DriftReport& report) {
  const meter::Labels labels{
      {"endpoint", report.endpoint}, {"model", report.model}, {"version", report.version}};
  meters.gauge("slipway_drift_share", "Share of drifted columns in the last window.", labels)
      .set(report.drift_share);
  for (const auto& [name, value] : report.estimated) {
    auto with_metric = labels;
    with_metric["metric"] = name;
    meters
        .gauge("slipway_estimated_quality", "Expected quality of the last window, without labels.",
               with_metric)
        .set(value);
  }
  for (const auto& column : report.columns) {
    if (!column.drift.score) continue;
    auto with_column = labels;
    with_column["column"] = column.name;
    with_column["method"] = name_of(column.drift.method);
    meters
        .gauge("slipway_drift_score", "p-value of a test, or a distance, in the last window.",
               with_column)
        .set(*column.drift.score);
  }
}

}  // namespace slipway::monitor
