// SPDX-License-Identifier: Apache-2.0
// How an element of a step begins and ends.
#include <algorithm>
#include <cstring>
#include <utility>

#include "base/ids.h"
#include "base/log.h"
#include "run_impl.h"

namespace slipway::pipeline {
namespace {

constexpr std::size_t kChangesACommit = 2000;
constexpr double kLongestBackoff = 3600;

SteadyClock::time_point after(double seconds) {
  return SteadyClock::now() +
         std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(seconds));
}

std::string signal_text(int signal) {
  return "ended by signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")";
}

}  // namespace

double backoff_seconds(double first, int tries, double unit) {
  double out = first;
  for (int i = 1; i < tries && out < kLongestBackoff; ++i) out *= 2;
  return std::min(out, kLongestBackoff) * (1 + unit / 4);
}

bool Run::Impl::has_room(const Step& step) const {
  if (running >= static_cast<std::size_t>(std::max(1, setup.jobs))) return false;
  return running == 0 || cpu_used + step.resources.cpu <= cpu_limit;
}

std::vector<Run::Impl::At> Run::Impl::pick() {
  std::vector<At> out;
  while (!again.empty() && has_room(*nodes[again.front().first].step)) {
    const auto at = again.front();
    again.pop_front();
    begin_item(at, out);
  }
  for (auto it = ready.begin(); it != ready.end() && changes.steps.size() < kChangesACommit;) {
    auto& node = nodes[*it];
    while (node.cursor < node.items.size() && is_good(node.items[node.cursor].state.status)) {
      ++node.cursor;
    }
    if (node.cursor == node.items.size()) {
      it = ready.erase(it);
    } else if (!has_room(*node.step)) {
      ++it;
    } else {
      begin_item({*it, node.cursor++}, out);
      it = ready.begin();  // it may have made others ready
    }
  }
  return out;
}

void Run::Impl::begin_item(At at, std::vector<At>& launches) {
  auto& node = nodes[at.first];
  auto& item = node.items[at.second];
  item.state.started = tools.clock.now();
  auto resolved = resolve(setup, node.ref(at.second));
  if (!resolved) return end_item(at, StepStatus::failed, resolved.error().message);
  item.resolved = std::make_unique<Resolved>(*std::move(resolved));
  if (auto ok = check_inputs(setup, *item.resolved); !ok) {
    return end_item(at, StepStatus::failed, ok.error().message);
  }
  if (node.step->cache && is_cached(at)) return end_item(at, StepStatus::cached, {});
  ++item.state.attempts;
  ++item.tries;
  item.timed_out = false;
  item.state.status = StepStatus::running;
  item.state.ended.reset();
  item.state.exit_code.reset();
  item.state.error.clear();
  ++running;
  cpu_used += node.step->resources.cpu;
  changes.steps.push_back(item.state);
  changes.attempts.push_back(attempt_of(item.state));
  launches.push_back(at);
}

Attempt Run::Impl::attempt_of(const StepState& state) {
  return {state.name,
          state.index,
          state.attempts,
          state.status,
          state.started.value_or(Timestamp{}),
          state.ended,
          state.exit_code,
          state.error};
}

bool Run::Impl::is_cached(At at) {
  auto& item = nodes[at.first].items[at.second];
  auto key = cache_key_of(setup, nodes[at.first].ref(at.second), *item.resolved, hashes);
  if (!key) return false;
  item.cache_key = *key;
  if (!setup.use_cache) return false;
  const auto remembered = tools.records.cached(*key);
  return remembered && *remembered &&
         restore_outputs(setup.execution.folder, **remembered, hashes, tools.blobs);
}

void Run::Impl::launch(At at) {
  auto& node = nodes[at.first];
  auto& item = node.items[at.second];
  const auto ref = node.ref(at.second);
  auto log = std::make_shared<LogFile>(
      log_path(setup.logs, setup.execution.id, node.step->name, ref.item, item.state.attempts),
      secrets_of(setup, *node.step));
  if (node.step->gate || node.step->check) return launch_gate(at, std::move(log));
  const auto task = task_of(setup, ref, *item.resolved, item.state.attempts);
  auto tell = [this, log, state = item.state](const std::string& text) {
    if (tools.listener != nullptr && !text.empty()) tools.listener->wrote(state, text);
  };
  auto started = tools.executor.start(
      task, [log, tell](std::string_view piece) { tell(log->write(piece)); },
      [this, at, log, tell](const TaskEnd& end) {
        tell(log->finish());
        post({at.first, at.second, end, {}});
      });
  if (!started) {
    log->write(started.error().message + "\n");
    log->finish();
    post({at.first, at.second, {.error = started.error().message}, {}});
  } else if (node.step->timeout_s > 0) {
    timers.push({after(node.step->timeout_s), at.first, at.second, item.state.attempts, false});
  }
}

void Run::Impl::launch_gate(At at, std::shared_ptr<LogFile> log) {
  if (tools.gates == nullptr) {
    return post({at.first, at.second, {.error = "gates are not available here"}, {}});
  }
  if (!gate_pool) gate_pool = std::make_unique<Pool>("sw-gate", 2, 1'000'000);
  const auto asked = *nodes[at.first].items[at.second].resolved;
  const bool gate = nodes[at.first].step->gate.has_value();
  const bool taken = gate_pool->post([this, at, log, asked, gate] {
    auto verdict = gate ? tools.gates->check(asked.gate) : tools.gates->check(asked.check);
    if (verdict) {
      log->write(verdict->text + (verdict->text.ends_with('\n') ? "" : "\n"));
      log->finish();
      post({at.first, at.second, {}, *std::move(verdict)});
    } else {
      const auto& error = verdict.error();
      log->write(error.message + "\n" + (error.hint.empty() ? "" : error.hint + "\n"));
      log->finish();
      post({at.first, at.second, {.error = error.message}, {}});
    }
  });
  SW_ASSERT(taken);
}

void Run::Impl::ended(const Message& message) {
  const At at{message.step, message.item};
  auto& node = nodes[at.first];
  auto& item = node.items[at.second];
  --running;
  cpu_used -= node.step->resources.cpu;
  item.state.cpu_seconds += message.end.cpu_seconds;
  item.state.max_rss_bytes = std::max(item.state.max_rss_bytes, message.end.max_rss_bytes);
  auto [status, error] = outcome_of(item, message);
  const bool bad = status == StepStatus::failed || status == StepStatus::timed_out;
  if (bad && item.tries <= node.step->retries && !cancelled) {
    wait_for_retry(at, status, error);
  } else {
    end_attempt(at, status, error);
  }
}

std::pair<StepStatus, std::string> Run::Impl::outcome_of(Item& item, const Message& message) {
  if (message.verdict) {
    item.state.exit_code = message.verdict->allowed ? 0 : 1;
    if (message.verdict->allowed) return {StepStatus::succeeded, ""};
    const bool gate = nodes[message.step].step->gate.has_value();
    return {StepStatus::failed,
            (gate ? "the gate refused: " : "the check failed: ") + message.verdict->reason};
  }
  if (item.timed_out) {
    return {StepStatus::timed_out, item.state.error};
  }
  if (cancelled) return {StepStatus::cancelled, "cancelled"};
  if (!message.end.error.empty()) return {StepStatus::failed, message.end.error};
  if (message.end.signal) {
    item.state.exit_code = 128 + *message.end.signal;
    return {StepStatus::failed, signal_text(*message.end.signal)};
  }
  item.state.exit_code = message.end.code.value_or(-1);
  if (item.state.exit_code != 0) {
    return {StepStatus::failed, "exit code " + std::to_string(*item.state.exit_code)};
  }
  if (auto ok = check_outputs(setup, *item.resolved); !ok) {
    return {StepStatus::failed, ok.error().message};
  }
  return {StepStatus::succeeded, ""};
}

void Run::Impl::wait_for_retry(At at, StepStatus status, const std::string& error) {
  auto& node = nodes[at.first];
  auto& item = node.items[at.second];
  item.state.status = status;
  item.state.error = error;
  item.state.ended = tools.clock.now();
  changes.attempts.push_back(attempt_of(item.state));
  item.state.status = StepStatus::waiting;
  changes.steps.push_back(item.state);
  ++waiting;
  const auto seconds = backoff_seconds(node.step->backoff_s, item.tries, random_unit());
  timers.push({after(seconds), at.first, at.second, item.state.attempts, true});
}

void Run::Impl::end_attempt(At at, StepStatus status, const std::string& error) {
  auto& node = nodes[at.first];
  auto& item = node.items[at.second];
  if (status == StepStatus::succeeded && !item.cache_key.empty()) {
    auto kept = keep_outputs(setup.execution.folder, item.resolved->outputs, hashes, tools.blobs);
    if (kept) {
      changes.cached.push_back({item.cache_key, *kept});
    } else {
      log::warn("pipeline.outputs_not_kept",
                {{"step", node.step->name}, {"why", kept.error().message}});
    }
  }
  end_item(at, status, error);
  changes.attempts.push_back(attempt_of(item.state));
}

void Run::Impl::end_item(At at, StepStatus status, const std::string& error) {
  auto& node = nodes[at.first];
  auto& item = node.items[at.second];
  item.state.status = status;
  item.state.error = error;
  item.state.ended = tools.clock.now();
  if (!item.state.started) item.state.started = item.state.ended;
  item.resolved.reset();
  changes.steps.push_back(item.state);
  node.bad |= !is_good(status);
  if (--node.open == 0) end_step(at.first);
}

}  // namespace slipway::pipeline
