// SPDX-License-Identifier: Apache-2.0
// Child processes: started, watched, limited in time, ended with everything that they started.
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

namespace slipway::process {

struct Command {
  std::vector<std::string> argv;
  std::string folder;                      // where it runs; empty: here
  std::map<std::string, std::string> env;  // added to the inherited environment
  // Called from the watching thread with what the child writes (both streams, as it comes).
  std::function<void(std::string_view)> output;
};

struct Exit {
  std::optional<int> code;    // when it ended by itself
  std::optional<int> signal;  // when a signal ended it
  double cpu_seconds = 0;     // user and system, its children included
  std::uint64_t max_rss_bytes = 0;
};

// One child in a process group of its own. Thread-safe.
class Child {
 public:
  static Result<std::unique_ptr<Child>> start(const Command& command);
  virtual ~Child() = default;  // kills the group if it still runs

  virtual int pid() const = 0;
  // Waits at most `timeout_ms` (negative: for ever); nothing when it still runs.
  virtual std::optional<Exit> wait(int timeout_ms) = 0;
  // SIGTERM to the whole group, SIGKILL after `grace_ms`; returns when all of it is gone.
  virtual void end(int grace_ms) = 0;
};

}  // namespace slipway::process
