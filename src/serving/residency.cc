// SPDX-License-Identifier: Apache-2.0
#include "residency.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <malloc.h>

#include "base/log.h"
#include "meter/meter.h"
#include "process/process.h"

namespace slipway::serving {
namespace {

constexpr std::size_t kWakers = 2;
constexpr std::size_t kWaitingToWake = 4096;
constexpr int kLookAtWaitingMs = 10;
constexpr int kNobodyWaitsMs = 60'000;
constexpr std::size_t kMostFiles = 10'000;
constexpr double kMiB = 1024.0 * 1024.0;

std::string mib(std::size_t bytes) {
  return std::to_string(static_cast<std::size_t>(static_cast<double>(bytes) / kMiB + 0.5)) + " MiB";
}

Error stopped() {
  return unavailable("the server is being stopped", "try again");
}

}  // namespace

Residency::Residency(std::size_t budget_bytes, Clock& clock, meter::Registry& meters)
    : budget_(budget_bytes),
      clock_(clock),
      held_meter_(meters.gauge("slipway_serving_model_memory_bytes",
                               "Memory of the models that are loaded, as measured")),
      slept_meter_(meters.counter("slipway_serving_models_unloaded_total",
                                  "Models freed to keep within the budget")),
      woken_meter_(meters.counter("slipway_serving_models_reloaded_total",
                                  "Models loaded again because a request wanted them")),
      wake_seconds_(meters.histogram("slipway_serving_reload_seconds",
                                     "Time that requests waited for a model to be loaded again")),
      wakers_(std::make_unique<Pool>("model-wake", kWakers, kWaitingToWake)) {
  meters
      .gauge("slipway_serving_model_memory_budget_bytes",
             "What the models may take together; 0 is no bound")
      .set(static_cast<double>(budget_));
  timer_ = std::make_unique<Worker>("model-wait", [this](const Worker::Sleep& sleep) {
    int ms = kNobodyWaitsMs;
    while (sleep(ms)) {
      std::vector<std::shared_ptr<Servable>> all;
      {
        const std::scoped_lock lock(mutex_);
        for (const auto& [key, resident] : residents_) {
          if (auto servable = resident.servable.lock()) all.push_back(std::move(servable));
        }
      }
      std::size_t waiting = 0;
      for (const auto& servable : all) waiting += servable->drop_lost();
      ms = waiting > 0 ? kLookAtWaitingMs : kNobodyWaitsMs;
    }
  });
}

void Residency::stop() {
  std::vector<std::shared_ptr<Servable>> all;
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    for (const auto& [key, resident] : residents_) {
      if (auto servable = resident.servable.lock()) all.push_back(std::move(servable));
    }
  }
  for (const auto& servable : all) servable->refuse_waiting(stopped());
}

Residency::~Residency() {
  wakers_.reset();
  timer_.reset();
}

std::size_t Residency::least_bytes(const Package& package) {
  namespace fs = std::filesystem;
  std::error_code ec;
  std::size_t sum = 0;
  std::size_t seen = 0;
  for (fs::recursive_directory_iterator it(package.folder, ec), end; !ec && it != end;
       it.increment(ec)) {
    if (++seen > kMostFiles) break;
    if (it->is_regular_file(ec) && !ec) sum += static_cast<std::size_t>(it->file_size(ec));
  }
  return sum;
}

Residency::Loading Residency::begin(const Package& package) {
  Loading out{.reserved = budget_ > 0 ? least_bytes(package) : 0};
  if (budget_ > 0) make_room(out.reserved, nullptr);
  const std::scoped_lock lock(mutex_);
  reserved_ += out.reserved;
  out.number = ++loads_;
  // Of loads beside each other nobody can tell whose memory it is.
  out.resident_before = ++loading_ == 1 ? process::resident_bytes(0) : 0;
  return out;
}

void Residency::give_up(const Loading& loading) {
  const std::scoped_lock lock(mutex_);
  reserved_ -= loading.reserved;
  --loading_;
}

Result<void> Residency::adopt(const Loading& loading, const std::shared_ptr<Servable>& servable) {
  Resident resident{.servable = servable, .inside = loading.reserved};
  resident.outside = servable->outside_bytes();
  const auto now = process::resident_bytes(0);
  {
    const std::scoped_lock lock(mutex_);
    const bool alone = loading.resident_before > 0 && loads_ == loading.number;
    if (alone && now > loading.resident_before) {
      resident.inside = std::max(resident.inside, now - loading.resident_before);
    }
    // A model whose process holds it does not hold its files here as well.
    if (resident.outside > 0) resident.inside = 0;
    reserved_ -= loading.reserved;
    --loading_;
    residents_[servable.get()] = resident;
    note();
  }
  if (budget_ == 0) return {};
  servable->when_wanted([this](const std::shared_ptr<Servable>& who) { wanted(who); });
  const auto size = resident.inside + resident.outside;
  if (size > budget_) {
    forget(*servable);
    return Error{Code::failed_precondition,
                 "version " + servable->package().version + " of model '" +
                     servable->package().model + "' takes " + mib(size) +
                     " of memory, more than all models may (" + mib(budget_) + ")",
                 "raise --model-memory"};
  }
  make_room(0, servable.get());
  return {};
}

void Residency::forget(const Servable& servable) {
  const std::scoped_lock lock(mutex_);
  residents_.erase(&servable);
  note();
}

std::size_t Residency::bytes_of(const Servable& servable) const {
  const std::scoped_lock lock(mutex_);
  const auto found = residents_.find(&servable);
  return found == residents_.end() ? 0 : found->second.inside + found->second.outside;
}

void Residency::look() {
  std::vector<std::shared_ptr<Servable>> all;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [key, resident] : residents_) {
      auto servable = resident.servable.lock();
      if (servable != nullptr && servable->is_awake()) all.push_back(std::move(servable));
    }
  }
  for (const auto& servable : all) {
    const auto outside = servable->outside_bytes();
    const std::scoped_lock lock(mutex_);
    const auto found = residents_.find(servable.get());
    if (found != residents_.end() && servable->is_awake()) found->second.outside = outside;
  }
  {
    const std::scoped_lock lock(mutex_);
    note();
  }
  if (budget_ > 0) make_room(0, nullptr);
}

std::size_t Residency::held() const {
  std::size_t sum = 0;
  for (const auto& [key, resident] : residents_) {
    const auto servable = resident.servable.lock();
    if (servable == nullptr || (!servable->is_awake() && !resident.waking)) continue;
    sum += resident.inside + resident.outside;
  }
  return sum;
}

void Residency::note() {
  held_meter_.set(static_cast<double>(held()));
}

// The one that was not used for longest; one at work only when all are.
std::shared_ptr<Servable> Residency::least_used(const Servable* keep) {
  std::vector<std::shared_ptr<Servable>> awake;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [key, resident] : residents_) {
      auto servable = resident.servable.lock();
      if (servable == nullptr || key == keep || !servable->is_awake()) continue;
      if (resident.inside + resident.outside > 0) awake.push_back(std::move(servable));
    }
  }
  std::shared_ptr<Servable> found;
  bool found_busy = true;
  for (auto& servable : awake) {
    const bool busy = servable->is_busy();
    const bool better = found == nullptr || (found_busy && !busy) ||
                        (found_busy == busy && servable->used_ns() < found->used_ns());
    if (!better) continue;
    found = servable;
    found_busy = busy;
  }
  return found;
}

void Residency::make_room(std::size_t bytes, const Servable* keep) {
  const std::scoped_lock one(room_mutex_);
  bool freed = false;
  while (true) {
    {
      const std::scoped_lock lock(mutex_);
      if (held() + reserved_ + bytes <= budget_) break;
    }
    const auto victim = least_used(keep);
    if (victim == nullptr) break;
    victim->sleep();
    slept_meter_.add();
    freed = true;
    log::info("serving.version_slept", {{"model", victim->package().model},
                                        {"version", victim->package().version},
                                        {"mib", bytes_of(*victim) >> 20}});
  }
  if (!freed) return;
  malloc_trim(0);
  const std::scoped_lock lock(mutex_);
  note();
}

void Residency::wanted(const std::shared_ptr<Servable>& servable) {
  timer_->wake();
  const bool posted = wakers_->post([this, servable] { wake(servable); });
  if (!posted) {
    servable->refuse_waiting(exhausted("too many models wait to be loaded", "retry later"));
  }
}

void Residency::wake(const std::shared_ptr<Servable>& servable) {
  const auto begun = clock_.monotonic_ns();
  std::size_t size = 0;
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) size = SIZE_MAX;
    const auto found = residents_.find(servable.get());
    if (size == 0 && found != residents_.end()) size = found->second.inside + found->second.outside;
  }
  if (size == SIZE_MAX) {
    return servable->refuse_waiting(stopped());
  }
  make_room(size, servable.get());
  const auto waking = [&](bool is) {
    const std::scoped_lock lock(mutex_);
    const auto found = residents_.find(servable.get());
    if (found != residents_.end()) found->second.waking = is;
    note();
  };
  waking(true);
  const auto woken = servable->wake();
  waking(false);
  if (!woken) {
    log::error("serving.version_not_woken", {{"model", servable->package().model},
                                             {"version", servable->package().version},
                                             {"why", woken.error().message}});
    return;
  }
  woken_meter_.add();
  wake_seconds_.observe(static_cast<double>(clock_.monotonic_ns() - begun) * 1e-9);
}

}  // namespace slipway::serving
