// SPDX-License-Identifier: Apache-2.0
#include "serving/batcher.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <iterator>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/pool.h"
#include "base/round.h"
#include "batching.h"
#include "meter/meter.h"
#include "run_times.h"
#include "serving/run_cost.h"

namespace slipway::serving {
namespace {

using Job = Batcher::Job;
using Outputs = Result<Tensors>;

constexpr std::int64_t kUs = 1'000;
constexpr std::int64_t kSweepNs = 1'000'000;  // a full queue is looked through no oftener
constexpr std::size_t kLoops = 16;            // threads that may run what they read

const std::vector<double>& row_bounds() {
  static const std::vector<double> bounds{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096};
  return bounds;
}

}  // namespace

struct Batcher::Impl {
  LoadedModel& model;
  BatchOptions options;
  Clock& clock;
  std::unique_ptr<RunStats> own_stats;
  RunStats& stats;
  meter::Histogram& queue_seconds;
  meter::Histogram& run_seconds;
  meter::Histogram& batch_rows;
  meter::Gauge& queue_length;
  meter::Gauge& pending;
  meter::Counter& cancelled;
  std::atomic<bool> batchable;
  const bool steady;
  RunCost cost;
  RunTimes times;
  RunTimes answer_times;  // from the end of a run to when its answers are written

  // What came to one event loop in its round; only that loop's thread touches it.
  struct alignas(64) Gathered {
    std::vector<Job> jobs;  // by priority, then by arrival
    std::vector<Job> spare;
    std::int64_t rows = 0;
    std::int64_t planned_ns = 0;
    bool runs = false;
  };
  std::array<Gathered, kLoops> gathered{};
  std::atomic<int> gathering{0};  // loops that have jobs of this, or run them

  mutable std::mutex mutex;
  std::condition_variable work;
  std::deque<Job> queue;  // by priority, then by arrival
  std::int64_t queued_rows = 0;
  std::int64_t swept_ns = 0;
  int idle = 0;     // threads that wait for work
  int working = 0;  // threads that run a batch
  bool stopping = false;
  std::vector<std::unique_ptr<Worker>> threads;

  std::size_t row_limit() const {
    return cost.rows_within(static_cast<std::int64_t>(options.target_ms) * 1'000'000,
                            options.max_rows);
  }

  Job take_one() {
    Job job = std::move(queue.front());
    queue.pop_front();
    queued_rows -= job.rows;
    return job;
  }

  std::vector<Job> take_batch() {
    std::vector<Job> batch;
    batch.push_back(take_one());
    if (!batch.front().alone && batchable.load(std::memory_order_relaxed)) {
      auto rows = static_cast<std::size_t>(batch.front().rows);
      const auto limit = row_limit();
      while (!queue.empty() && rows + static_cast<std::size_t>(queue.front().rows) <= limit &&
             fit_together(batch.front(), queue.front())) {
        rows += static_cast<std::size_t>(queue.front().rows);
        batch.push_back(take_one());
      }
    }
    note_length();
    return batch;
  }

  void note_length() {
    queue_length.set(static_cast<double>(queue.size()));
    pending.set(static_cast<double>(queue.size()));
  }

  void loop() {
    std::unique_lock lock(mutex);
    while (true) {
      ++idle;
      work.wait(lock, [this] { return stopping || !queue.empty(); });
      --idle;
      if (queue.empty()) return;
      auto batch = take_batch();
      ++working;
      lock.unlock();
      serve(batch);
      batch.clear();
      lock.lock();
      --working;
    }
  }

  void drop(Job& job, Error error, std::int64_t now) {
    stats.fail(1, now - job.received_ns);
    if (error.code == Code::cancelled) cancelled.add();
    job.done(std::move(error));
  }

  void serve(std::span<Job> batch) {
    const auto now = clock.monotonic_ns();
    std::size_t live = 0;
    for (auto& job : batch) {
      queue_seconds.observe(static_cast<double>(now - job.queued_ns) * 1e-9);
      if (auto error = lost(job, now)) {
        drop(job, *std::move(error), now);
        continue;
      }
      if (&batch[live] != &job) batch[live] = std::move(job);
      ++live;
    }
    batch = batch.first(live);
    if (batch.empty()) return;
    if (batch.size() == 1) return serve_alone(batch.front(), now);
    if (!serve_together(batch, now)) {
      // One request's rows may be what the model choked on: the others must not pay for it.
      for (auto& job : batch) serve_alone(job, clock.monotonic_ns());
    }
  }

  // Large answers take longer to write than to find. 0: not known.
  std::int64_t expect(std::int64_t rows) const {
    const auto run = times.expect(rows);
    return run == 0 ? 0 : run + answer_times.expect(rows);
  }

  // Whether the job is run by this thread at the end of its round; then it is taken.
  static bool gather(const std::shared_ptr<Impl>& self, Job& job) {
    if (!self->steady || job.done_waits || job.piece) return false;
    auto* round = Round::current();
    if (round == nullptr || round->index() >= kLoops) return false;
    const auto alone = self->expect(job.rows);
    if (alone == 0 || alone > self->options.short_us * kUs || has_long_texts(job)) return false;
    auto& mine = self->gathered[round->index()];
    const auto more = self->expect(mine.rows + job.rows) - mine.planned_ns;
    if (round->planned_ns() > 0 && round->planned_ns() + more > self->options.round_us * kUs) {
      return false;
    }
    if (mine.jobs.empty()) {
      self->gathering.fetch_add(1);
      round->at_end([self, &mine] { self->run_gathered(mine); });
    }
    round->plan(more);
    mine.planned_ns += more;
    mine.rows += job.rows;
    auto at = mine.jobs.end();
    while (at != mine.jobs.begin() && std::prev(at)->priority > job.priority) --at;
    mine.jobs.insert(at, std::move(job));
    return true;
  }

  // Not inside of itself: see ~Batcher.
  void run_gathered(Gathered& mine) {
    if (mine.jobs.empty()) return;  // done before the end of the round
    auto jobs = std::exchange(mine.jobs, std::move(mine.spare));
    mine.rows = mine.planned_ns = 0;
    mine.runs = true;
    for (std::size_t from = 0; from < jobs.size();) {
      const auto rest = std::span(jobs).subspan(from);
      const auto count = count_together(rest);
      try {
        serve(rest.first(count));
      } catch (const std::exception& defect) {  // who is not answered yet is told when `jobs` goes
        log::error("serving.answer_threw", {{"what", defect.what()}});
      }
      from += count;
    }
    mine.runs = false;
    gathering.fetch_sub(1);  // from here on the model may be gone
    jobs.clear();
    mine.spare = std::move(jobs);
  }

  // Before the end of the round that this thread is in, if it is in one.
  void run_own() {
    const auto* round = Round::current();
    if (round == nullptr || round->index() >= kLoops) return;
    auto& mine = gathered[round->index()];
    SW_ASSERT(!mine.runs);  // the job that runs would lose its model
    run_gathered(mine);
  }

  // How many of the first jobs may be one batch.
  std::size_t count_together(std::span<const Job> jobs) const {
    if (jobs.front().alone || !batchable.load(std::memory_order_relaxed)) return 1;
    const auto limit = row_limit();
    auto rows = static_cast<std::size_t>(jobs.front().rows);
    std::size_t count = 1;
    for (; count < jobs.size(); ++count) {
      rows += static_cast<std::size_t>(jobs[count].rows);
      if (rows > limit || !fit_together(jobs.front(), jobs[count])) break;
    }
    return count;
  }

  // The one place where a back end's defects are kept from ending the thread.
  // Of several requests that are traced, it belongs to the first one's trace.
  Outputs run(const Tensors& inputs, std::int64_t rows, std::int64_t& took,
              const std::string& traceparent) {
    const auto start = clock.monotonic_ns();
    try {
      auto outputs =
          traceparent.empty() ? model.run(inputs) : model.run_traced(inputs, traceparent);
      took = clock.monotonic_ns() - start;
      run_seconds.observe(static_cast<double>(took) * 1e-9);
      batch_rows.observe(static_cast<double>(rows));
      cost.observe(rows, took);
      times.add(rows, took);
      return outputs;
    } catch (const std::exception& e) {
      took = clock.monotonic_ns() - start;
      return internal(std::string("the model's runtime threw: ") + e.what());
    }
  }

  Outputs stream(const Job& job, std::int64_t& took) {
    const auto start = clock.monotonic_ns();
    auto done = [&]() -> Result<void> {
      try {
        return model.stream(job.inputs, job.piece);
      } catch (const std::exception& e) {
        return internal(std::string("the model's runtime threw: ") + e.what());
      }
    }();
    took = clock.monotonic_ns() - start;
    if (!done) return std::move(done.error());
    return Tensors{};
  }

  void serve_alone(Job& job, std::int64_t begun) {
    RanBatch ran{.requests = 1, .rows = static_cast<std::uint64_t>(job.rows)};
    ran.queue_ns = begun - job.queued_ns;
    auto outputs = job.piece ? stream(job, ran.run_ns)
                             : run(job.inputs, job.rows, ran.run_ns, job.traceparent);
    ran.ok = outputs.ok();
    const auto answered = clock.monotonic_ns();
    ran.total_ns = answered - job.received_ns;
    stats.add(ran);  // before the client can ask for it
    job.done(std::move(outputs));
    wrote(ran, clock.monotonic_ns() - answered);
  }

  bool serve_together(std::span<Job> jobs, std::int64_t begun) {
    Tensors inputs;
    std::vector<const Tensor*> parts(jobs.size());
    RanBatch ran{.requests = jobs.size()};
    std::int64_t rows = 0;
    for (const auto& job : jobs) {
      rows += job.rows;
      ran.queue_ns += begun - job.queued_ns;
    }
    ran.rows = static_cast<std::uint64_t>(rows);
    for (std::size_t i = 0; i < jobs.front().inputs.size(); ++i) {
      for (std::size_t j = 0; j < jobs.size(); ++j) parts[j] = &jobs[j].inputs[i];
      inputs.push_back(concatenate(parts));
    }
    ran.input_ns = clock.monotonic_ns() - begun;
    const auto traced = std::find_if(jobs.begin(), jobs.end(),
                                     [](const Job& job) { return !job.traceparent.empty(); });
    const auto outputs = run(inputs, rows, ran.run_ns,
                             traced == jobs.end() ? jobs.front().traceparent : traced->traceparent);
    if (!outputs) return false;
    for (const auto& output : *outputs) {
      if (output.shape().empty() || output.rows() != rows) {
        batchable = false;  // it says that rows are independent and is wrong
        return false;
      }
    }
    const auto answered = clock.monotonic_ns();
    for (const auto& job : jobs) ran.total_ns += answered - job.received_ns;
    stats.add(ran);
    std::int64_t from = 0;
    for (auto& job : jobs) {
      Tensors mine;
      mine.reserve(outputs->size());
      for (const auto& output : *outputs) mine.push_back(output.slice(from, job.rows));
      from += job.rows;
      job.done(std::move(mine));
    }
    wrote(ran, clock.monotonic_ns() - answered);
    return true;
  }

  void wrote(const RanBatch& ran, std::int64_t took) {
    stats.written(ran, took);
    if (ran.ok) answer_times.add(static_cast<std::int64_t>(ran.rows), took);
  }

  // Whether the job may wait; under the mutex.
  Result<void> admit(const Job& job) const {
    if (stopping) return unavailable("the version is being unloaded", "try again");
    if (queue.size() >= options.max_queue) {
      return exhausted("the queue of the model is full (" + std::to_string(options.max_queue) +
                           " requests wait)",
                       "send fewer requests at once and retry later");
    }
    if (queue.empty()) return {};
    const auto alone = cost.wait_ns(static_cast<std::int64_t>(queue.size()), queued_rows,
                                    batchable.load(std::memory_order_relaxed) ? row_limit() : 1);
    const auto wait = alone / std::max(options.instances, 1);
    const auto own_run = cost.wait_ns(1, job.rows, options.max_rows);
    const auto most = std::max(static_cast<std::int64_t>(options.max_wait_ms) * 1'000'000,
                               options.max_wait_runs * own_run);
    const auto left = job.deadline_ns == 0 ? most : job.deadline_ns - job.queued_ns;
    if (job.priority >= kUsualPriority && wait > std::min(left, most)) {
      return exhausted("the queue of the model is full (the wait would be about " +
                           std::to_string(wait / 1'000'000) + " ms)",
                       "send fewer requests at once and retry later");
    }
    return {};
  }

  void put(Job job) {
    queued_rows += job.rows;
    auto at = queue.end();
    while (at != queue.begin() && std::prev(at)->priority > job.priority) --at;
    queue.insert(at, std::move(job));
  }

  // Takes out what nobody waits for, to make room; under the mutex.
  std::vector<Job> take_lost(std::int64_t now) {
    std::vector<Job> out;
    const auto kept = std::stable_partition(queue.begin(), queue.end(),
                                            [&](const Job& job) { return !lost(job, now); });
    for (auto it = kept; it != queue.end(); ++it) {
      queued_rows -= it->rows;
      out.push_back(std::move(*it));
    }
    queue.erase(kept, queue.end());
    return out;
  }
};

Batcher::Batcher(LoadedModel& model, const std::string& model_name, const std::string& version,
                 const BatchOptions& options, Clock& clock, meter::Registry& meters,
                 RunStats* stats) {
  const meter::Labels labels{{"model", model_name}, {"version", version}};
  auto own = stats == nullptr ? std::make_unique<RunStats>(model_name, version, clock, meters)
                              : std::unique_ptr<RunStats>();
  RunStats& counts = stats == nullptr ? *own : *stats;
  impl_.reset(new Impl{
      .model = model,
      .options = options,
      .clock = clock,
      .own_stats = std::move(own),
      .stats = counts,
      .queue_seconds = meters.histogram("slipway_serving_queue_seconds",
                                        "Time that a request waited for the model", labels),
      .run_seconds =
          meters.histogram("slipway_serving_run_seconds", "Time that a batch ran", labels),
      .batch_rows =
          meters.histogram("slipway_serving_batch_rows", "Rows in a batch", labels, row_bounds()),
      .queue_length =
          meters.gauge("slipway_serving_queue_length", "Requests that wait for the model", labels),
      .pending = meters.gauge("nv_inference_pending_request_count",
                              "Requests that wait for the model", labels),
      .cancelled = meters.counter("slipway_serving_cancelled_total",
                                  "Requests whose clients went away before they ran", labels),
      .batchable = is_batchable(model.signature()),
      .steady = model.is_steady() && is_told_by_rows(model.signature()),
  });
  for (int i = 0; i < std::max({options.instances, model.instances(), 1}); ++i) {
    impl_->threads.push_back(std::make_unique<Worker>(
        "serve", [impl = impl_.get()](const Worker::Sleep&) { impl->loop(); }));
  }
}

Batcher::~Batcher() {
  {
    const std::scoped_lock lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->work.notify_all();
  impl_->threads.clear();
  impl_->run_own();
  while (impl_->gathering.load() != 0) std::this_thread::yield();  // the end of a round
}

Result<void> Batcher::submit(Job job) {
  const auto now = job.queued_ns = impl_->clock.monotonic_ns();
  if (job.received_ns == 0) job.received_ns = now;
  if (auto error = lost(job, now)) {
    impl_->stats.fail(1, now - job.received_ns);
    return *std::move(error);
  }
  if (Impl::gather(impl_, job)) return {};
  bool wake = false;
  std::vector<Job> lost;
  auto admitted = [&]() -> Result<void> {
    const std::scoped_lock lock(impl_->mutex);
    auto may = impl_->admit(job);
    if (!may && !impl_->stopping && now - impl_->swept_ns > kSweepNs) {
      impl_->swept_ns = now;
      lost = impl_->take_lost(now);
      if (!lost.empty()) may = impl_->admit(job);
    }
    if (!may) return may;
    impl_->put(std::move(job));
    impl_->note_length();
    wake = impl_->idle > 0;
    return {};
  }();
  for (auto& gone : lost) {
    impl_->drop(gone, *Batcher::lost(gone, now), now);
  }
  if (!admitted) impl_->stats.fail(1, now - job.received_ns);
  if (wake) impl_->work.notify_one();
  return admitted;
}

std::size_t Batcher::queued() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->queue.size();
}

bool Batcher::is_busy() const {
  if (impl_->gathering.load() > 0) return true;
  const std::scoped_lock lock(impl_->mutex);
  return !impl_->queue.empty() || impl_->working > 0;
}

// Leaves the queue without running.
std::optional<Error> Batcher::lost(const Job& job, std::int64_t now_ns) {
  if (job.cancelled != nullptr && job.cancelled->load(std::memory_order_relaxed)) {
    return Error{Code::cancelled, "the client went away", {}};
  }
  if (job.deadline_ns != 0 && now_ns > job.deadline_ns) {
    return Error{Code::deadline, "the request waited past its deadline",
                 "send less at once, or add instances"};
  }
  return std::nullopt;
}

RunStats& Batcher::stats() {
  return impl_->stats;
}

RunStatistics Batcher::statistics() const {
  auto out = impl_->stats.snapshot();
  out.waiting = queued();
  return out;
}

}  // namespace slipway::serving
