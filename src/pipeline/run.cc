// SPDX-License-Identifier: Apache-2.0
#include "run.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <queue>
#include <set>
#include <thread>
#include <utility>

#include "base/ids.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/text.h"
#include "graph.h"

namespace slipway::pipeline {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kChangesACommit = 2000;
constexpr double kLongestBackoff = 3600;

struct Message {
  std::size_t step = 0;
  std::size_t item = 0;
  TaskEnd end;
  std::optional<GateVerdict> verdict;
};

struct Timer {
  SteadyClock::time_point at;
  std::size_t step = 0;
  std::size_t item = 0;
  int attempt = 0;
  bool is_retry = false;
  bool operator>(const Timer& other) const { return at > other.at; }
};

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

struct Run::Impl {
  Impl(RunSetup s, RunTools t) : setup(std::move(s)), tools(t), nodes(graph_of(setup.definition)) {
    const auto cores = std::thread::hardware_concurrency();
    cpu_limit = cores == 0 ? 1 : cores;
  }

  // --- the mailbox; everything below it belongs to the thread of `go` -------------------------
  std::mutex mutex;
  std::condition_variable arrived;
  std::vector<Message> mailbox;
  bool cancel_wanted = false;
  bool at_once_wanted = false;
  bool suspend_wanted = false;

  RunSetup setup;
  RunTools tools;
  std::vector<StepNode> nodes;
  std::map<std::string, std::vector<StepState>> before;  // of an earlier process, by step
  std::set<std::size_t> ready;                           // steps with items not yet begun
  std::deque<std::pair<std::size_t, std::size_t>> again;
  std::deque<std::size_t> done_steps;  // whose dependents were not looked at yet
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers;
  Changes changes;
  ContentHashes hashes;
  std::unique_ptr<Pool> gate_pool;
  std::size_t running = 0;
  std::size_t waiting = 0;  // for their next attempt
  double cpu_used = 0;
  double cpu_limit = 1;
  bool cancelled = false;
  bool stopped_at_once = false;
  bool suspended = false;

  using At = std::pair<std::size_t, std::size_t>;

  void post(Message message) {
    {
      const std::scoped_lock lock(mutex);
      mailbox.push_back(std::move(message));
    }
    arrived.notify_one();
  }

  // --- steps become ready ------------------------------------------------------------------------
  Result<void> begin() {
    SW_TRY(auto rows, tools.records.steps(setup.execution.id));
    for (auto& row : rows) before[row.name].push_back(std::move(row));
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (nodes[i].waits_for == 0 && !nodes[i].expanded) make_ready(i);
    }
    return {};
  }

  Result<std::vector<Value>> values_of(const Step& step) {
    if (step.foreach->from.empty()) return step.foreach->items;
    SW_TRY(const auto known, tools.records.items(setup.execution.id, step.name));
    if (known && before.contains(step.name)) return list_from_json(*known);
    SW_TRY(auto values, expand(setup, step));
    std::string json = "[";
    for (const auto& value : values) {
      if (json.size() > 1) json += ',';
      json += json_of(value);
    }
    changes.items.emplace_back(step.name, json + "]");
    return values;
  }

  void make_ready(std::size_t at) {
    auto& node = nodes[at];
    const auto& states = before[node.step->name];
    if (!node.step->foreach) {
      set_items(node, {}, false, states);
    } else if (auto values = values_of(*node.step); values) {
      set_items(node, *std::move(values), true, states);
    } else {
      set_items(node, {}, false, {});
      end_item({at, 0}, StepStatus::failed, values.error().message);
      return;
    }
    if (node.items.empty()) {
      StepState none{.name = node.step->name, .status = StepStatus::succeeded};
      none.started = none.ended = tools.clock.now();
      changes.steps.push_back(std::move(none));
    }
    if (node.open == 0) {
      end_step(at);
    } else {
      ready.insert(at);
    }
  }

  // One after the other, not one inside the other: a long chain may be done already.
  void end_step(std::size_t first) {
    done_steps.push_back(first);
    if (done_steps.size() > 1) return;
    for (; !done_steps.empty(); done_steps.pop_front()) unlock_after(done_steps.front());
  }

  void unlock_after(std::size_t at) {
    for (const auto dependent : nodes[at].dependents) {
      auto& node = nodes[dependent];
      if (nodes[at].bad && cancelled) continue;  // never begun, for the same reason
      if (nodes[at].bad) {
        block(dependent, nodes[at].step->name);
      } else if (--node.waits_for == 0 && node.blocked_by.empty() && !cancelled) {
        make_ready(dependent);
      }
    }
  }

  void block(std::size_t first, const std::string& by) {
    std::vector<std::pair<std::size_t, std::string>> todo = {{first, by}};
    while (!todo.empty()) {
      const auto [at, cause] = std::move(todo.back());
      todo.pop_back();
      if (!nodes[at].blocked_by.empty()) continue;
      nodes[at].blocked_by = cause;
      for (const auto next : nodes[at].dependents) todo.emplace_back(next, nodes[at].step->name);
    }
  }

  // --- items begin ---------------------------------------------------------------------------
  bool has_room(const Step& step) const {
    if (running >= static_cast<std::size_t>(std::max(1, setup.jobs))) return false;
    return running == 0 || cpu_used + step.resources.cpu <= cpu_limit;
  }

  // What starts now; all of it is in `changes` already.
  std::vector<At> pick() {
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

  void begin_item(At at, std::vector<At>& launches) {
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

  static Attempt attempt_of(const StepState& state) {
    return {state.name,
            state.index,
            state.attempts,
            state.status,
            state.started.value_or(Timestamp{}),
            state.ended,
            state.exit_code,
            state.error};
  }

  bool is_cached(At at) {
    auto& item = nodes[at.first].items[at.second];
    auto key = cache_key_of(setup, nodes[at.first].ref(at.second), *item.resolved, hashes);
    if (!key) return false;
    item.cache_key = *key;
    if (!setup.use_cache) return false;
    const auto remembered = tools.records.cached(*key);
    return remembered && *remembered &&
           restore_outputs(setup.execution.folder, **remembered, hashes, tools.blobs);
  }

  void launch(At at) {
    auto& node = nodes[at.first];
    auto& item = node.items[at.second];
    const auto ref = node.ref(at.second);
    auto log = std::make_shared<LogFile>(
        log_path(setup.logs, setup.execution.id, node.step->name, ref.item, item.state.attempts),
        secrets_of(setup, *node.step));
    if (node.step->gate) return launch_gate(at, std::move(log));
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

  void launch_gate(At at, std::shared_ptr<LogFile> log) {
    if (tools.gates == nullptr) {
      return post({at.first, at.second, {.error = "gates are not available here"}, {}});
    }
    if (!gate_pool) gate_pool = std::make_unique<Pool>("sw-gate", 2, 1'000'000);
    const auto request = nodes[at.first].items[at.second].resolved->gate;
    const bool taken = gate_pool->post([this, at, log, request] {
      auto verdict = tools.gates->check(request);
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

  // --- items end -------------------------------------------------------------------------------
  void ended(const Message& message) {
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

  std::pair<StepStatus, std::string> outcome_of(Item& item, const Message& message) {
    if (message.verdict) {
      item.state.exit_code = message.verdict->allowed ? 0 : 1;
      if (message.verdict->allowed) return {StepStatus::succeeded, ""};
      return {StepStatus::failed, "the gate refused: " + message.verdict->reason};
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

  void wait_for_retry(At at, StepStatus status, const std::string& error) {
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

  void end_attempt(At at, StepStatus status, const std::string& error) {
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

  void end_item(At at, StepStatus status, const std::string& error) {
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

  // --- time and cancellation -------------------------------------------------------------------
  void fire(const Timer& timer) {
    auto& node = nodes[timer.step];
    auto& item = node.items[timer.item];
    if (item.state.attempts != timer.attempt) return;
    if (timer.is_retry && item.state.status == StepStatus::waiting) {
      --waiting;
      again.emplace_back(timer.step, timer.item);
    } else if (!timer.is_retry && item.state.status == StepStatus::running) {
      item.timed_out = true;
      item.state.error = "took longer than " + number_text(node.step->timeout_s) + " s";
      tools.executor.stop(task_id(setup, node.ref(timer.item), timer.attempt), setup.grace_ms);
    }
  }

  void cancel_all(bool at_once) {
    cancelled = true;
    stopped_at_once |= at_once;
    ready.clear();
    again.clear();
    waiting = 0;
    for (const auto& node : nodes) {
      for (std::size_t i = 0; i < node.items.size(); ++i) {
        const auto& state = node.items[i].state;
        if (state.status != StepStatus::running) continue;
        tools.executor.stop(task_id(setup, node.ref(i), state.attempts),
                            at_once ? 0 : setup.grace_ms);
      }
    }
  }

  // Sleeps until there is something to do, then does it.
  void wait_and_handle() {
    std::vector<Message> messages;
    bool cancel_now = false;
    bool at_once = false;
    {
      std::unique_lock lock(mutex);
      const auto due = [&] {
        return !mailbox.empty() || (cancel_wanted && !cancelled) ||
               (at_once_wanted && !stopped_at_once);
      };
      if (timers.empty()) {
        arrived.wait(lock, due);
      } else {
        arrived.wait_until(lock, timers.top().at, due);
      }
      messages.swap(mailbox);
      cancel_now = cancel_wanted;
      at_once = at_once_wanted;
      suspended = suspend_wanted;
    }
    for (const auto& message : messages) ended(message);
    if ((cancel_now && !cancelled) || (at_once && !stopped_at_once)) cancel_all(at_once);
    const auto now = SteadyClock::now();
    while (!timers.empty() && timers.top().at <= now) {
      const auto timer = timers.top();
      timers.pop();
      if (!cancelled) fire(timer);
    }
  }

  // --- the end ----------------------------------------------------------------------------------
  bool is_over() const {
    if (running > 0) return false;
    if (cancelled) return true;
    return waiting == 0 && again.empty() && ready.empty();
  }

  void add_finish() {
    bool all_good = true;
    const auto now = tools.clock.now();
    for (auto& node : nodes) {
      if (!node.expanded) {
        all_good = false;
        changes.steps.push_back(never_begun(node, now));
        continue;
      }
      all_good &= !node.bad;
      for (auto& item : node.items) {
        if (item.state.status != StepStatus::pending && item.state.status != StepStatus::waiting) {
          continue;
        }
        all_good = false;
        item.state.status = StepStatus::cancelled;
        item.state.ended = now;
        changes.steps.push_back(item.state);
      }
    }
    Changes::Finish finish{.ended = now};
    finish.status = all_good ? Status::succeeded : cancelled ? Status::cancelled : Status::failed;
    changes.finish = finish;
  }

  StepState never_begun(const StepNode& node, Timestamp now) const {
    StepState out{.name = node.step->name, .ended = now};
    if (node.blocked_by.empty()) {
      out.status = StepStatus::cancelled;
      out.error = "cancelled";
    } else {
      out.status = StepStatus::skipped;
      out.error = "needs '" + node.blocked_by + "', which did not succeed";
    }
    return out;
  }

  Result<void> commit() {
    if (changes.empty()) return {};
    SW_CHECK_OK(tools.records.apply(setup.execution.id, changes, tools.clock.now()));
    if (tools.listener != nullptr) {
      for (const auto& step : changes.steps) tools.listener->changed(step);
    }
    changes = {};
    return {};
  }

  // Nothing may happen that is not on record: stop all and give up.
  void abandon() {
    cancel_all(true);
    while (running > 0) {
      wait_and_handle();
    }
  }

  Result<Status> go() {
    SW_CHECK_OK(begin());
    while (true) {
      const auto launches = pick();
      const bool over = launches.empty() && is_over();
      if (over && !suspended) add_finish();
      const auto status = changes.finish ? changes.finish->status : Status::running;
      if (auto ok = commit(); !ok) {
        for (const auto& at : launches) {  // they never ran
          nodes[at.first].items[at.second].state.status = StepStatus::pending;
          --running;
        }
        abandon();
        return std::move(ok.error());
      }
      if (over) return status;
      for (const auto& at : launches) launch(at);
      if (!ready.empty() && launches.empty() && running == 0 && again.empty()) continue;
      wait_and_handle();
    }
  }
};

Run::Run(RunSetup setup, RunTools tools) : impl_(std::make_unique<Impl>(std::move(setup), tools)) {}
Run::~Run() = default;

Result<Status> Run::go() {
  return impl_->go();
}

void Run::cancel(bool at_once) {
  {
    const std::scoped_lock lock(impl_->mutex);
    impl_->cancel_wanted = true;
    impl_->at_once_wanted |= at_once;
  }
  impl_->arrived.notify_one();
}

void Run::suspend() {
  {
    const std::scoped_lock lock(impl_->mutex);
    impl_->suspend_wanted = true;
  }
  cancel(false);
}

}  // namespace slipway::pipeline
