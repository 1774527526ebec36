// SPDX-License-Identifier: Apache-2.0
// The turns of the scheduler: sleeping, cancelling, and the end.
#include "run.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "run_impl.h"

namespace slipway::pipeline {
namespace {

constexpr auto kLookForDecisions = std::chrono::seconds(1);  // of other processes

}  // namespace

Run::Impl::Impl(RunSetup s, RunTools t)
    : setup(std::move(s)),
      tools(t),
      jobs(setup.shared_jobs),
      nodes(graph_of(setup.definition)),
      handed(t.records, setup.execution.id) {
  for (std::size_t i = 0; i < nodes.size(); ++i) by_name[nodes[i].step->name] = i;
  if (!jobs) jobs = std::make_shared<Jobs>(Jobs{.most = setup.jobs});
  if (tools.places == nullptr) {
    own_places = std::make_unique<Places>(Places::of_this_machine());
    tools.places = own_places.get();
  }
  tools.places->join(this, [this] {
    const std::scoped_lock lock(mutex);
    room_wanted = true;
    arrived.notify_one();
  });
}

Run::Impl::~Impl() {
  tools.places->leave(this);
}

void Run::Impl::post(Message message) {
  // Told under the lock: once it is let go, the last message may be the end of this object.
  const std::scoped_lock lock(mutex);
  mailbox.push_back(std::move(message));
  arrived.notify_one();
}

void Run::Impl::fire(const Timer& timer) {
  const At at{timer.step, timer.item};
  auto& node = nodes[timer.step];
  auto& item = node.items[timer.item];
  if (item.attempts != timer.attempt || !item.live) return;
  if (timer.is_retry) {
    const bool wanted = !suspended && !stopped_at_once;
    if (wanted && item.status == StepStatus::waiting) again.push_back(at);
    return;
  }
  const auto why = "took longer than " + number_text(node.step->timeout_s) + " s";
  if (item.status == StepStatus::approval) {
    end_attempt(at, StepStatus::timed_out, "nobody answered: it " + why);
  } else if (item.status == StepStatus::running) {
    item.live->timed_out = true;
    item.live->state.error = why;
    if (node.step->pipeline) {
      tools.subs->stop(sub_key(at), false);
    } else {
      tools.executor.stop(task_id(setup, node.ref(timer.item), timer.attempt), setup.grace_ms);
    }
  }
}

void Run::Impl::stop_running(bool at_once) {
  for (std::size_t step = 0; step < nodes.size(); ++step) {
    auto& node = nodes[step];
    if (node.running == 0) continue;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      if (node.items[i].status != StepStatus::running) continue;
      if (node.step->pipeline) {
        tools.subs->stop(sub_key({step, i}), at_once);
      } else {
        tools.executor.stop(task_id(setup, node.ref(i), node.items[i].attempts),
                            at_once ? 0 : setup.grace_ms);
      }
    }
  }
}

// What did not begin ends here; `always` steps have their turn after that, unless nobody waits.
void Run::Impl::cancel_all(bool at_once) {
  const bool first = !cancelled;
  cancelled = true;
  stopped_at_once |= at_once;
  stop_running(at_once);
  const auto gone = [&](std::size_t step) {
    return suspended || at_once || !runs_when_cancelled(*nodes[step].step);
  };
  std::erase_if(ready, [&](const auto& entry) { return gone(entry.second); });
  std::erase_if(again, [&](const auto& at) { return gone(at.first); });
  std::erase_if(asking, [&](const auto& at) { return gone(at.first); });
  if (suspended || (!first && !at_once)) return;
  for (std::size_t step = 0; step < nodes.size(); ++step) {
    auto& node = nodes[step];
    if (node.end != NodeEnd::open || (runs_when_cancelled(*node.step) && !at_once)) continue;
    if (!node.expanded) {
      end_unbegun(step, {StepStatus::cancelled, "cancelled", false});
      continue;
    }
    node.cursor = node.items.size();
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const auto status = node.items[i].status;
      const bool idle = status == StepStatus::pending || status == StepStatus::waiting ||
                        status == StepStatus::approval;
      if (idle) end_item({step, i}, StepStatus::cancelled, "cancelled");
    }
  }
}

void Run::Impl::read_decisions() {
  const auto all = tools.records.decisions(setup.execution.id);
  if (!all) {
    log::warn("pipeline.decisions_unread", {{"why", all.error().message}});
    return;
  }
  for (const auto& decision : *all) {
    const auto node = by_name.find(decision.step);
    if (node == by_name.end()) continue;
    const At at{node->second, static_cast<std::size_t>(decision.index.value_or(0))};
    if (asking.contains(at)) decided(at, decision);
  }
}

void Run::Impl::decided(At at, const Decision& decision) {
  asking.erase(at);
  auto& live = live_of(at);
  live.state.exit_code = decision.approved ? 0 : 1;
  const auto by = decision.author.empty() ? "somebody" : decision.author;
  const auto comment = decision.comment.empty() ? "" : ": " + decision.comment;
  std::string json = "{\"approved\":" + std::string(decision.approved ? "true" : "false");
  json += ",\"by\":";
  append_json_string(json, decision.author);
  json += ",\"comment\":";
  append_json_string(json, decision.comment);
  const StepResult result{live.state.name, live.state.index, json + "}", ""};
  handed.put(result);
  changes.results.push_back(result);
  auto log = log_of(at);
  log->write((decision.approved ? "approved by " : "refused by ") + by + comment + "\n");
  log->finish();
  if (decision.approved) {
    end_attempt(at, StepStatus::succeeded, {});
  } else {
    end_attempt(at, StepStatus::failed, "refused by " + by + comment);
  }
}

void Run::Impl::wait_and_handle() {
  std::vector<Message> messages;
  bool cancel_now = false;
  bool at_once = false;
  bool look = false;
  {
    std::unique_lock lock(mutex);
    const auto due = [&] {
      return !mailbox.empty() || room_wanted || decisions_wanted || (cancel_wanted && !cancelled) ||
             (at_once_wanted && !stopped_at_once);
    };
    auto until = timers.empty() ? SteadyClock::time_point::max() : timers.top().at;
    if (!asking.empty()) until = std::min(until, SteadyClock::now() + kLookForDecisions);
    if (until == SteadyClock::time_point::max()) {
      arrived.wait(lock, due);
    } else {
      arrived.wait_until(lock, until, due);
    }
    messages.swap(mailbox);
    cancel_now = cancel_wanted;
    at_once = at_once_wanted;
    suspended = suspend_wanted;
    room_wanted = false;
    look = std::exchange(decisions_wanted, false) || messages.empty();
  }
  for (const auto& message : messages) ended(message);
  if ((cancel_now && !cancelled) || (at_once && !stopped_at_once)) cancel_all(at_once);
  if (look && !asking.empty()) read_decisions();
  const auto now = SteadyClock::now();
  while (!timers.empty() && timers.top().at <= now) {
    const auto timer = timers.top();
    timers.pop();
    fire(timer);
  }
}

bool Run::Impl::is_over() const {
  if (running > 0) return false;
  if (suspended || stopped_at_once) return true;
  return ended_nodes == nodes.size();
}

void Run::Impl::add_finish() {
  bool all_good = true;
  for (const auto& node : nodes) {
    all_good &= node.end == NodeEnd::good || node.end == NodeEnd::left_out;
  }
  Changes::Finish finish{.ended = tools.clock.now()};
  finish.status = all_good ? Status::succeeded : cancelled ? Status::cancelled : Status::failed;
  changes.finish = finish;
}

Result<void> Run::Impl::commit() {
  if (changes.empty()) return {};
  SW_CHECK_OK(
      tools.records.apply(setup.execution.id, setup.execution.engine, changes, tools.clock.now()));
  if (tools.listener != nullptr) {
    for (const auto& step : changes.steps) tools.listener->changed(step);
  }
  if (!changes.results.empty()) handed.kept();
  changes = {};
  return {};
}

void Run::Impl::abandon() {
  cancelled = true;
  stopped_at_once = true;
  suspended = true;
  stop_running(true);
  while (running > 0) wait_and_handle();
}

Result<Status> Run::Impl::go() {
  std::error_code ignored;
  std::filesystem::create_directories(setup.logs + "/" + setup.execution.id, ignored);
  SW_CHECK_OK(begin());
  while (true) {
    const auto launches = pick();
    const bool over = launches.empty() && is_over();
    if (over && !suspended) add_finish();
    const auto status = changes.finish ? changes.finish->status : Status::running;
    if (auto ok = commit(); !ok) {
      for (const auto& at : launches) {  // they never ran
        nodes[at.first].items[at.second].status = StepStatus::pending;
        give_back(at);
        --running;
      }
      abandon();
      return std::move(ok.error());
    }
    if (over) return status;
    for (const auto& at : launches) launch(at);
    if (!more_to_pick) wait_and_handle();
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

void Run::look_at_decisions() {
  const std::scoped_lock lock(impl_->mutex);
  impl_->decisions_wanted = true;
  impl_->arrived.notify_one();
}

}  // namespace slipway::pipeline
