// SPDX-License-Identifier: Apache-2.0
// Which server of a store starts and runs executions: the one with the lease. The others stand by,
// and one of them takes over when it is given up, runs out, or its holder died on this machine.
#include <algorithm>

#include "base/log.h"
#include "process/process.h"
#include "service.h"

namespace slipway::pipeline {
namespace {

constexpr char kLease[] = "scheduler";
constexpr std::int64_t kLeaseMs = 30'000;
constexpr std::int64_t kRenewNs = 10'000'000'000;
constexpr std::int64_t kEndsMs = 86'400'000;
constexpr std::size_t kQueueLimit = 1000;         // waiting executions of one pipeline
constexpr std::int64_t kLostNs = 25'000'000'000;  // without a renewal; before the lease runs out

}  // namespace

bool Executions::Impl::lead() {
  const auto now_ns = clock.monotonic_ns();
  if (leads_ && now_ns - lease_ns_ < kRenewNs) return true;
  std::string dead;
  if (!leads_) {
    const auto holder = records.lease_holder(kLease);
    if (holder && *holder && process::is_of_this_machine(**holder) &&
        !process::is_alive(**holder)) {
      dead = **holder;
    }
  }
  const auto now = clock.now();
  const auto mine = records.take_lease(kLease, engine, now, {now.ms + kLeaseMs}, dead);
  if (!mine) {
    log::warn("pipeline.lease_unknown", {{"why", mine.error().message}});
    if (leads_ && now_ns - lease_ns_ > kLostNs) stand_by();
    return leads_;
  }
  if (!*mine) {
    if (leads_) stand_by();
    return false;
  }
  lease_ns_ = now_ns;
  if (leads_.exchange(true)) return true;
  log::info("pipeline.scheduler", {{"engine", engine}});
  if (auto ok = recover(); !ok) {
    log::warn("pipeline.recovery_failed", {{"why", ok.error().message}});
  }
  return true;
}

// Another server has the lease: what runs here is its business now.
void Executions::Impl::stand_by() {
  log::warn("pipeline.scheduler_lost", {{"engine", engine}});
  leads_ = false;
  const std::scoped_lock lock(mutex_);
  queue_.clear();
  for (const auto& [id, run] : active_) run->suspend();
}

// What a predecessor left: its processes are ended, its own executions go on here, those of a
// command line are marked, for their user to go on with.
Result<void> Executions::Impl::recover() {
  SW_TRY(const auto left, records.unfinished());
  for (const auto& execution : left) {
    if (execution.engine == engine || !execution.parent.empty()) continue;
    if (execution.owner == "server") {
      if (execution.status == Status::running) executor->end_leftovers(execution.id);
      SW_CHECK_OK(records.requeue(execution.id));
      enqueue(execution);
      log::info("pipeline.execution_recovered",
                {{"execution", execution.id}, {"pipeline", execution.pipeline}});
    } else if (process::is_of_this_machine(execution.engine) &&
               !process::is_alive(execution.engine)) {
      executor->end_leftovers(execution.id);
      give_up(execution, unavailable("interrupted: the process that ran it is gone; go on with "
                                     "slipway run --resume " +
                                     execution.id));
    }
  }
  return {};
}

// Pipelines that start after another one: an end is found as long as it is young, and starts one.
void Executions::Impl::fire_ends() {
  const auto now = clock.now();
  const auto ended = records.ended_for_others({now.ms - kEndsMs});
  if (!ended) return;
  for (const auto& one : *ended) {
    const auto registered = records.pipeline(one.pipeline);
    if (!registered) continue;
    const auto definition = parse_definition(registered->yaml, registered->name);
    if (!definition) continue;
    Execution execution;
    execution.id = ids.sortable();
    execution.pipeline = registered->name;
    execution.yaml = registered->yaml;
    execution.folder = registered->folder;
    execution.file = registered->file;
    execution.params = json_of(definition->params);
    execution.trigger = {"after", one.pipeline + "@" + one.execution,
                         registered->after_pipeline + " " + one.execution};
    execution.owner = "server";
    execution.engine = engine;
    execution.created = now;
    execution.priority = definition->priority;
    if (const auto before = admit(execution, *definition, kQueueLimit); !before) {
      log::warn("pipeline.not_started_after",
                {{"pipeline", one.pipeline}, {"why", before.error().message}});
    }
  }
}

// Started by another server of this store.
void Executions::Impl::adopt_queued() {
  const auto ids = records.queued();
  if (!ids) return;
  for (const auto& id : *ids) {
    {
      const std::scoped_lock lock(mutex_);
      const bool known =
          busy_.contains(id) || std::any_of(queue_.begin(), queue_.end(),
                                            [&](const auto& waiting) { return waiting.id == id; });
      if (known) continue;
    }
    if (const auto execution = records.get(id)) enqueue(*execution);
  }
}

void Executions::Impl::cancel_wanted() {
  const auto ids = records.wanted_cancelled();
  if (!ids) return;
  for (const auto& id : *ids) cancel_active(id);
}

void Executions::Impl::stop() {
  std::unique_ptr<Worker> clockwork;
  std::unique_ptr<Pool> pool;
  std::unique_ptr<Worker> watcher;
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    watcher = std::move(watcher_);
    for (const auto& [id, run] : active_) run->suspend();
    clockwork = std::move(clockwork_);
    pool = std::move(pool_);
  }
  watcher.reset();
  clockwork.reset();
  pool.reset();
  if (!leads_) return;
  if (auto ok = records.give_up_lease(kLease, engine); !ok) {
    log::warn("pipeline.lease_kept", {{"why", ok.error().message}});
  }
}

}  // namespace slipway::pipeline
