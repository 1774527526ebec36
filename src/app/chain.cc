// SPDX-License-Identifier: Apache-2.0
#include "chain.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/hash.h"
#include "base/text.h"
#include "govern/govern.h"
#include "monitor/monitor.h"
#include "pipeline/pipeline.h"
#include "registry/registry.h"
#include "rollout/rollouts.h"

namespace slipway::app {
namespace {

using wire::api::Chain;
using wire::api::ChainSpan;
using wire::api::Happening;

constexpr std::size_t kMostEntries = 1'000;
constexpr auto kPipelineActor = "pipeline ";

std::string status_of(pipeline::Status status) {
  if (!pipeline::is_final(status)) return "running";
  return status == pipeline::Status::succeeded ? "ok" : "error";
}

std::string status_of(pipeline::StepStatus status) {
  switch (status) {
    case pipeline::StepStatus::succeeded:
    case pipeline::StepStatus::cached:
      return "ok";
    case pipeline::StepStatus::failed:
    case pipeline::StepStatus::timed_out:
    case pipeline::StepStatus::cancelled:
      return "error";
    case pipeline::StepStatus::pending:
    case pipeline::StepStatus::waiting:
    case pipeline::StepStatus::approval:
    case pipeline::StepStatus::running:
    case pipeline::StepStatus::skipped:
      break;
  }
  return "running";
}

std::string link_to(const std::string& what, const std::string& id) {
  return "/" + what + "/" + percent_encode(id);
}

std::string version_link(const std::string& model, std::int64_t version) {
  return link_to("models", model) + "/versions/" + std::to_string(version);
}

class Builder {
 public:
  Builder(const ChainParts& parts, const monitor::Alert& alert) : parts_(parts), alert_(alert) {
    out_.trace_id = trace_id_of("alert", alert.id);
    out_.alert_id = alert.id;
    out_.endpoint = alert.endpoint;
    out_.model = alert.model;
    out_.state = std::string(name_of(alert.state));
  }

  Result<Chain> build() {
    root_ = add({}, "alert", alert_.id,
                {.name = std::string(name_of(alert_.kind)) + " alert",
                 .text = alert_.message,
                 .status = alert_.closed ? "ok" : "running",
                 .link = link_to("alerts", alert_.id),
                 .started = alert_.opened,
                 .ended = alert_.closed});
    if (!alert_.execution_id.empty()) SW_CHECK_OK(add_execution());
    for (const auto version : versions_) SW_CHECK_OK(add_version(version));
    std::stable_sort(out_.spans.begin() + 1, out_.spans.end(),
                     [](const ChainSpan& a, const ChainSpan& b) { return a.started < b.started; });
    return std::move(out_);
  }

 private:
  std::string add(const std::string& parent, const std::string& kind, const std::string& key,
                  ChainSpan span) {
    span.id = sha256_hex(out_.trace_id + " " + kind + " " + key).substr(0, 16);
    span.parent = parent;
    span.kind = kind;
    out_.spans.push_back(std::move(span));
    return out_.spans.back().id;
  }

  Result<void> add_execution() {
    const auto execution = parts_.executions.get(alert_.execution_id);
    if (!execution) {
      if (execution.error().code == Code::not_found) return {};
      return execution.error();
    }
    const auto& e = *execution;
    const auto link = link_to("executions", e.id);
    execution_ = add(root_, "execution", e.id,
                     {.name = e.pipeline,
                      .text = e.error,
                      .status = status_of(e.status),
                      .link = link,
                      .started = e.started.value_or(e.created),
                      .ended = e.ended});
    for (const auto& step : e.steps) {
      if (!step.started) continue;
      const auto name =
          step.name + (step.index ? "[" + std::to_string(*step.index) + "]" : std::string());
      add(execution_, "step", e.id + " " + name,
          {.name = name,
           .text = step.error,
           .status = status_of(step.status),
           .link = link + "?step=" + percent_encode(name),
           .started = *step.started,
           .ended = step.ended});
    }
    return add_versions(e);
  }

  // What the gate judged for this execution, and what was registered while it ran.
  Result<void> add_versions(const pipeline::Execution& e) {
    SW_TRY(const auto decisions, parts_.govern.decisions("", 0, {.size = kMostEntries}));
    for (const auto& decision : decisions.items) {
      if (decision.actor != kPipelineActor + e.id) continue;
      if (decision.model == alert_.model) versions_.insert(decision.version);
      add(execution_, "gate", decision.id,
          {.name = "gate " + decision.policy,
           .text = decision.summary(),
           .status = decision.allowed ? "ok" : "error",
           .link = version_link(decision.model, decision.version),
           .started = decision.at,
           .ended = decision.at});
    }
    SW_TRY(const auto history, parts_.registry.history().of(alert_.model, 0, {kMostEntries, {}}));
    for (const auto& change : history.items) {
      if (change.action != "version.created" || change.version == 0) continue;
      if (change.at < e.created || (e.ended && change.at > *e.ended)) continue;
      versions_.insert(change.version);
    }
    return {};
  }

  Result<void> add_version(std::int64_t version) {
    const auto number = std::to_string(version);
    SW_TRY(const auto history,
           parts_.registry.history().of(alert_.model, version, {kMostEntries, {}}));
    for (const auto& change : history.items) {
      if (change.action != "version.created") continue;
      add(execution_, "version", number,
          {.name = alert_.model + " version " + number,
           .text = "registered by " + change.actor,
           .status = "ok",
           .link = version_link(alert_.model, version),
           .started = change.at,
           .ended = change.at});
    }
    SW_TRY(const auto rollouts, parts_.rollouts.list(alert_.endpoint, {.size = 100}));
    std::optional<Timestamp> next;  // when the one after it began: they come newest first
    for (const auto& one : rollouts.items) {
      if (one.model != alert_.model || one.challenger != version) continue;
      if (one.started < alert_.opened) continue;
      add_rollout(one, next, history.items);
      next = one.started;
    }
    return {};
  }

  void add_rollout(const rollout::Rollout& r, const std::optional<Timestamp>& next,
                   const std::vector<registry::Change>& history) {
    const bool good = r.state == rollout::State::promoted;
    const auto link = link_to("rollouts", r.id);
    const auto id =
        add(root_, "rollout", r.id,
            {.name = "version " + std::to_string(r.champion) + " to " +
                     std::to_string(r.challenger) + ": " + std::string(name_of(r.state)),
             .text = r.reason,
             .status = !r.ended ? "running"
                       : good   ? "ok"
                                : "error",
             .link = link,
             .started = r.started,
             .ended = r.ended});
    // Each entry of the history begins what lasts until the next. The last is written after the
    // end was noted.
    std::vector<registry::Change> moves;
    for (const auto& change : history) {
      if (!change.action.starts_with("rollout.")) continue;
      if (change.at < r.started || (next && change.at >= *next)) continue;
      moves.push_back(change);
    }
    std::reverse(moves.begin(), moves.end());  // oldest first
    for (std::size_t i = 0; i < moves.size(); ++i) {
      const auto& move = moves[i];
      const bool last = move.action != "rollout.started" && move.action != "rollout.step";
      const auto name = last ? move.action.substr(std::string_view("rollout.").size()) : move.to;
      std::optional<Timestamp> ended = r.ended;
      if (last) ended = move.at;
      if (i + 1 < moves.size()) ended = moves[i + 1].at;
      add(id, "rollout_step", std::to_string(move.sequence),
          {.name = name,
           .text = move.reason,
           .status = !ended                       ? "running"
                     : last && name != "promoted" ? "error"
                                                  : "ok",
           .link = link,
           .started = move.at,
           .ended = ended});
    }
  }

  const ChainParts& parts_;
  const monitor::Alert& alert_;
  Chain out_;
  std::string root_;
  std::string execution_;
  std::set<std::int64_t> versions_;
};

// Of the execution that judged or made the version.
Result<std::string> alert_behind(const ChainParts& parts, const std::string& model,
                                 std::int64_t version) {
  SW_TRY(const auto made, parts.registry.history().creation({model, version}));
  SW_TRY(const auto retrainings, parts.monitor.alerts().retrainings(model));
  SW_TRY(const auto decisions, parts.govern.decisions(model, version, {.size = kMostEntries}));
  for (const auto& one : retrainings) {
    const auto& id = one.alert.execution_id;
    for (const auto& decision : decisions.items) {
      if (decision.actor == kPipelineActor + id) return one.alert.id;
    }
    const auto execution = parts.executions.get(id);
    if (!execution || made.action.empty()) continue;
    const bool within =
        made.at >= execution->created && (!execution->ended || made.at <= *execution->ended);
    if (within) return one.alert.id;
  }
  return std::string();
}

}  // namespace

Result<Chain> chain_of(const ChainParts& parts, const std::string& alert_id) {
  SW_TRY(const auto alert, parts.monitor.alerts().get(alert_id));
  return Builder(parts, alert).build();
}

Result<std::vector<Happening>> origin_of(const ChainParts& parts, const std::string& model,
                                         std::int64_t version) {
  SW_TRY(const auto alert_id, alert_behind(parts, model, version));
  if (alert_id.empty()) return std::vector<Happening>();
  SW_TRY(const auto alert, parts.monitor.alerts().get(alert_id));
  const auto link = link_to("alerts", alert.id);
  std::vector<Happening> out;
  out.push_back({alert.opened, "alert.opened", alert.endpoint,
                 std::string(name_of(alert.kind)) + " alert at endpoint '" + alert.endpoint +
                     "' about version " + alert.version + ": " + alert.message,
                 link});
  if (const auto execution = parts.executions.get(alert.execution_id)) {
    const auto& e = *execution;
    const auto page = link_to("executions", e.id);
    out.push_back({e.started.value_or(e.created), "execution.started", e.pipeline,
                   "it started pipeline '" + e.pipeline + "' (execution " + e.id + ")", page});
    if (e.ended) {
      out.push_back({*e.ended, "execution.finished", e.pipeline,
                     "execution " + e.id + " " + std::string(name_of(e.status)), page});
    }
  }
  if (alert.closed) {
    out.push_back({*alert.closed, "alert.closed", alert.endpoint,
                   "the alert was closed: " + alert.closed_by, link});
  }
  return out;
}

}  // namespace slipway::app
