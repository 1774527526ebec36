// SPDX-License-Identifier: Apache-2.0
#include "serving/run_stats.h"

#include <algorithm>

#include "meter/meter.h"

namespace slipway::serving {
namespace {

double us(std::int64_t ns) {
  return static_cast<double>(std::max<std::int64_t>(ns, 0)) * 1e-3;
}

}  // namespace

// Under the names that dashboards for inference servers know.
struct RunStats::Meters {
  Meters(const meter::Labels& labels, meter::Registry& meters)
      : success(meters.counter("nv_inference_request_success", "Requests answered", labels)),
        failure(meters.counter("nv_inference_request_failure", "Requests that failed", labels)),
        rows(meters.counter("nv_inference_count", "Rows answered", labels)),
        batches(meters.counter("nv_inference_exec_count", "Batches that ran", labels)),
        request_us(meters.counter("nv_inference_request_duration_us",
                                  "Time from receipt to answer, summed over requests", labels)),
        queue_us(meters.counter("nv_inference_queue_duration_us",
                                "Time spent waiting for a thread, summed over requests", labels)),
        input_us(meters.counter("nv_inference_compute_input_duration_us",
                                "Time spent putting requests together", labels)),
        run_us(meters.counter("nv_inference_compute_infer_duration_us",
                              "Time spent in the model's runtime", labels)),
        output_us(meters.counter("nv_inference_compute_output_duration_us",
                                 "Time spent taking answers apart and writing them", labels)),
        hits(meters.counter("nv_cache_num_hits_per_model", "Answers from the cache", labels)),
        misses(meters.counter("nv_cache_num_misses_per_model",
                              "Requests that the cache did not know", labels)) {}

  meter::Counter& success;
  meter::Counter& failure;
  meter::Counter& rows;
  meter::Counter& batches;
  meter::Counter& request_us;
  meter::Counter& queue_us;
  meter::Counter& input_us;
  meter::Counter& run_us;
  meter::Counter& output_us;
  meter::Counter& hits;
  meter::Counter& misses;
};

RunStats::RunStats(const std::string& model, const std::string& version, Clock& clock,
                   meter::Registry& meters)
    : clock_(clock),
      meters_(
          std::make_unique<Meters>(meter::Labels{{"model", model}, {"version", version}}, meters)) {
  sums_.model = model;
  sums_.version = version;
}

RunStats::~RunStats() = default;

void RunStats::add(const RanBatch& batch) {
  const auto requests = static_cast<double>(batch.requests);
  meters_->request_us.add(us(batch.total_ns));
  meters_->queue_us.add(us(batch.queue_ns));
  meters_->input_us.add(us(batch.input_ns));
  meters_->run_us.add(us(batch.run_ns));
  if (batch.ok) {
    meters_->success.add(requests);
    meters_->rows.add(static_cast<double>(batch.rows));
    meters_->batches.add();
  } else {
    meters_->failure.add(requests);
  }
  const auto now = clock_.now();
  const std::scoped_lock lock(mutex_);
  sums_.last = now;
  if (!batch.ok) return sums_.fail.add(batch.requests, batch.total_ns);
  sums_.success.add(batch.requests, batch.total_ns);
  sums_.queue.add(batch.requests, batch.queue_ns);
  const auto each = static_cast<std::int64_t>(batch.requests);
  sums_.input.add(batch.requests, batch.input_ns * each);
  sums_.run.add(batch.requests, batch.run_ns * each);
  sums_.rows += batch.rows;
  ++sums_.executions;
  const auto size = std::min<std::size_t>(batch.rows, kSizes - 1);
  if (by_rows_.size() <= size) by_rows_.resize(size + 1);
  auto& count = by_rows_[size];
  count.rows = size;
  count.input.add(1, batch.input_ns);
  count.run.add(1, batch.run_ns);
}

void RunStats::written(const RanBatch& batch, std::int64_t output_ns) {
  meters_->output_us.add(us(output_ns));
  if (!batch.ok) return;
  const std::scoped_lock lock(mutex_);
  sums_.output.add(batch.requests, output_ns * static_cast<std::int64_t>(batch.requests));
  by_rows_[std::min<std::size_t>(batch.rows, kSizes - 1)].output.add(1, output_ns);
}

void RunStats::fail(std::uint64_t requests, std::int64_t ns) {
  meters_->failure.add(static_cast<double>(requests));
  const auto now = clock_.now();
  const std::scoped_lock lock(mutex_);
  sums_.last = now;
  sums_.fail.add(requests, ns);
}

void RunStats::cache(bool hit, std::int64_t ns) {
  (hit ? meters_->hits : meters_->misses).add();
  if (hit) meters_->success.add();
  const auto now = clock_.now();
  const std::scoped_lock lock(mutex_);
  (hit ? sums_.cache_hit : sums_.cache_miss).add(1, ns);
  if (!hit) return;
  sums_.last = now;
  sums_.success.add(1, ns);
}

RunStatistics RunStats::snapshot() const {
  const std::scoped_lock lock(mutex_);
  auto out = sums_;
  for (const auto& count : by_rows_) {
    if (count.run.count > 0) out.batches.push_back(count);
  }
  return out;
}

}  // namespace slipway::serving
