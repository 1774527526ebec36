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

// Why not now; empty when nothing is in the way.
Result<std::string> obstacle(Monitor& monitor, Clock& clock, Launcher& launcher, const Alert& alert,
                             const RetrainRule& rule) {
  SW_TRY(const auto last, monitor.alerts().last_retraining(alert.endpoint));
  if (!last) return std::string();
  const auto& [before, started] = *last;
  const auto running = launcher.running(before.execution_id);
  if (running && *running) return "execution " + before.execution_id + " is still running";
  const Timestamp free{started.ms + rule.cooldown_s * 1'000};
  if (clock.now() < free) return "cool-down until " + to_rfc3339(free);
  return std::string();
}

// True when an execution was started.
Result<bool> act_on(Monitor& monitor, Clock& clock, Launcher& launcher, const Alert& alert,
                    const RetrainRule& rule) {
  SW_TRY(const auto why_not, obstacle(monitor, clock, launcher, alert, rule));
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
  SW_CHECK_OK(monitor.alerts().set_execution(alert.id, *execution));
  log::info("monitor.retraining_started",
            {{"alert", alert.id}, {"endpoint", alert.endpoint}, {"execution", *execution}});
  return true;
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
    const bool of_data = alert.kind == AlertKind::drift || alert.kind == AlertKind::change;
    if (!of_data && alert.kind != AlertKind::quality) continue;
    SW_TRY(const auto rule, rule_of(monitor, launcher, alert));
    if (!rule) continue;
    SW_TRY(const bool acted, act_on(monitor, clock, launcher, alert, *rule));
    started += acted ? 1 : 0;
  }
  return started;
}

}  // namespace slipway::monitor
