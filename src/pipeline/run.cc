// SPDX-License-Identifier: Apache-2.0
// The turns of the scheduler: which steps may run, sleeping, cancelling, and the end.
#include "run.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/text.h"
#include "run_impl.h"

namespace slipway::pipeline {

void Run::Impl::post(Message message) {
  // Told under the lock: once it is let go, the last message may be the end of this object.
  const std::scoped_lock lock(mutex);
  mailbox.push_back(std::move(message));
  arrived.notify_one();
}

Result<void> Run::Impl::begin() {
  SW_TRY(auto rows, tools.records.steps(setup.execution.id));
  for (auto& row : rows) before[row.name].push_back(std::move(row));
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].waits_for == 0 && !nodes[i].expanded) make_ready(i);
  }
  return {};
}

Result<std::vector<Value>> Run::Impl::values_of(const Step& step) {
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

void Run::Impl::make_ready(std::size_t at) {
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

void Run::Impl::end_step(std::size_t first) {
  done_steps.push_back(first);
  if (done_steps.size() > 1) return;
  for (; !done_steps.empty(); done_steps.pop_front()) unlock_after(done_steps.front());
}

void Run::Impl::unlock_after(std::size_t at) {
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

void Run::Impl::block(std::size_t first, const std::string& by) {
  std::vector<std::pair<std::size_t, std::string>> todo = {{first, by}};
  while (!todo.empty()) {
    const auto [at, cause] = std::move(todo.back());
    todo.pop_back();
    if (!nodes[at].blocked_by.empty()) continue;
    nodes[at].blocked_by = cause;
    for (const auto next : nodes[at].dependents) todo.emplace_back(next, nodes[at].step->name);
  }
}

void Run::Impl::fire(const Timer& timer) {
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

void Run::Impl::cancel_all(bool at_once) {
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

void Run::Impl::wait_and_handle() {
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

bool Run::Impl::is_over() const {
  if (running > 0) return false;
  if (cancelled) return true;
  return waiting == 0 && again.empty() && ready.empty();
}

void Run::Impl::add_finish() {
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

StepState Run::Impl::never_begun(const StepNode& node, Timestamp now) const {
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

Result<void> Run::Impl::commit() {
  if (changes.empty()) return {};
  SW_CHECK_OK(tools.records.apply(setup.execution.id, changes, tools.clock.now()));
  if (tools.listener != nullptr) {
    for (const auto& step : changes.steps) tools.listener->changed(step);
  }
  changes = {};
  return {};
}

void Run::Impl::abandon() {
  cancel_all(true);
  while (running > 0) {
    wait_and_handle();
  }
}

Result<Status> Run::Impl::go() {
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

Run::Run(RunSetup setup, RunTools tools) : impl_(std::make_unique<Impl>(std::move(setup), tools)) {}
Run::~Run() = default;

Result<Status> Run::go() {
  return impl_->go();
}

void Run::cancel(bool at_once) {
  const std::scoped_lock lock(impl_->mutex);
  impl_->cancel_wanted = true;
  impl_->at_once_wanted |= at_once;
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
