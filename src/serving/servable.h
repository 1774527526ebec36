// SPDX-License-Identifier: Apache-2.0
// One version that can answer: its package, its queue, and the check of what is sent to it.
//
// The model itself may be freed while nobody asks (`sleep`) and loaded again when somebody does
// (`wake`); what it takes and answers stays known, and requests that come meanwhile wait for it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "serving/batcher.h"
#include "serving/frame.h"
#include "serving/prediction.h"

namespace slipway::serving {

class Sequences;

// Answers jobs on the queues of others: a graph.
class Runner {
 public:
  virtual ~Runner() = default;
  // Never blocks; calls the job's `done` once, from any thread.
  virtual void run(Batcher::Job job, RunStats& stats) = 0;
};

class Servable : public std::enable_shared_from_this<Servable> {
 public:
  // Loads and warms up.
  static Result<std::shared_ptr<Servable>> load(ModelBackend& backend, Package package,
                                                const BatchOptions& options, Clock& clock,
                                                meter::Registry& meters);
  // Always awake, and nothing of its own to free.
  static std::shared_ptr<Servable> of(std::shared_ptr<Runner> runner, Package package,
                                      const Signature& signature, Clock& clock,
                                      meter::Registry& meters);
  // Ends after everything that was submitted has been answered.
  ~Servable();

  const Package& package() const { return package_; }
  const Signature& signature() const { return signature_; }
  const FrameLayout& layout() const { return layout_; }
  std::string_view platform() const {
    return backend_ == nullptr ? "ensemble" : backend_->platform();
  }
  bool is_graph() const { return backend_ == nullptr; }
  // Null: requests are independent of each other.
  const SequenceSpec* sequences() const { return package_.sequences.get(); }
  std::size_t open_sequences() const;
  // Forgets sequences that nobody asked for a while.
  void drop_idle();

  // Puts named tensors into the order of the signature and checks names, types and shapes. A lone
  // tensor without a name is the only input's. Fills inputs, rows and alone.
  Result<Batcher::Job> arrange(Tensors tensors) const;
  // Waits for the model when it is asleep; not for I/O threads.
  Result<Explanation> explain(const Tensors& inputs);
  Result<void> submit(Batcher::Job job);
  std::size_t queued() const;
  RunStatistics statistics() const;
  RunStats& stats() { return stats_; }

  // What recorded predictions of this version look like; made once, from the first ones.
  std::shared_ptr<const PredictionSchema> schema(const Tensors& inputs, const Tensors& outputs);

  // Residence in memory. `wanted` is called, from any thread, when a request came to a model that
  // is asleep; whoever set it calls `wake` then, from a thread that may block.
  void when_wanted(std::function<void(const std::shared_ptr<Servable>&)> wanted);
  bool is_awake() const { return engine_.load() != nullptr; }
  bool is_busy() const;  // or must not sleep, for the sake of its sequences
  std::int64_t used_ns() const { return used_ns_.load(std::memory_order_relaxed); }
  // Bytes in other processes, now.
  std::size_t outside_bytes() const;
  // Loads the model again and hands it what waits; a failure is the waiting requests' answer.
  Result<void> wake();
  void refuse_waiting(const Error& error);
  // Answers what is queued, then frees the model. Not from the model's own threads.
  void sleep();
  // Answers those whose time ran out, or whose clients went away, while they wait for the model;
  // how many wait on.
  std::size_t drop_lost();

 private:
  struct Engine;
  class Use;

  Servable(ModelBackend* backend, Package package, const Signature& signature,
           std::shared_ptr<Sequences> kept, const BatchOptions& options, Clock& clock,
           meter::Registry& meters);
  static Result<std::unique_ptr<LoadedModel>> load_guarded(ModelBackend& backend,
                                                           const Package& package);
  std::unique_ptr<Engine> start(std::unique_ptr<LoadedModel> model);
  void warm_up(LoadedModel& model) const;
  Result<void> submit_ready(Batcher::Job job);
  // Nothing: the model woke up meanwhile.
  std::optional<Result<void>> wait_for_model(Batcher::Job& job);
  Result<void> wake_and_wait();

  ModelBackend* const backend_;  // null: a graph
  Package package_;
  const Signature signature_;
  const std::shared_ptr<Sequences> sequences_;  // null: it keeps none
  const BatchOptions options_;
  Clock& clock_;
  meter::Registry& meters_;
  RunStats stats_;
  FrameLayout layout_;
  std::mutex schema_mutex_;
  std::shared_ptr<const PredictionSchema> schema_;

  // Who uses the engine counts itself before it looks; who takes it away looks at the count after.
  std::atomic<Engine*> engine_{nullptr};
  mutable std::atomic<int> users_{0};
  std::atomic<std::int64_t> used_ns_{0};

  mutable std::mutex mutex_;  // of what follows
  std::condition_variable woken_;
  std::function<void(const std::shared_ptr<Servable>&)> wanted_;
  std::vector<Batcher::Job> waiting_;
  bool waking_ = false;
  std::optional<Error> wake_error_;
};

}  // namespace slipway::serving
