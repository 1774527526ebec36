// SPDX-License-Identifier: Apache-2.0
#include "serving/batcher.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <utility>

#include "base/pool.h"
#include "meter/meter.h"

namespace slipway::serving {
namespace {

using Job = Batcher::Job;
using Outputs = Result<std::vector<Tensor>>;

// Rows of different requests may be put together when the model leaves the first axis open.
bool is_batchable(const Signature& signature) {
  const auto open = [](const TensorSpec& spec) {
    return !spec.shape.empty() && spec.shape[0] == -1;
  };
  return std::all_of(signature.inputs.begin(), signature.inputs.end(), open) &&
         std::all_of(signature.outputs.begin(), signature.outputs.end(), open);
}

bool same_rows(const Tensor& a, const Tensor& b) {
  return a.shape().size() == b.shape().size() &&
         std::equal(a.shape().begin() + 1, a.shape().end(), b.shape().begin() + 1);
}

bool fit_together(const Job& a, const Job& b) {
  if (b.alone) return false;
  for (std::size_t i = 0; i < a.inputs.size(); ++i) {
    if (!same_rows(a.inputs[i], b.inputs[i])) return false;
  }
  return true;
}

const std::vector<double>& row_bounds() {
  static const std::vector<double> bounds{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096};
  return bounds;
}

}  // namespace

struct Batcher::Impl {
  LoadedModel& model;
  BatchOptions options;
  Clock& clock;
  meter::Histogram& queue_seconds;
  meter::Histogram& run_seconds;
  meter::Histogram& batch_rows;
  meter::Gauge& queue_length;
  std::atomic<bool> batchable;
  std::atomic<std::int64_t> row_ns{0};  // running mean of the time a row of a batch

  mutable std::mutex mutex;
  std::condition_variable work;
  std::deque<Job> queue;
  int idle = 0;
  bool stopping = false;
  std::vector<std::unique_ptr<Worker>> threads;

  std::size_t row_limit() const {
    const auto ns = row_ns.load(std::memory_order_relaxed);
    if (ns <= 0) return options.max_rows;
    const auto fit =
        static_cast<std::size_t>(options.target_ms) * 1'000'000 / static_cast<std::size_t>(ns);
    return std::clamp<std::size_t>(fit, 1, options.max_rows);
  }

  std::vector<Job> take_batch() {
    std::vector<Job> batch;
    batch.push_back(std::move(queue.front()));
    queue.pop_front();
    if (!batch.front().alone && batchable.load(std::memory_order_relaxed)) {
      auto rows = static_cast<std::size_t>(batch.front().rows);
      const auto limit = row_limit();
      while (!queue.empty() && rows + static_cast<std::size_t>(queue.front().rows) <= limit &&
             fit_together(batch.front(), queue.front())) {
        rows += static_cast<std::size_t>(queue.front().rows);
        batch.push_back(std::move(queue.front()));
        queue.pop_front();
      }
    }
    queue_length.set(static_cast<double>(queue.size()));
    return batch;
  }

  void loop() {
    std::unique_lock lock(mutex);
    while (true) {
      ++idle;
      work.wait(lock, [this] { return stopping || !queue.empty(); });
      --idle;
      if (queue.empty()) return;
      auto batch = take_batch();
      lock.unlock();
      serve(std::move(batch));
      lock.lock();
    }
  }

  void serve(std::vector<Job> batch) {
    const auto now = clock.monotonic_ns();
    std::vector<Job> live;
    live.reserve(batch.size());
    for (auto& job : batch) {
      queue_seconds.observe(static_cast<double>(now - job.queued_ns) * 1e-9);
      if (job.deadline_ns != 0 && now > job.deadline_ns) {
        job.done(Error{Code::deadline, "the request waited past its deadline",
                       "send less at once, or add instances"});
      } else {
        live.push_back(std::move(job));
      }
    }
    if (live.empty()) return;
    if (live.size() == 1) return serve_alone(live.front());
    if (!serve_together(live)) {
      // One request's rows may be what the model choked on: the others must not pay for it.
      for (auto& job : live) serve_alone(job);
    }
  }

  // The one place where a back end's defects are kept from ending the thread.
  Outputs run(const std::vector<Tensor>& inputs, std::int64_t rows) {
    const auto start = clock.monotonic_ns();
    try {
      auto outputs = model.run(inputs);
      const auto took = clock.monotonic_ns() - start;
      run_seconds.observe(static_cast<double>(took) * 1e-9);
      batch_rows.observe(static_cast<double>(rows));
      const auto mean = row_ns.load(std::memory_order_relaxed);
      const auto each = took / std::max<std::int64_t>(rows, 1);
      row_ns.store(mean == 0 ? each : mean + (each - mean) / 8, std::memory_order_relaxed);
      return outputs;
    } catch (const std::exception& e) {
      return internal(std::string("the model's runtime threw: ") + e.what());
    }
  }

  void serve_alone(Job& job) { job.done(run(job.inputs, job.rows)); }

  bool serve_together(std::vector<Job>& jobs) {
    std::vector<Tensor> inputs;
    std::vector<const Tensor*> parts(jobs.size());
    std::int64_t rows = 0;
    for (const auto& job : jobs) rows += job.rows;
    for (std::size_t i = 0; i < jobs.front().inputs.size(); ++i) {
      for (std::size_t j = 0; j < jobs.size(); ++j) parts[j] = &jobs[j].inputs[i];
      inputs.push_back(concatenate(parts));
    }
    const auto outputs = run(inputs, rows);
    if (!outputs) return false;
    for (const auto& output : *outputs) {
      if (output.shape().empty() || output.rows() != rows) {
        batchable = false;  // it says that rows are independent and is wrong
        return false;
      }
    }
    std::int64_t from = 0;
    for (auto& job : jobs) {
      std::vector<Tensor> mine;
      mine.reserve(outputs->size());
      for (const auto& output : *outputs) mine.push_back(output.slice(from, job.rows));
      from += job.rows;
      job.done(std::move(mine));
    }
    return true;
  }
};

Batcher::Batcher(LoadedModel& model, const std::string& model_name, const std::string& version,
                 const BatchOptions& options, Clock& clock, meter::Registry& meters) {
  const meter::Labels labels{{"model", model_name}, {"version", version}};
  impl_.reset(new Impl{
      .model = model,
      .options = options,
      .clock = clock,
      .queue_seconds = meters.histogram("slipway_serving_queue_seconds",
                                        "Time that a request waited for the model", labels),
      .run_seconds =
          meters.histogram("slipway_serving_run_seconds", "Time that a batch ran", labels),
      .batch_rows =
          meters.histogram("slipway_serving_batch_rows", "Rows in a batch", labels, row_bounds()),
      .queue_length =
          meters.gauge("slipway_serving_queue_length", "Requests that wait for the model", labels),
      .batchable = is_batchable(model.signature()),
  });
  for (int i = 0; i < std::max(options.instances, 1); ++i) {
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
}

Result<void> Batcher::submit(Job job) {
  job.queued_ns = impl_->clock.monotonic_ns();
  bool wake = false;
  {
    const std::scoped_lock lock(impl_->mutex);
    if (impl_->stopping) return unavailable("the version is being unloaded", "try again");
    if (impl_->queue.size() >= impl_->options.max_queue) {
      return exhausted("the queue of the model is full (" +
                           std::to_string(impl_->options.max_queue) + " requests wait)",
                       "send fewer requests at once and retry later");
    }
    impl_->queue.push_back(std::move(job));
    wake = impl_->idle > 0;
  }
  if (wake) impl_->work.notify_one();
  return {};
}

std::size_t Batcher::queued() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->queue.size();
}

}  // namespace slipway::serving
