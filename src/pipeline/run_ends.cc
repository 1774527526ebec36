// SPDX-License-Identifier: Apache-2.0
// How an element of a step ends, or is tried again.
#include <algorithm>
#include <cstring>
#include <utility>

#include "base/ids.h"
#include "base/log.h"
#include "run_impl.h"

namespace slipway::pipeline {
namespace {

constexpr int kTimedOutCode = 124;  // as timeout(1) says it

SteadyClock::time_point after(double seconds) {
  return SteadyClock::now() +
         std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(seconds));
}

std::string signal_text(int signal) {
  return "ended by signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")";
}

bool is_in(const std::vector<int>& codes, int code) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

}  // namespace

double backoff_seconds(const RetryRule& rule, int tries, double unit) {
  double out = rule.first_s;
  for (int i = 1; i < tries && out < rule.most_s; ++i) out *= rule.factor;
  return std::min(out, rule.most_s) * (1 + unit * rule.jitter);
}

void Run::Impl::ended(const Message& message) {
  const At at{message.step, message.item};
  auto& node = nodes[at.first];
  auto& live = live_of(at);
  --running;
  --node.running;
  if (node.step->pipeline) --subs_running;
  give_back(at);
  live.state.cpu_seconds += message.end.cpu_seconds;
  live.state.max_rss_bytes = std::max(live.state.max_rss_bytes, message.end.max_rss_bytes);
  const auto [status, error] = outcome_of(at, message);
  if (suspended && status == StepStatus::cancelled) {
    set_aside(at);
  } else if (tries_again(at, status)) {
    wait_for_retry(at, status, error);
  } else {
    ++node.running;
    end_attempt(at, status, error);
  }
}

bool Run::Impl::tries_again(At at, StepStatus status) const {
  const auto& item = nodes[at.first].items[at.second];
  const auto& rule = nodes[at.first].step->retry;
  const bool bad = status == StepStatus::failed || status == StepStatus::timed_out;
  if (!bad || item.tries > rule.times || cancelled) return false;
  const int code =
      status == StepStatus::timed_out ? kTimedOutCode : item.live->state.exit_code.value_or(-1);
  if (code >= 0 && is_in(rule.not_on, code)) return false;
  return code < 0 || rule.on.empty() || is_in(rule.on, code);
}

std::pair<StepStatus, std::string> Run::Impl::outcome_of(At at, const Message& message) {
  auto& live = live_of(at);
  if (message.verdict) {
    live.state.exit_code = message.verdict->allowed ? 0 : 1;
    if (message.verdict->allowed) return {StepStatus::succeeded, ""};
    const bool gate = nodes[at.first].step->gate.has_value();
    return {StepStatus::failed,
            (gate ? "the gate refused: " : "the check failed: ") + message.verdict->reason};
  }
  if (live.timed_out) return {StepStatus::timed_out, live.state.error};
  if (message.sub && message.sub->status == Status::succeeded) {
    live.state.exit_code = 0;
    const StepResult result{live.state.name, live.state.index, message.sub->results, ""};
    handed.put(result);
    changes.results.push_back(result);
    return {StepStatus::succeeded, ""};
  }
  if (cancelled) return {StepStatus::cancelled, "cancelled"};
  if (message.sub) {
    live.state.exit_code = 1;
    return {StepStatus::failed, "its pipeline " + std::string(name_of(message.sub->status)) +
                                    (message.sub->error.empty() ? "" : ": " + message.sub->error)};
  }
  return outcome_of_exit(at, message.end);
}

std::pair<StepStatus, std::string> Run::Impl::outcome_of_exit(At at, const TaskEnd& end) {
  auto& live = live_of(at);
  if (!end.error.empty()) return {StepStatus::failed, end.error};
  if (end.signal) {
    live.state.exit_code = 128 + *end.signal;
    return {StepStatus::failed, signal_text(*end.signal)};
  }
  live.state.exit_code = end.code.value_or(-1);
  if (live.state.exit_code != 0) {
    return {StepStatus::failed, "exit code " + std::to_string(*live.state.exit_code)};
  }
  if (auto ok = check_outputs(setup, *live.resolved); !ok) {
    return {StepStatus::failed, ok.error().message};
  }
  if (auto ok = hand_over(at); !ok) return {StepStatus::failed, ok.error().message};
  return {StepStatus::succeeded, ""};
}

// What it made for later steps, and for the next time.
Result<void> Run::Impl::hand_over(At at) {
  auto& live = live_of(at);
  const auto ref = nodes[at.first].ref(at.second);
  SW_TRY(const auto written, take_result(result_path(setup, ref, live.state.attempts)));
  Masker masker(secrets_of(setup, *nodes[at.first].step));
  StepResult result{live.state.name, live.state.index, masker.feed(written.value_or("")), ""};
  result.result += masker.rest();
  if (!live.resolved->artifacts.empty()) {
    SW_TRY(result.artifacts,
           keep_artifacts(setup.execution.folder, live.resolved->artifacts, hashes, tools.blobs));
  }
  if (!live.cache_key.empty()) {
    auto kept = keep_outputs(setup.execution.folder, live.resolved->outputs, hashes, tools.blobs);
    if (kept) {
      changes.cached.push_back(
          {live.cache_key, kept_text({*kept, result.result, result.artifacts})});
    } else {
      log::warn("pipeline.outputs_not_kept",
                {{"step", live.state.name}, {"why", kept.error().message}});
    }
  }
  if (result.result.empty() && result.artifacts.empty()) return {};
  handed.put(result);
  changes.results.push_back(std::move(result));
  return {};
}

// A later process does it again.
void Run::Impl::set_aside(At at) {
  auto& item = nodes[at.first].items[at.second];
  auto& state = live_of(at).state;
  state.status = StepStatus::cancelled;
  state.error = "interrupted: the server was stopped";
  state.ended = tools.clock.now();
  changes.attempts.push_back(attempt_of(state));
  item.status = state.status = StepStatus::pending;
  changes.steps.push_back(state);
}

void Run::Impl::wait_for_retry(At at, StepStatus status, const std::string& error) {
  auto& node = nodes[at.first];
  auto& item = node.items[at.second];
  auto& state = live_of(at).state;
  state.status = status;
  state.error = error;
  state.ended = tools.clock.now();
  changes.attempts.push_back(attempt_of(state));
  item.status = state.status = StepStatus::waiting;
  changes.steps.push_back(state);
  const auto seconds = backoff_seconds(node.step->retry, item.tries, random_unit());
  timers.push({after(seconds), at.first, at.second, item.attempts, true});
}

// Of one that was counted as running.
void Run::Impl::end_attempt(At at, StepStatus status, const std::string& error) {
  --nodes[at.first].running;
  auto& state = live_of(at).state;
  asking.erase(at);
  state.status = status;
  state.error = error;
  state.ended = tools.clock.now();
  changes.attempts.push_back(attempt_of(state));
  end_item(at, status, error);
}

void Run::Impl::end_item(At at, StepStatus status, const std::string& error, bool left_out) {
  auto& node = nodes[at.first];
  auto& item = node.items[at.second];
  auto& state = live_of(at).state;
  item.status = state.status = status;
  item.exit_code = state.exit_code.value_or(is_good(status) ? 0 : -1);
  state.error = error;
  state.ended = tools.clock.now();
  const bool began = item.attempts > 0 || is_good(status) || status == StepStatus::failed;
  if (!began) state.started.reset();
  if (began && !state.started) state.started = state.ended;
  changes.steps.push_back(state);
  give_back(at);
  item.live.reset();
  node.any_good |= is_good(status);
  node.any_bad |= !is_good(status) && !left_out;
  if (--node.open == 0) end_step(at.first);
}

}  // namespace slipway::pipeline
