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
#include <string_view>
#include <utility>
#include <vector>

#include "base/pool.h"
#include "graph.h"
#include "log_file.h"
#include "run.h"

namespace slipway::pipeline {

using SteadyClock = std::chrono::steady_clock;

struct Message {
  std::size_t step = 0;
  std::size_t item = 0;
  TaskEnd end;
  std::optional<GateVerdict> verdict;
  std::optional<SubEnd> sub;
};

struct Timer {
  SteadyClock::time_point at;
  std::size_t step = 0;
  std::size_t item = 0;
  int attempt = 0;
  bool is_retry = false;
  bool operator>(const Timer& other) const { return at > other.at; }
};

// What steps handed over: what was kept most recently is in memory, the rest is read again.
class Handed {
 public:
  Handed(Records& records, std::string execution)
      : records_(records), execution_(std::move(execution)) {}
  void put(const StepResult& result);
  // What is in memory only until then is on record now.
  void kept();
  Result<StepResult> get(const std::string& step, std::int64_t item);

 private:
  using Key = std::pair<std::string, std::int64_t>;
  Records& records_;
  const std::string execution_;
  std::map<Key, StepResult> known_;
  std::size_t bytes_ = 0;
};

struct Run::Impl : Outcomes {
  Impl(RunSetup s, RunTools t);
  ~Impl() override;

  // --- the mailbox; everything below it belongs to the thread of `go` -------------------------
  std::mutex mutex;
  std::condition_variable arrived;
  std::vector<Message> mailbox;
  bool cancel_wanted = false;
  bool at_once_wanted = false;
  bool suspend_wanted = false;
  bool room_wanted = false;  // something was given back elsewhere
  bool decisions_wanted = false;

  RunSetup setup;
  RunTools tools;
  std::unique_ptr<Places> own_places;
  std::shared_ptr<Jobs> jobs;
  std::vector<StepNode> nodes;
  std::map<std::string_view, std::size_t> by_name;
  std::map<std::string, std::vector<StepState>> before;  // of an earlier process, by step
  std::set<std::pair<int, std::size_t>> ready;           // see ready_key: steps with items to begin
  std::deque<std::pair<std::size_t, std::size_t>> again;
  std::deque<std::size_t> done_steps;  // whose dependents were not looked at yet
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers;
  std::set<std::pair<std::size_t, std::size_t>> asking;
  Changes changes;
  Handed handed;
  ContentHashes hashes;
  std::unique_ptr<Pool> gate_pool;
  std::unique_ptr<Pool> sub_pool;
  std::size_t subs_running = 0;
  std::size_t running = 0;
  std::size_t ended_nodes = 0;
  bool more_to_pick = false;  // after a commit: it would have been too long
  bool cancelled = false;
  bool stopped_at_once = false;
  bool suspended = false;

  using At = std::pair<std::size_t, std::size_t>;
  void post(Message message);

  // --- what other steps did, for references ----------------------------------------------------
  Result<Value> of(std::string_view step, std::string_view what) const override;
  Result<Value> artifact(std::string_view step, std::string_view name) const override;
  Result<Value> one_artifact(const StepNode& node, std::int64_t item, std::string_view name) const;
  Result<const StepNode*> ended_node(std::string_view step) const;

  // --- steps become ready ------------------------------------------------------------------------
  Result<void> begin();
  void decide(std::size_t at);
  NeedsEnd needs_of(const StepNode& node) const;
  std::string blocking(const StepNode& node) const;
  // How a step without its turn ends; nothing when it may run.
  struct Refusal {
    StepStatus status = StepStatus::skipped;
    std::string why;
    bool left_out = false;
  };
  std::optional<Refusal> refusal_of(const StepNode& node) const;
  Result<Elements> elements_of(const StepNode& node);
  void make_ready(std::size_t at);
  bool runs_when_cancelled(const Step& step) const;
  // Those that need no place come first, then the urgent ones.
  std::pair<int, std::size_t> ready_key(std::size_t at) const;

  // One after the other, not one inside the other: a long chain may be done already.
  void end_step(std::size_t first);

  // --- items begin ---------------------------------------------------------------------------
  // What starts now; all of it is in `changes` already.
  std::vector<At> pick();
  bool next_of(StepNode& node) const;
  bool take_place(At at, Live& live);
  void give_back(At at);
  void begin_item(At at, std::vector<At>& launches);
  bool may_begin(At at);
  void ask(At at);
  static Attempt attempt_of(const StepState& state);
  bool is_cached(At at);
  std::shared_ptr<LogFile> log_of(At at);
  void launch(At at);
  void launch_gate(At at, std::shared_ptr<LogFile> log);
  void launch_sub(At at, std::shared_ptr<LogFile> log);
  std::string sub_key(At at) const;

  // --- items end -------------------------------------------------------------------------------
  void ended(const Message& message);
  std::pair<StepStatus, std::string> outcome_of(At at, const Message& message);
  std::pair<StepStatus, std::string> outcome_of_exit(At at, const TaskEnd& end);
  Result<void> hand_over(At at);
  bool tries_again(At at, StepStatus status) const;
  void set_aside(At at);
  void wait_for_retry(At at, StepStatus status, const std::string& error);
  void end_attempt(At at, StepStatus status, const std::string& error);
  void end_item(At at, StepStatus status, const std::string& error, bool left_out = false);
  void end_unbegun(std::size_t at, const Refusal& refusal);
  Live& live_of(At at);

  // --- time, people and cancellation -----------------------------------------------------------
  void fire(const Timer& timer);
  void read_decisions();
  void decided(At at, const Decision& decision);
  void stop_running(bool at_once);
  void cancel_all(bool at_once);

  // Sleeps until there is something to do, then does it.
  void wait_and_handle();

  // --- the end ----------------------------------------------------------------------------------
  bool is_over() const;
  void add_finish();
  Result<void> commit();

  // Nothing may happen that is not on record: stop all and give up.
  void abandon();
  Result<Status> go();
};

}  // namespace slipway::pipeline
