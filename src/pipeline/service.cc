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

namespace slipway::pipeline {
namespace {

constexpr int kLongestSleepMs = 60'000;

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
  const Execution& execution_;
};

}  // namespace

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
      engine(process::identity_of(::getpid())) {}

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
                             .listener = listener});
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

bool Executions::Impl::cancel_active(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  const auto found = active_.find(id);
  if (found != active_.end()) {
    found->second->cancel(false);
    return true;
  }
  if (busy_.contains(id)) cancelled_early_.insert(id);
  return busy_.contains(id);
}

void Executions::Impl::interrupt_all() {
  const std::scoped_lock lock(mutex_);
  ++interrupts_;
  for (const auto& [id, run] : active_) run->cancel(interrupts_ > 1);
}

void Executions::Impl::enqueue(const Execution& execution) {
  {
    const std::scoped_lock lock(mutex_);
    const auto& kind = execution.trigger.kind;
    queue_.push_back({execution.id, execution.pipeline, kind != "api" && kind != "cli"});
  }
  wake();
}

void Executions::Impl::wake() {
  const std::scoped_lock lock(mutex_);
  if (clockwork_) clockwork_->wake();
  if (watcher_) watcher_->wake();
}

// --- the server's side ------------------------------------------------------------------------

Result<void> Executions::Impl::serve(const EnvList& env) {
  step_env_ = env;
  SW_CHECK_OK(recover());
  const std::scoped_lock lock(mutex_);
  pool_ =
      std::make_unique<Pool>("sw-pipeline", std::max<std::size_t>(1, options.parallel), 1'000'000);
  clockwork_ = std::make_unique<Worker>(
      "sw-schedule", [this](const Worker::Sleep& sleep) { tick_for_ever(sleep); });
  if (options.sources == nullptr) return {};
  watcher_ = std::make_unique<Worker>("sw-triggers", [this](const Worker::Sleep& sleep) {
    TriggerWatch watch({records, *options.sources, clock, ids, engine},
                       [this](const Execution& execution) { enqueue(execution); });
    while (sleep(watch.look())) {
    }
  });
  return {};
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
}

// What a predecessor left: its processes are ended, its own executions go on here, those of a
// command line are marked, for their user to go on with.
Result<void> Executions::Impl::recover() {
  SW_TRY(const auto left, records.unfinished());
  for (const auto& execution : left) {
    const bool elsewhere = execution.engine != engine && process::is_alive(execution.engine);
    if (elsewhere || execution.engine == engine) continue;
    if (execution.status == Status::running) executor->end_leftovers(execution.id);
    if (execution.owner == "server") {
      SW_CHECK_OK(records.requeue(execution.id));
      enqueue(execution);
      log::info("pipeline.execution_recovered",
                {{"execution", execution.id}, {"pipeline", execution.pipeline}});
    } else {
      give_up(execution, unavailable("interrupted: the process that ran it is gone; go on with "
                                     "slipway run --resume " +
                                     execution.id));
    }
  }
  return {};
}

void Executions::Impl::tick_for_ever(const Worker::Sleep& sleep) {
  while (sleep(tick())) {
  }
}

int Executions::Impl::tick() {
  const int wait_ms = fire_schedules();
  dispatch();
  return wait_ms;
}

int Executions::Impl::fire_schedules() {
  auto all = records.pipelines();
  if (!all) {
    log::warn("pipeline.schedules_unread", {{"why", all.error().message}});
    return 1000;
  }
  const auto now = clock.now();
  std::int64_t wait_ms = kLongestSleepMs;
  for (const auto& registered : *all) {
    if (!registered.next_fire) continue;
    if (*registered.next_fire <= now) {
      fire(registered, now);
      wait_ms = 0;
    } else {
      wait_ms = std::min(wait_ms, registered.next_fire->ms - now.ms);
    }
  }
  return static_cast<int>(wait_ms);
}

// A schedule that was missed (nobody ran, or the clock jumped) fires once, not once a miss.
void Executions::Impl::fire(const Registered& registered, Timestamp now) {
  std::optional<Timestamp> next;
  const auto cron = Cron::parse(registered.schedule);
  const auto zone = load_zone(registered.timezone);
  if (cron && zone) {
    if (const auto at = cron->next(now, **zone)) next = *at;
  }
  const auto due = *registered.next_fire;
  const auto mine = records.move_schedule(registered.name, due, next);
  if (!mine || !*mine) return;
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
  if (const auto definition = parse_definition(registered.yaml, registered.name)) {
    execution.params = json_of(definition->params);
  }
  const auto before = records.create(execution, 2);  // one runs, two wait: the rest is left out
  if (before && !*before) enqueue(execution);
  if (!before) {
    log::warn("pipeline.schedule_skipped",
              {{"pipeline", registered.name}, {"why", before.error().message}});
  }
}

void Executions::Impl::dispatch() {
  const std::scoped_lock lock(mutex_);
  if (!pool_ || stopping_) return;
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
    if (auto ok = try_run_queued(*execution); !ok) give_up(*execution, ok.error());
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
  SW_TRY(auto definition,
         parse_definition(queued.yaml, queued.file.empty() ? queued.pipeline : queued.file));
  SW_TRY(auto params, resumed_params(queued, definition, {}));
  SW_TRY(auto secrets, secrets_for(definition, {}));
  if (auto claimed = records.claim(queued, engine, clock.now()); !claimed) {
    if (claimed.error().code == Code::conflict) return {};  // cancelled, or taken by another server
    return std::move(claimed.error());
  }
  Execution execution = queued;
  execution.status = Status::running;
  const auto cores = static_cast<int>(std::thread::hardware_concurrency());
  RunSetup setup{.execution = execution,
                 .definition = std::move(definition),
                 .params = std::move(params),
                 .jobs = options.jobs > 0 ? options.jobs : std::max(1, cores),
                 .logs = options.logs,
                 .env = step_env_,
                 .secrets = std::move(secrets)};
  Announcer announcer(events, clock, execution);
  SW_CHECK_OK(run(std::move(setup), &announcer));
  return {};
}

void Executions::Impl::give_up(const Execution& execution, const Error& error) {
  log::warn("pipeline.execution_failed", {{"execution", execution.id}, {"why", error.message}});
  Changes changes;
  changes.finish = {Status::failed, error.message, clock.now()};
  if (auto ok = records.apply(execution.id, changes, clock.now()); !ok) {
    log::error("pipeline.state_not_kept",
               {{"execution", execution.id}, {"why", ok.error().message}});
  }
  publish("execution.finished", execution, Status::failed);
}

}  // namespace slipway::pipeline
