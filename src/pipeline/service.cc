// SPDX-License-Identifier: Apache-2.0
#include "service.h"

#include <algorithm>
#include <thread>
#include <utility>

#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "pipeline/cron.h"
#include "process/process.h"
#include "subs.h"

namespace slipway::pipeline {
namespace {

constexpr int kLongestSleepMs = 60'000;
constexpr int kLookMs = 1'000;              // for what other servers of the store were told
constexpr std::int64_t kLateMs = 60'000;    // a schedule that fires later was missed
constexpr std::size_t kMostMissed = 1'000;  // of a pipeline, made up for at once

// Tells the event bus.
class Announcer : public Listener {
 public:
  Announcer(EventSink& events, Clock& clock, const Execution& execution)
      : events_(events), clock_(clock), execution_(execution) {}
  void begun(const Execution&) override {}
  void wrote(const StepState&, std::string_view) override {}
  void changed(const StepState& step) override {
    std::string data = "{\"execution\":";
    append_json_string(data, execution_.id);
    data += ",\"pipeline\":";
    append_json_string(data, execution_.pipeline);
    data += ",\"step\":";
    append_json_string(data, step.name);
    data += ",\"index\":" + (step.index ? std::to_string(*step.index) : "null");
    data += ",\"status\":\"" + std::string(name_of(step.status)) + "\"}";
    events_.publish({"execution.step", execution_.id, execution_.trigger.kind, clock_.now(), data});
  }

 private:
  EventSink& events_;
  Clock& clock_;
  const Execution execution_;
};

}  // namespace

std::unique_ptr<Listener> Executions::Impl::announcer(const Execution& execution) {
  if (!serves_) return nullptr;
  return std::make_unique<Announcer>(events, clock, execution);
}

Executions::Impl::Impl(store::Database& database, blob::BlobStore* blobs_, EventSink& events_,
                       Clock& clock_, Ids& ids_, GateRunner* gates_, ExecutionsOptions options_)
    : records(database),
      blobs(blobs_),
      events(events_),
      clock(clock_),
      ids(ids_),
      gates(gates_),
      options(std::move(options_)),
      executor(local_executor()),
      engine(process::identity_of(::getpid())),
      places(Places::of_this_machine()),
      subs(std::make_unique<Subs>(*this)) {}

void Executions::Impl::publish(const std::string& type, const Execution& execution, Status status) {
  std::string data = "{\"pipeline\":";
  append_json_string(data, execution.pipeline);
  data += ",\"status\":\"" + std::string(name_of(status)) + "\",\"trigger\":";
  append_json_string(data, execution.trigger.kind);
  data += "}";
  events.publish({type, execution.id, execution.trigger.kind, clock.now(), data});
}

Result<Status> Executions::Impl::run(RunSetup setup, Listener* listener) {
  const auto execution = setup.execution;
  Run run(std::move(setup), {.records = records,
                             .executor = *executor,
                             .clock = clock,
                             .blobs = blobs,
                             .gates = gates,
                             .listener = listener,
                             .places = &places,
                             .subs = subs.get()});
  {
    const std::scoped_lock lock(mutex_);
    active_[execution.id] = &run;
    if (stopping_) run.suspend();
    if (interrupts_ > 0 || cancelled_early_.erase(execution.id) > 0) run.cancel(interrupts_ > 1);
  }
  publish("execution.started", execution, Status::running);
  auto status = run.go();
  {
    const std::scoped_lock lock(mutex_);
    active_.erase(execution.id);
  }
  if (status && is_final(*status)) publish("execution.finished", execution, *status);
  return status;
}

bool Executions::Impl::cancel_active(const std::string& id, bool at_once) {
  const std::scoped_lock lock(mutex_);
  const auto found = active_.find(id);
  if (found != active_.end()) {
    found->second->cancel(at_once);
    return true;
  }
  if (busy_.contains(id)) cancelled_early_.insert(id);
  return busy_.contains(id);
}

void Executions::Impl::cancel_early(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  cancelled_early_.insert(id);
}

void Executions::Impl::look_at_decisions(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  const auto found = active_.find(id);
  if (found != active_.end()) found->second->look_at_decisions();
}

void Executions::Impl::interrupt_all() {
  const std::scoped_lock lock(mutex_);
  ++interrupts_;
  for (const auto& [id, run] : active_) run->cancel(interrupts_ > 1);
}

Executions::Impl::Waiting Executions::Impl::waiting_of(const Execution& execution) {
  const auto& kind = execution.trigger.kind;
  Waiting out{execution.id, execution.pipeline, kind != "api" && kind != "cli", execution.priority};
  const auto definition = parse_definition(execution.yaml, execution.pipeline);
  if (definition && definition->concurrency != Concurrency::automatic) {
    out.exclusive = definition->concurrency != Concurrency::allow;
  }
  return out;
}

// Those that are as urgent keep their order.
void Executions::Impl::enqueue(const Execution& execution) {
  if (!leads_) return;  // the one that leads sees it on record
  auto waiting = waiting_of(execution);
  {
    const std::scoped_lock lock(mutex_);
    const auto place = std::find_if(queue_.begin(), queue_.end(), [&](const auto& other) {
      return other.priority < waiting.priority;
    });
    queue_.insert(place, std::move(waiting));
  }
  wake();
}

Result<std::optional<Execution>> Executions::Impl::admit(const Execution& execution,
                                                         const Definition& definition,
                                                         std::size_t queue_limit) {
  // What a back-fill or a change stands for must not be lost: it waits.
  const auto& kind = execution.trigger.kind;
  const bool refusable = kind == "api" || kind == "cli" || kind == "cron";
  const bool alone = definition.concurrency == Concurrency::forbid && refusable;
  SW_TRY(auto before, records.create(execution, queue_limit, alone));
  if (before) return before;
  if (definition.concurrency == Concurrency::replace) cancel_others(execution);
  enqueue(execution);
  return before;
}

void Executions::Impl::cancel_others(const Execution& execution) {
  const auto all = records.unfinished_of(execution.pipeline);
  if (!all) return;
  for (const auto& other : *all) {
    if (other.id == execution.id || other.owner != "server") continue;
    const auto was_queued = records.cancel_queued(other.id, clock.now());
    if (was_queued && *was_queued) {
      publish("execution.finished", other, Status::cancelled);
    } else if (!cancel_active(other.id)) {
      if (auto ok = records.want_cancel(other.id); !ok) {
        log::warn("pipeline.not_replaced", {{"execution", other.id}, {"why", ok.error().message}});
      }
    }
  }
}

void Executions::Impl::wake() {
  const std::scoped_lock lock(mutex_);
  if (clockwork_) clockwork_->wake();
  if (watcher_) watcher_->wake();
}

// --- the server's side ------------------------------------------------------------------------

Result<void> Executions::Impl::serve(const EnvList& env) {
  step_env_ = env;
  serves_ = true;
  lead();
  const std::scoped_lock lock(mutex_);
  pool_ =
      std::make_unique<Pool>("sw-pipeline", std::max<std::size_t>(1, options.parallel), 1'000'000);
  clockwork_ = std::make_unique<Worker>(
      "sw-schedule", [this](const Worker::Sleep& sleep) { tick_for_ever(sleep); });
  if (options.sources == nullptr) return {};
  watcher_ = std::make_unique<Worker>("sw-triggers", [this](const Worker::Sleep& sleep) {
    TriggerWatch watch({records, *options.sources, clock, ids, engine},
                       [this](const Execution& execution) { enqueue(execution); });
    while (sleep(leads_ ? watch.look() : kLookMs)) {
    }
  });
  return {};
}

void Executions::Impl::tick_for_ever(const Worker::Sleep& sleep) {
  while (sleep(tick())) {
  }
}

int Executions::Impl::tick() {
  if (!lead()) return kLookMs;
  const int wait_ms = fire_schedules();
  fire_ends();
  adopt_queued();
  cancel_wanted();
  dispatch();
  return std::min(wait_ms, kLookMs);
}

int Executions::Impl::fire_schedules() {
  const auto next = records.next_fire();
  if (!next) {
    log::warn("pipeline.schedules_unread", {{"why", next.error().message}});
    return kLookMs;
  }
  const auto now = clock.now();
  if (!*next) return kLongestSleepMs;
  if (**next > now) {
    return static_cast<int>(std::min<std::int64_t>(kLongestSleepMs, (*next)->ms - now.ms));
  }
  const auto names = records.due(now);
  if (!names) return kLookMs;
  for (const auto& name : *names) {
    if (const auto registered = records.pipeline(name)) fire(*registered, now);
  }
  return 0;
}

// What was missed (nobody ran, or the clock jumped) is made up for as the pipeline wants it.
void Executions::Impl::fire(const Registered& registered, Timestamp now) {
  if (!registered.next_fire || *registered.next_fire > now) return;
  const auto definition = parse_definition(registered.yaml, registered.name);
  const auto cron = Cron::parse(registered.schedule);
  const auto zone = load_zone(registered.timezone);
  const auto catch_up = definition ? definition->catch_up : CatchUp::last;
  std::vector<Timestamp> due = {*registered.next_fire};
  std::optional<Timestamp> next;
  if (cron && zone) {
    for (auto at = cron->next(due.back(), **zone); at; at = cron->next(*next, **zone)) {
      next = *at;
      if (*next > now) break;
      if (catch_up != CatchUp::all) due.clear();
      due.push_back(*next);
      if (due.size() >= kMostMissed) break;  // the rest follows in the next turn
    }
  }
  const auto mine = records.move_schedule(registered.name, *registered.next_fire, next);
  if (!mine || !*mine || !definition) return;
  for (const auto at : due) {
    if (catch_up == CatchUp::none && now.ms - at.ms > kLateMs) continue;
    fire_at(registered, *definition, at, now);
  }
}

void Executions::Impl::fire_at(const Registered& registered, const Definition& definition,
                               Timestamp due, Timestamp now) {
  Execution execution;
  execution.id = ids.sortable();
  execution.pipeline = registered.name;
  execution.yaml = registered.yaml;
  execution.folder = registered.folder;
  execution.file = registered.file;
  execution.trigger = {"cron", registered.name + "@" + to_rfc3339(due)};
  execution.owner = "server";
  execution.engine = engine;
  execution.created = now;
  execution.scheduled = due;
  execution.priority = definition.priority;
  execution.params = json_of(definition.params);
  // One runs, two wait: the rest is left out, unless each one counts.
  const auto limit = definition.catch_up == CatchUp::all ? kMostMissed : 2;
  const auto before = admit(execution, definition, limit);
  if (!before) {
    log::warn("pipeline.schedule_skipped",
              {{"pipeline", registered.name}, {"why", before.error().message}});
  }
}

void Executions::Impl::dispatch() {
  const std::scoped_lock lock(mutex_);
  if (!pool_ || stopping_ || !leads_) return;
  for (auto it = queue_.begin(); it != queue_.end() && busy_.size() < options.parallel;) {
    const bool beside = std::any_of(busy_.begin(), busy_.end(), [&](const auto& entry) {
      return entry.second == it->pipeline;
    });
    if (it->exclusive && beside) {
      ++it;
      continue;
    }
    if (!pool_->post([this, id = it->id] { run_queued(id); })) return;
    busy_[it->id] = it->pipeline;
    it = queue_.erase(it);
  }
}

void Executions::Impl::run_queued(const std::string& id) {
  auto execution = records.get(id);
  if (execution && execution->status == Status::queued) {
    const auto ok = try_run_queued(*execution);
    const bool taken = !ok && ok.error().code == Code::conflict;  // by another server
    if (!ok && !taken) give_up(*execution, ok.error());
  }
  {
    const std::scoped_lock lock(mutex_);
    busy_.erase(id);
    cancelled_early_.erase(id);
  }
  wake();
}

Result<void> Executions::Impl::try_run_queued(const Execution& queued) {
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) return {};  // stays queued
  }
  SW_TRY(const auto definition,
         parse_definition(queued.yaml, queued.file.empty() ? queued.pipeline : queued.file));
  SW_TRY(auto params, resumed_params(queued, definition, {}));
  SW_TRY(auto secrets, secrets_for(definition, {}));
  if (auto claimed = records.claim(queued, engine, clock.now()); !claimed) {
    if (claimed.error().code == Code::conflict) return {};  // cancelled, or taken by another server
    return std::move(claimed.error());
  }
  Execution execution = queued;
  execution.status = Status::running;
  execution.engine = engine;
  SW_TRY(auto setup, setup_of(execution, definition, std::move(params), std::move(secrets)));
  const auto listener = announcer(execution);
  SW_CHECK_OK(run(std::move(setup), listener.get()));
  return {};
}

void Executions::Impl::give_up(const Execution& execution, const Error& error) {
  log::warn("pipeline.execution_failed", {{"execution", execution.id}, {"why", error.message}});
  Changes changes;
  changes.finish = {Status::failed, error.message, clock.now()};
  if (auto ok = records.apply(execution.id, "", changes, clock.now()); !ok) {
    log::error("pipeline.state_not_kept",
               {{"execution", execution.id}, {"why", ok.error().message}});
  }
  publish("execution.finished", execution, Status::failed);
}

}  // namespace slipway::pipeline
