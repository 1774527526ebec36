// SPDX-License-Identifier: Apache-2.0
// What people do with executions: end them, go on with them, answer what they ask, make up for
// times gone by.
#include <algorithm>
#include <csignal>
#include <set>

#include <sys/types.h>

#include "base/text.h"
#include "pipeline/cron.h"
#include "pipeline/pipeline.h"
#include "process/process.h"
#include "service.h"
#include "view.h"
#include "yaml/yaml.h"

namespace slipway::pipeline {
namespace {

constexpr std::size_t kMostTimes = 10'000;  // of one back-fill
constexpr std::int64_t kDayMs = 86'400'000;

// A day alone is its beginning, or its end, on the clock of the zone.
Result<Timestamp> time_of(const char* name, const std::string& text, const Zone& zone, bool end) {
  auto out = parse_rfc3339(text);
  if (!out) {
    return invalid(std::string(name) + ": '" + text.substr(0, 80) + "' is not a time",
                   "write 2026-01-31 or 2026-01-31T06:00:00Z");
  }
  if (text.size() > 10) return out;
  const auto wall = out->ms + (end ? kDayMs : 0);
  return Timestamp{wall - zone.offset_at(wall / 1000) * 1000 - (end ? 1 : 0)};
}

}  // namespace

Result<Execution> Executions::cancel(const std::string& id) {
  SW_TRY(auto execution, impl_->records.get(id));
  if (is_final(execution.status)) return get(id);
  SW_TRY(const bool was_queued, impl_->records.cancel_queued(id, impl_->clock.now()));
  if (was_queued) {
    impl_->publish("execution.finished", execution, Status::cancelled);
    return get(id);
  }
  if (impl_->cancel_active(id)) return get(id);
  if (execution.engine == impl_->engine) return get(id);
  if (execution.owner == "server") {
    SW_CHECK_OK(impl_->records.want_cancel(id));
  } else if (process::is_alive(execution.engine)) {
    const auto pid =
        parse_int(std::string_view(execution.engine).substr(0, execution.engine.find('/')));
    if (pid) ::kill(static_cast<pid_t>(*pid), SIGINT);
  }
  return get(id);
}

// The step, and all that come after it.
Result<std::vector<std::string>> Executions::Impl::steps_from(const Definition& definition,
                                                              const std::string& step) const {
  std::vector<std::string> out;
  if (step.empty()) return out;
  if (definition.find(step) == nullptr) {
    std::vector<std::string_view> names;
    for (const auto& one : definition.steps) names.push_back(one.name);
    const auto meant = yaml::nearest(step, names);
    return invalid("from: there is no step '" + step.substr(0, 80) + "'",
                   meant.empty() ? "" : "did you mean '" + meant + "'?");
  }
  std::map<std::string_view, std::vector<std::string_view>> after;
  for (const auto& one : definition.steps) {
    for (const auto& need : one.needs) after[need].push_back(one.name);
  }
  std::set<std::string_view> seen = {step};
  out = {step};
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto next = after.find(out[i]);
    if (next == after.end()) continue;
    for (const auto name : next->second) {
      if (seen.insert(name).second) out.emplace_back(name);
    }
  }
  return out;
}

Result<Execution> Executions::resume(const std::string& id, const std::string& from) {
  SW_TRY(auto execution, get(id));
  if (!is_final(execution.status)) {
    return precondition("execution '" + id + "' is " + std::string(name_of(execution.status)));
  }
  if (!execution.parent.empty()) {
    return precondition("execution '" + id + "' is a step of execution '" + execution.parent + "'",
                        "go on with that one");
  }
  if (execution.status == Status::succeeded && from.empty()) {
    return precondition("execution '" + id + "' has succeeded: there is nothing left to do",
                        "name the step to run again: {\"from\": \"..\"}");
  }
  SW_TRY(const auto definition, parse_definition(execution.yaml, execution.file));
  SW_TRY(const auto steps, impl_->steps_from(definition, from));
  impl_->executor->end_leftovers(id);
  SW_CHECK_OK(impl_->records.requeue_from(id, steps));
  impl_->enqueue(execution);
  return get(id);
}

Result<Execution> Executions::decide(const std::string& id, Decision decision) {
  SW_TRY(const auto execution, get(id));
  const auto found =
      std::find_if(execution.steps.begin(), execution.steps.end(), [&](const auto& state) {
        return state.name == decision.step && state.index == decision.index;
      });
  if (found == execution.steps.end()) {
    return not_found("execution '" + id + "' has no step '" + decision.step.substr(0, 80) + "'");
  }
  if (found->status != StepStatus::approval) {
    return precondition("step '" + decision.step + "' does not ask: it is " +
                        std::string(name_of(found->status)));
  }
  SW_TRY(const auto definition, parse_definition(execution.yaml, execution.file));
  const auto* step = definition.find(decision.step);
  if (step != nullptr && step->approval && !step->approval->by.empty()) {
    const auto& by = step->approval->by;
    if (std::find(by.begin(), by.end(), decision.author) == by.end()) {
      return Error{Code::permission_denied,
                   "'" + decision.author + "' may not answer step '" + decision.step + "'",
                   "the pipeline names who may: " + by[0] + (by.size() > 1 ? ", .." : "")};
    }
  }
  decision.at = impl_->clock.now();
  auto kept = impl_->records.decide(id, decision);
  if (!kept && kept.error().code == Code::already_exists) {
    return precondition("step '" + decision.step + "' was answered already");
  }
  if (!kept) return std::move(kept.error());
  impl_->look_at_decisions(id);
  return get(id);
}

Result<std::vector<Execution>> Executions::back_fill(const std::string& pipeline,
                                                     const std::string& from_text,
                                                     const std::string& to_text,
                                                     const Params& given) {
  SW_TRY(const auto registered, impl_->records.pipeline(pipeline));
  SW_TRY(const auto definition, parse_definition(registered.yaml, registered.name));
  if (definition.schedule.empty()) {
    return precondition("pipeline '" + pipeline + "' has no schedule",
                        "a back-fill makes up for times of its schedule");
  }
  SW_TRY(const auto params, with_params(definition.params, given));
  SW_CHECK_OK(check_params(definition, params));
  SW_TRY(const auto cron, Cron::parse(definition.schedule));
  SW_TRY(const auto zone, load_zone(definition.timezone));
  SW_TRY(const auto from, time_of("from", from_text, *zone, false));
  SW_TRY(const auto to, time_of("to", to_text, *zone, true));
  std::vector<Timestamp> times;
  for (auto at = cron.next({from.ms - 1}, *zone); at && *at <= to; at = cron.next(*at, *zone)) {
    times.push_back(*at);
    if (times.size() > kMostTimes) {
      return exhausted("more than " + std::to_string(kMostTimes) + " times", "take smaller parts");
    }
  }
  std::vector<Execution> out;
  for (const auto at : times) {
    Execution execution;
    execution.id = impl_->ids.sortable();
    execution.pipeline = registered.name;
    execution.yaml = registered.yaml;
    execution.folder = registered.folder;
    execution.file = registered.file;
    execution.params = json_of(params);
    execution.trigger = {"backfill", registered.name + "@" + to_rfc3339(at)};
    execution.owner = "server";
    execution.engine = impl_->engine;
    execution.created = impl_->clock.now();
    execution.scheduled = at;
    execution.priority = definition.priority;
    SW_TRY(const auto before, impl_->admit(execution, definition, 2 * kMostTimes));
    if (!before) out.push_back(std::move(execution));
  }
  return out;
}

}  // namespace slipway::pipeline
