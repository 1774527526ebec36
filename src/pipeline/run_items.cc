// SPDX-License-Identifier: Apache-2.0
// How an element of a step begins.
#include <algorithm>
#include <utility>

#include "log_file.h"
#include "run_impl.h"

namespace slipway::pipeline {
namespace {

constexpr std::size_t kChangesACommit = 2000;
constexpr std::size_t kSubsAtOnce = 16;

}  // namespace

// Whether the step itself lets one more begin; places are another matter.
bool Run::Impl::next_of(StepNode& node) const {
  const auto at_once = node.step->foreach ? node.step->foreach->at_once : 0;
  if (at_once > 0 && node.running >= at_once) return false;
  return !node.step->pipeline || subs_running < kSubsAtOnce;
}

bool Run::Impl::take_place(At at, Live& live) {
  const auto& step = *nodes[at.first].step;
  if (step.approval || step.pipeline) return true;  // its own steps take theirs
  auto taken = tools.places->take(*jobs, step, setup.definition.pools, this);
  if (!taken) return false;
  live.taken = *std::move(taken);
  live.has_place = true;
  return true;
}

void Run::Impl::give_back(At at) {
  auto& live = *nodes[at.first].items[at.second].live;
  if (!live.has_place) return;
  live.has_place = false;
  tools.places->give_back(*jobs, *nodes[at.first].step, live.taken, this);
  live.taken = {};
}

Live& Run::Impl::live_of(At at) {
  auto& node = nodes[at.first];
  auto& item = node.items[at.second];
  if (item.live) return *item.live;
  item.live = std::make_unique<Live>();
  item.live->state.name = node.step->name;
  item.live->state.attempts = item.attempts;
  if (node.is_foreach) item.live->state.index = static_cast<std::int64_t>(at.second);
  return *item.live;
}

std::vector<Run::Impl::At> Run::Impl::pick() {
  std::vector<At> out;
  more_to_pick = false;
  while (!again.empty()) {
    const auto at = again.front();
    if (!take_place(at, live_of(at))) break;
    again.pop_front();
    begin_item(at, out);
  }
  for (auto it = ready.begin(); it != ready.end();) {
    if (changes.steps.size() >= kChangesACommit) {
      more_to_pick = true;
      break;
    }
    const auto [priority, step] = *it;
    auto& node = nodes[step];
    while (node.cursor < node.items.size() &&
           node.items[node.cursor].status != StepStatus::pending) {
      ++node.cursor;
    }
    if (node.cursor == node.items.size()) {
      it = ready.erase(it);
      continue;
    }
    const At at{step, node.cursor};
    if (!next_of(node)) {
      ++it;
    } else if (take_place(at, live_of(at))) {
      ++node.cursor;
      begin_item(at, out);
      it = ready.begin();  // it may have made others ready
    } else {
      node.items[at.second].live.reset();
      if (!tools.places->has_job(*jobs)) break;  // those that need none were before it
      ++it;
    }
  }
  return out;
}

// Its own condition, its inputs, an earlier result; false when it has ended by that.
bool Run::Impl::may_begin(At at) {
  auto& node = nodes[at.first];
  auto& live = live_of(at);
  const auto ref = node.ref(at.second, this);
  if (node.step->condition.is_about_element()) {
    const auto holds = node.step->condition.holds(scope_of(setup, ref), needs_of(node));
    if (!holds) {
      end_item(at, StepStatus::failed, "when: " + holds.error().message);
      return false;
    }
    if (!*holds) {
      end_item(at, StepStatus::skipped, "its condition does not hold", true);
      return false;
    }
  }
  auto resolved = pipeline::resolve(setup, ref);
  if (!resolved) {
    end_item(at, StepStatus::failed, resolved.error().message);
    return false;
  }
  live.resolved = std::make_unique<Resolved>(*std::move(resolved));
  if (auto ok = check_inputs(setup, *live.resolved); !ok) {
    end_item(at, StepStatus::failed, ok.error().message);
    return false;
  }
  if (!node.step->cache || !is_cached(at)) return true;
  end_item(at, StepStatus::cached, {});
  return false;
}

void Run::Impl::begin_item(At at, std::vector<At>& launches) {
  auto& node = nodes[at.first];
  auto& item = node.items[at.second];
  auto& live = live_of(at);
  live.state.started = tools.clock.now();
  if (!may_begin(at)) return;
  ++item.attempts;
  ++item.tries;
  ++node.running;
  live.timed_out = false;
  live.state.attempts = item.attempts;
  live.state.ended.reset();
  live.state.exit_code.reset();
  live.state.error.clear();
  if (node.step->approval) return ask(at);
  if (node.step->pipeline) ++subs_running;
  item.status = live.state.status = StepStatus::running;
  ++running;
  changes.steps.push_back(live.state);
  changes.attempts.push_back(attempt_of(live.state));
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

// An answer that was given before (this process was another then) counts.
void Run::Impl::ask(At at) {
  auto& node = nodes[at.first];
  auto& item = node.items[at.second];
  auto& live = live_of(at);
  item.status = live.state.status = StepStatus::approval;
  live.state.error = live.resolved->message;
  changes.steps.push_back(live.state);
  changes.attempts.push_back(attempt_of(live.state));
  asking.insert(at);
  if (node.step->timeout_s > 0) {
    const std::chrono::duration<double> limit(node.step->timeout_s);
    timers.push({SteadyClock::now() + std::chrono::duration_cast<SteadyClock::duration>(limit),
                 at.first, at.second, item.attempts, false});
  }
  const std::scoped_lock lock(mutex);
  decisions_wanted = true;
}

bool Run::Impl::is_cached(At at) {
  auto& live = live_of(at);
  auto key = cache_key_of(setup, nodes[at.first].ref(at.second), *live.resolved, hashes);
  if (!key) return false;
  live.cache_key = *key;
  if (!setup.use_cache) return false;
  const auto remembered = tools.records.cached(*key);
  if (!remembered || !*remembered) return false;
  auto kept = restore_kept(setup.execution.folder, **remembered, hashes, tools.blobs);
  if (!kept) return false;
  if (kept->result.empty() && kept->artifacts.empty()) return true;
  const StepResult result{live.state.name, live.state.index, kept->result, kept->artifacts};
  handed.put(result);
  changes.results.push_back(result);
  return true;
}

std::shared_ptr<LogFile> Run::Impl::log_of(At at) {
  const auto& node = nodes[at.first];
  return std::make_shared<LogFile>(
      log_path(setup.logs, setup.execution.id, node.step->name,
               node.is_foreach ? static_cast<std::int64_t>(at.second) : -1,
               node.items[at.second].attempts),
      secrets_of(setup, *node.step));
}

void Run::Impl::launch(At at) {
  auto& node = nodes[at.first];
  auto& item = node.items[at.second];
  auto log = log_of(at);
  if (node.step->gate || node.step->check) return launch_gate(at, std::move(log));
  if (node.step->timeout_s > 0) {
    const std::chrono::duration<double> limit(node.step->timeout_s);
    timers.push({SteadyClock::now() + std::chrono::duration_cast<SteadyClock::duration>(limit),
                 at.first, at.second, item.attempts, false});
  }
  if (node.step->pipeline) return launch_sub(at, std::move(log));
  auto task = task_of(setup, node.ref(at.second), *item.live->resolved, item.attempts);
  if (node.step->resources.gpu > 0) {
    std::string gpus;
    for (const auto& gpu : item.live->taken.gpus) (gpus += gpus.empty() ? "" : ",") += gpu;
    task.env["CUDA_VISIBLE_DEVICES"] = gpus;
  }
  const bool watched = tools.listener != nullptr;
  auto tell = [this, log, watched,
               state = watched ? item.live->state : StepState()](const std::string& text) {
    if (watched && !text.empty()) tools.listener->wrote(state, text);
  };
  auto started = tools.executor.start(
      task, [log, tell](std::string_view piece) { tell(log->write(piece)); },
      [this, at, log, tell](const TaskEnd& end) {
        tell(log->finish());
        post({at.first, at.second, end, {}, {}});
      });
  if (started) return;
  log->write(started.error().message + "\n");
  log->finish();
  post({at.first, at.second, {.error = started.error().message}, {}, {}});
}

void Run::Impl::launch_gate(At at, std::shared_ptr<LogFile> log) {
  if (tools.gates == nullptr) {
    return post({at.first, at.second, {.error = "gates are not available here"}, {}, {}});
  }
  if (!gate_pool) gate_pool = std::make_unique<Pool>("sw-gate", 2, 1'000'000);
  const auto asked = *nodes[at.first].items[at.second].live->resolved;
  const bool gate = nodes[at.first].step->gate.has_value();
  const bool taken = gate_pool->post([this, at, log, asked, gate] {
    auto verdict = gate ? tools.gates->check(asked.gate) : tools.gates->check(asked.check);
    if (verdict) {
      log->write(verdict->text + (verdict->text.ends_with('\n') ? "" : "\n"));
      log->finish();
      post({at.first, at.second, {}, *std::move(verdict), {}});
    } else {
      const auto& error = verdict.error();
      log->write(error.message + "\n" + (error.hint.empty() ? "" : error.hint + "\n"));
      log->finish();
      post({at.first, at.second, {.error = error.message}, {}, {}});
    }
  });
  SW_ASSERT(taken);
}

std::string Run::Impl::sub_key(At at) const {
  const auto& node = nodes[at.first];
  return setup.execution.id + "." + node.step->name + "." +
         (node.is_foreach ? std::to_string(at.second) : "-");
}

void Run::Impl::launch_sub(At at, std::shared_ptr<LogFile> log) {
  if (tools.subs == nullptr) {
    return post({at.first, at.second, {.error = "sub-pipelines are not available here"}, {}, {}});
  }
  if (!sub_pool) sub_pool = std::make_unique<Pool>("sw-sub", kSubsAtOnce, 1'000'000);
  SubRequest request{.key = sub_key(at), .parent = &setup};
  request.file = nodes[at.first].items[at.second].live->resolved->pipeline;
  request.params = nodes[at.first].items[at.second].live->resolved->words;
  const bool taken = sub_pool->post([this, at, log, request] {
    auto end = tools.subs->run(request);
    if (end) {
      log->write("execution " + request.key + ": " + std::string(name_of(end->status)) +
                 (end->error.empty() ? "" : ": " + end->error) + "\n");
      log->finish();
      post({at.first, at.second, {}, {}, *std::move(end)});
    } else {
      log->write(end.error().message + "\n");
      log->finish();
      post({at.first, at.second, {.error = end.error().message}, {}, {}});
    }
  });
  SW_ASSERT(taken);
}

}  // namespace slipway::pipeline
