// SPDX-License-Identifier: Apache-2.0
#include "places.h"

#include <algorithm>
#include <filesystem>
#include <thread>

#include <unistd.h>

#include "base/text.h"
#include "process/process.h"

namespace slipway::pipeline {
namespace {

constexpr double kRounding = 1e-9;

// CUDA_VISIBLE_DEVICES when somebody set it, else what the driver lists.
std::vector<std::string> gpus_here() {
  std::vector<std::string> out;
  if (const auto visible = process::inherited("CUDA_VISIBLE_DEVICES")) {
    for (const auto part : split(*visible, ',')) {
      if (!trim(part).empty() && trim(part) != "-1") out.emplace_back(trim(part));
    }
    return out;
  }
  std::error_code error;
  int count = 0;
  for (auto it = std::filesystem::directory_iterator("/proc/driver/nvidia/gpus", error);
       !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    out.push_back(std::to_string(count++));
  }
  return out;
}

}  // namespace

Places::Whole Places::of_this_machine() {
  Whole out;
  out.cpu = std::max(1u, std::thread::hardware_concurrency());
  const auto pages = ::sysconf(_SC_PHYS_PAGES);
  const auto size = ::sysconf(_SC_PAGESIZE);
  if (pages > 0 && size > 0) {
    out.memory_bytes = static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(size);
  }
  out.gpus = gpus_here();
  return out;
}

Places::Places(Whole whole) : whole_(std::move(whole)), free_gpus_(whole_.gpus) {}

Result<void> Places::can_ever(const Step& step) const {
  if (static_cast<std::size_t>(step.resources.gpu) <= whole_.gpus.size()) return {};
  return precondition("it wants " + std::to_string(step.resources.gpu) + " GPUs, there are " +
                          std::to_string(whole_.gpus.size()) + " here",
                      "CUDA_VISIBLE_DEVICES says which ones there are");
}

// More cores or memory than there are is let in when nobody else has any.
bool Places::fits(const Jobs& jobs, const Step& step,
                  const std::map<std::string, int>& pools) const {
  if (jobs.running >= std::max(1, jobs.most)) return false;
  const auto& wanted = step.resources;
  if (wanted.cpu > 0 && cpu_ > kRounding && cpu_ + wanted.cpu > whole_.cpu + kRounding) {
    return false;
  }
  if (wanted.memory_bytes > 0 && memory_ > 0 && whole_.memory_bytes > 0 &&
      memory_ + wanted.memory_bytes > whole_.memory_bytes) {
    return false;
  }
  if (static_cast<std::size_t>(wanted.gpu) > free_gpus_.size()) return false;
  if (step.pool.empty()) return true;
  const auto limit = pools.find(step.pool);
  const auto used = pools_.find(step.pool);
  return limit == pools.end() ||
         (used == pools_.end() ? 0 : used->second) + step.slots <= limit->second;
}

std::optional<Taken> Places::take(Jobs& jobs, const Step& step,
                                  const std::map<std::string, int>& pools, const void* waiter) {
  const std::scoped_lock lock(mutex_);
  if (!fits(jobs, step, pools)) {
    waiting_[waiter] = jobs.running >= std::max(1, jobs.most) ? &jobs : nullptr;
    return std::nullopt;
  }
  ++jobs.running;
  cpu_ += step.resources.cpu;
  memory_ += step.resources.memory_bytes;
  if (!step.pool.empty()) pools_[step.pool] += step.slots;
  Taken out;
  for (int i = 0; i < step.resources.gpu; ++i) {
    out.gpus.push_back(std::move(free_gpus_.front()));
    free_gpus_.erase(free_gpus_.begin());
  }
  return out;
}

void Places::give_back(Jobs& jobs, const Step& step, const Taken& taken, const void* who) {
  std::vector<std::function<void()>> wakes;
  {
    const std::scoped_lock lock(mutex_);
    --jobs.running;
    cpu_ = std::max(0.0, cpu_ - step.resources.cpu);
    memory_ -= std::min(memory_, step.resources.memory_bytes);
    if (!step.pool.empty()) pools_[step.pool] -= step.slots;
    free_gpus_.insert(free_gpus_.end(), taken.gpus.begin(), taken.gpus.end());
    std::sort(free_gpus_.begin(), free_gpus_.end());
    const auto& wanted = step.resources;
    const bool shared =
        wanted.cpu > 0 || wanted.memory_bytes > 0 || wanted.gpu > 0 || !step.pool.empty();
    for (auto it = waiting_.begin(); it != waiting_.end();) {
      const bool its_turn = it->second == nullptr ? shared : it->second == &jobs;
      const auto wake = wakes_.find(it->first);
      if (its_turn && it->first != who && wake != wakes_.end()) wakes.push_back(wake->second);
      it = its_turn ? waiting_.erase(it) : std::next(it);
    }
    // Under the lock: whoever leaves afterwards is not called any more.
    for (const auto& wake : wakes) wake();
  }
}

bool Places::has_job(const Jobs& jobs) const {
  const std::scoped_lock lock(mutex_);
  return jobs.running < std::max(1, jobs.most);
}

void Places::join(const void* waiter, std::function<void()> wake) {
  const std::scoped_lock lock(mutex_);
  wakes_[waiter] = std::move(wake);
}

void Places::leave(const void* waiter) {
  const std::scoped_lock lock(mutex_);
  wakes_.erase(waiter);
  waiting_.erase(waiter);
}

}  // namespace slipway::pipeline
