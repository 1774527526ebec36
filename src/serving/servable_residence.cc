// SPDX-License-Identifier: Apache-2.0
// A version that is asleep and awake: requests wait for the model instead of failing.
#include <algorithm>
#include <chrono>
#include <iterator>
#include <thread>
#include <utility>

#include "base/log.h"
#include "sequences.h"
#include "servable_engine.h"

namespace slipway::serving {
namespace {

constexpr int kLongestLoadS = 600;  // that a thread waits for

}  // namespace

Result<void> Servable::submit(Batcher::Job job) {
  if (sequences_ == nullptr) return submit_ready(std::move(job));
  const auto received = job.received_ns;
  auto taken = sequences_->submit(std::move(job), [self = shared_from_this()](Batcher::Job next) {
    return self->submit_ready(std::move(next));
  });
  if (!taken) stats_.fail(1, received == 0 ? 0 : clock_.monotonic_ns() - received);
  return taken;
}

std::size_t Servable::open_sequences() const {
  return sequences_ == nullptr ? 0 : sequences_->open();
}

void Servable::drop_idle() {
  if (sequences_ != nullptr) sequences_->sweep();
}

Result<void> Servable::submit_ready(Batcher::Job job) {
  used_ns_.store(job.received_ns != 0 ? job.received_ns : clock_.monotonic_ns(),
                 std::memory_order_relaxed);
  while (true) {
    if (const Use engine(*this); engine) {
      if (engine->runner == nullptr) {
        auto& batcher = engine->batcher_of(job);
        return batcher.submit(std::move(job));
      }
      engine->runner->run(std::move(job), stats_);
      return {};
    }
    if (auto waits = wait_for_model(job)) return *std::move(waits);
  }
}

std::optional<Result<void>> Servable::wait_for_model(Batcher::Job& job) {
  std::function<void(const std::shared_ptr<Servable>&)> wanted;
  {
    const std::scoped_lock lock(mutex_);
    if (is_awake()) return std::nullopt;
    if (wanted_ == nullptr) return Result<void>(unavailable("the version was unloaded"));
    if (waiting_.size() >= options_.max_queue) {
      return Result<void>(exhausted("the model is being loaded and " +
                                        std::to_string(waiting_.size()) + " requests wait for it",
                                    "retry later"));
    }
    waiting_.push_back(std::move(job));
    if (!std::exchange(waking_, true)) wanted = wanted_;
  }
  if (wanted) wanted(shared_from_this());
  return Result<void>();
}

void Servable::when_wanted(std::function<void(const std::shared_ptr<Servable>&)> wanted) {
  const std::scoped_lock lock(mutex_);
  wanted_ = std::move(wanted);
}

Result<void> Servable::wake() {
  const auto begun = clock_.monotonic_ns();
  auto model = load_guarded(*backend_, package_);
  if (!model) {
    model.error().code = Code::unavailable;
    refuse_waiting(model.error());
    return std::move(model.error());
  }
  auto engine = start(*std::move(model));
  std::vector<Batcher::Job> waiting;
  {
    const std::scoped_lock lock(mutex_);
    engine_ = engine.release();
    waking_ = false;
    wake_error_.reset();
    waiting.swap(waiting_);
  }
  woken_.notify_all();
  log::info("serving.version_woken", {{"model", package_.model},
                                      {"version", package_.version},
                                      {"waited_for", waiting.size()},
                                      {"ms", (clock_.monotonic_ns() - begun) / 1'000'000}});
  for (auto& job : waiting) {
    const auto done = std::make_shared<Batcher::Done>(std::move(job.done));
    job.done = [done](Result<Tensors> answer) { (*done)(std::move(answer)); };
    if (auto taken = submit_ready(std::move(job)); !taken) (*done)(std::move(taken.error()));
  }
  return {};
}

void Servable::refuse_waiting(const Error& error) {
  std::vector<Batcher::Job> waiting;
  {
    const std::scoped_lock lock(mutex_);
    waking_ = false;
    wake_error_ = error;
    waiting.swap(waiting_);
  }
  woken_.notify_all();
  for (auto& job : waiting) {
    stats_.fail(1, clock_.monotonic_ns() - job.received_ns);
    job.done(error);
  }
}

void Servable::sleep() {
  const std::unique_ptr<Engine> engine(engine_.exchange(nullptr));
  if (engine == nullptr) return;
  while (users_.load() != 0) std::this_thread::yield();
}

std::size_t Servable::drop_lost() {
  std::vector<Batcher::Job> gone;
  std::size_t left = 0;
  const auto now = clock_.monotonic_ns();
  {
    const std::scoped_lock lock(mutex_);
    const auto kept = std::stable_partition(waiting_.begin(), waiting_.end(), [&](const auto& job) {
      return !Batcher::lost(job, now);
    });
    std::move(kept, waiting_.end(), std::back_inserter(gone));
    waiting_.erase(kept, waiting_.end());
    left = waiting_.size();
  }
  for (auto& job : gone) {
    stats_.fail(1, now - job.received_ns);
    auto error = *Batcher::lost(job, now);
    if (error.code == Code::deadline) {
      error.message = "the model was not loaded within the time of the request";
      error.hint = "try again: it goes on being loaded";
    }
    job.done(std::move(error));
  }
  return left;
}

Result<void> Servable::wake_and_wait() {
  std::function<void(const std::shared_ptr<Servable>&)> wanted;
  {
    const std::scoped_lock lock(mutex_);
    if (is_awake()) return {};
    if (wanted_ == nullptr) return unavailable("the version was unloaded");
    wake_error_.reset();
    if (!std::exchange(waking_, true)) wanted = wanted_;
  }
  if (wanted) wanted(shared_from_this());
  std::unique_lock lock(mutex_);
  const bool over = woken_.wait_for(lock, std::chrono::seconds(kLongestLoadS),
                                    [this] { return !waking_ || wake_error_.has_value(); });
  if (!over) return Error{Code::deadline, "the model was not loaded in time", "try again"};
  if (wake_error_) return *wake_error_;
  return {};
}

Result<Explanation> Servable::explain(const Tensors& inputs) {
  used_ns_.store(clock_.monotonic_ns(), std::memory_order_relaxed);
  if (is_graph()) {
    return Error{Code::unimplemented, "the predictions of a graph cannot be explained",
                 "ask the endpoint of one of its models"};
  }
  while (true) {
    if (const Use engine(*this); engine) return engine->model->explain(inputs);
    SW_CHECK_OK(wake_and_wait());
  }
}

std::size_t Servable::queued() const {
  const Use engine(*this);
  const auto queued = engine ? engine->queued() : 0;
  const std::scoped_lock lock(mutex_);
  return queued + waiting_.size();
}

bool Servable::is_busy() const {
  // What its instances remember of open sequences would be lost with them.
  if (sequences_ != nullptr && sequences_->plan().remembered() && sequences_->open() > 0) {
    return true;
  }
  const Use engine(*this);
  return engine && engine->is_busy();
}

std::size_t Servable::outside_bytes() const {
  const Use engine(*this);
  return engine && engine->model ? engine->model->outside_bytes() : 0;
}

RunStatistics Servable::statistics() const {
  auto out = stats_.snapshot();
  out.waiting = queued();
  return out;
}

}  // namespace slipway::serving
