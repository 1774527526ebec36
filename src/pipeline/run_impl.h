// SPDX-License-Identifier: Apache-2.0
// The state of one scheduler. Everything but the mailbox belongs to the thread of `go`.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/pool.h"
#include "graph.h"
#include "run.h"

namespace slipway::pipeline {

using SteadyClock = std::chrono::steady_clock;

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
  void post(Message message);

  // --- steps become ready ------------------------------------------------------------------------
  Result<void> begin();
  Result<std::vector<Value>> values_of(const Step& step);
  void make_ready(std::size_t at);

  // One after the other, not one inside the other: a long chain may be done already.
  void end_step(std::size_t first);
  void unlock_after(std::size_t at);
  void block(std::size_t first, const std::string& by);

  // --- items begin ---------------------------------------------------------------------------
  bool has_room(const Step& step) const;

  // What starts now; all of it is in `changes` already.
  std::vector<At> pick();
  void begin_item(At at, std::vector<At>& launches);
  static Attempt attempt_of(const StepState& state);
  bool is_cached(At at);
  void launch(At at);
  void launch_gate(At at, std::shared_ptr<LogFile> log);

  // --- items end -------------------------------------------------------------------------------
  void ended(const Message& message);
  std::pair<StepStatus, std::string> outcome_of(Item& item, const Message& message);
  void wait_for_retry(At at, StepStatus status, const std::string& error);
  void end_attempt(At at, StepStatus status, const std::string& error);
  void end_item(At at, StepStatus status, const std::string& error);

  // --- time and cancellation -------------------------------------------------------------------
  void fire(const Timer& timer);
  void cancel_all(bool at_once);

  // Sleeps until there is something to do, then does it.
  void wait_and_handle();

  // --- the end ----------------------------------------------------------------------------------
  bool is_over() const;
  void add_finish();
  StepState never_begun(const StepNode& node, Timestamp now) const;
  Result<void> commit();

  // Nothing may happen that is not on record: stop all and give up.
  void abandon();
  Result<Status> go();
};

}  // namespace slipway::pipeline
