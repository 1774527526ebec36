// SPDX-License-Identifier: Apache-2.0
// What steps take while they run: jobs, cores, memory, GPUs, slots of pools.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "pipeline/definition.h"

namespace slipway::pipeline {

// How many steps of one execution and of its sub-pipelines may run at once.
struct Jobs {
  int most = 1;
  int running = 0;  // guarded by the Places
};

struct Taken {
  std::vector<std::string> gpus;
};

// What all executions of a process share. Thread-safe.
class Places {
 public:
  struct Whole {
    double cpu = 1;
    std::uint64_t memory_bytes = 0;  // 0: not limited
    std::vector<std::string> gpus;   // as CUDA_VISIBLE_DEVICES names them
  };
  explicit Places(Whole whole);
  static Whole of_this_machine();

  // An error when the step could never get what it wants here.
  Result<void> can_ever(const Step& step) const;
  // Nothing when there is no room now; then `waiter` is called (on another thread, once) when
  // something was given back.
  std::optional<Taken> take(Jobs& jobs, const Step& step, const std::map<std::string, int>& pools,
                            const void* waiter);
  void give_back(Jobs& jobs, const Step& step, const Taken& taken, const void* who);
  bool has_job(const Jobs& jobs) const;

  void join(const void* waiter, std::function<void()> wake);
  void leave(const void* waiter);

 private:
  bool fits(const Jobs& jobs, const Step& step, const std::map<std::string, int>& pools) const;

  const Whole whole_;
  mutable std::mutex mutex_;
  double cpu_ = 0;
  std::uint64_t memory_ = 0;
  std::vector<std::string> free_gpus_;
  std::map<std::string, int> pools_;  // slots in use
  std::map<const void*, std::function<void()>> wakes_;
  std::map<const void*, const Jobs*> waiting_;  // for one of these jobs; null: for what all share
};

}  // namespace slipway::pipeline
