// SPDX-License-Identifier: Apache-2.0
// Where a step's command runs: this machine now, others by the same interface.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pipeline/definition.h"

namespace slipway::pipeline {

// One attempt, fully resolved.
struct Task {
  std::string id;      // <execution>.<step>.<item>.<attempt>, unique
  std::string script;  // for sh -c
  std::string folder;
  std::map<std::string, std::string> env;  // added to what is inherited
  std::vector<std::string> unset;          // taken out of what is inherited
  Resources resources;
};

struct TaskEnd {
  std::optional<int> code;
  std::optional<int> signal;
  double cpu_seconds = 0;
  std::uint64_t max_rss_bytes = 0;
  std::string error;  // why there is neither a code nor a signal
};

// Thread-safe.
class Executor {
 public:
  using Output = std::function<void(std::string_view)>;
  using Ended = std::function<void(const TaskEnd&)>;

  virtual ~Executor() = default;
  // `output` as it comes, then `ended` once, both from a thread of the executor's that must not be
  // held up. After an error neither is called.
  virtual Result<void> start(const Task& task, Output output, Ended ended) = 0;
  // Asks the task and all that it started to end, and makes them after `grace_ms`; `ended` follows.
  virtual void stop(const std::string& task, int grace_ms) = 0;
  // Ends what a predecessor of this process left running of the execution; returns when it is gone.
  virtual void end_leftovers(const std::string& execution) = 0;
};

std::unique_ptr<Executor> local_executor();

}  // namespace slipway::pipeline
