// SPDX-License-Identifier: Apache-2.0
#include "monitor/retraining.h"

#include <algorithm>

#include "base/log.h"

namespace slipway::monitor {
namespace {

constexpr std::size_t kMostAlerts = 1'000;

Result<void> note(Monitor& monitor, const Alert& alert, const std::string& why) {
  if (alert.retrain_note == why) return {};
  return monitor.alerts().set_note(alert.id, why);
}

constexpr std::int64_t kDayMs = 86'400'000;
// More of a column missing than this is a feed that broke, not a world that changed.
constexpr double kBrokenNulls = 0.2;

// What says that the data is broken; empty when nothing does.
Result<std::string> broken_feed(Monitor& monitor, const Alert& alert) {
  SW_TRY(const auto open,
         monitor.alerts().list(
             {.endpoint = alert.endpoint, .unresolved = true, .page = {.size = kMostAlerts}}));
  for (const auto& other : open.items) {
    if (other.kind == AlertKind::data) return "alert " + other.id + ": " + other.message;
  }
  SW_TRY(const auto latest, monitor.reports(alert.endpoint, alert.version, {.size = 1}));
  if (latest.items.empty()) return std::string();
  for (const auto& column : latest.items[0].columns) {
    if (column.drift.error == "the column is not in the traffic" && column.name != "prediction") {
      return "column '" + column.name + "' is gone from the traffic";
    }
    if (column.null_share - column.reference_null_share < kBrokenNulls) continue;
    for (const auto& finding : column.findings) {
      if (finding.starts_with("missing values")) return "column '" + column.name + "': " + finding;
    }
  }
  return std::string();
}

// Why not now; empty when nothing is in the way. `data_version` is what is to be learnt from.
Result<std::string> obstacle(Monitor& monitor, Clock& clock, Launcher& launcher, const Alert& alert,
                             const RetrainRule& rule, const std::string& data_version) {
  if (!rule.despite_bad_data) {
    SW_TRY(const auto broken, broken_feed(monitor, alert));
    if (!broken.empty()) return "the data is broken, nothing is learnt from it: " + broken;
  }
  SW_TRY(const auto before, monitor.alerts().retrainings(alert.model));
  for (const auto& one : before) {
    const auto running = launcher.running(one.alert.execution_id);
    if (running && *running) return "execution " + one.alert.execution_id + " is still running";
  }
  if (before.empty()) return std::string();
  const Timestamp free{before[0].at.ms + rule.cooldown_s * 1'000};
  if (clock.now() < free) return "cool-down until " + to_rfc3339(free);
  const auto budget = static_cast<std::size_t>(rule.max_per_day);
  if (before.size() >= budget) {
    const Timestamp again{before[budget - 1].at.ms + kDayMs};
    if (clock.now() < again) {
      return "the budget of " + std::to_string(budget) + " a day is spent until " +
             to_rfc3339(again);
    }
  }
  if (!data_version.empty() && data_version == before[0].data_version) {
    return "the data at '" + rule.data + "' is what execution " + before[0].alert.execution_id +
           " has learnt from";
  }
  return std::string();
}

// True when an execution was started.
Result<bool> act_on(Monitor& monitor, Clock& clock, Launcher& launcher, const Alert& alert,
                    const RetrainRule& rule) {
  std::string data_version;
  if (!rule.data.empty()) {
    auto found = launcher.data_version(rule.data);
    if (!found) {
      SW_CHECK_OK(note(monitor, alert, "not started: " + found.error().message));
      return false;
    }
    data_version = *std::move(found);
  }
  SW_TRY(const auto why_not, obstacle(monitor, clock, launcher, alert, rule, data_version));
  if (!why_not.empty()) {
    SW_CHECK_OK(note(monitor, alert, why_not));
    return false;
  }
  const auto execution = launcher.start(rule.pipeline, rule.params, alert.id, "alert " + alert.id);
  if (!execution) {
    log::warn(
        "monitor.retraining_failed",
        {{"alert", alert.id}, {"pipeline", rule.pipeline}, {"why", execution.error().message}});
    SW_CHECK_OK(note(monitor, alert, "not started: " + execution.error().message));
    return false;
  }
  SW_CHECK_OK(monitor.alerts().set_execution(alert.id, *execution, data_version));
  log::info("monitor.retraining_started",
            {{"alert", alert.id}, {"endpoint", alert.endpoint}, {"execution", *execution}});
  return true;
}

bool retrains(AlertKind kind) {
  return kind == AlertKind::drift || kind == AlertKind::change || kind == AlertKind::quality ||
         kind == AlertKind::business;
}

Result<std::optional<RetrainRule>> rule_of(Monitor& monitor, Launcher& launcher,
                                           const Alert& alert) {
  SW_TRY(auto watched, monitor.settings(alert.endpoint));
  if (watched.retrain || alert.kind != AlertKind::drift) return std::move(watched.retrain);
  SW_TRY(const auto pipelines, launcher.wanting_drift_of(alert.endpoint));
  if (pipelines.empty()) return std::optional<RetrainRule>();
  return std::optional<RetrainRule>(RetrainRule{.pipeline = pipelines.front()});
}

}  // namespace

Result<int> retrain_due(Monitor& monitor, Clock& clock, Launcher& launcher) {
  SW_TRY(auto open, monitor.alerts().list({.unresolved = true, .page = {.size = kMostAlerts}}));
  std::reverse(open.items.begin(), open.items.end());  // the oldest first
  int started = 0;
  for (const auto& alert : open.items) {
    if (!alert.execution_id.empty()) continue;
    if (!retrains(alert.kind)) continue;
    SW_TRY(const auto rule, rule_of(monitor, launcher, alert));
    if (!rule) continue;
    SW_TRY(const bool acted, act_on(monitor, clock, launcher, alert, *rule));
    started += acted ? 1 : 0;
  }
  return started;
}

}  // namespace slipway::monitor
