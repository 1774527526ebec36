// SPDX-License-Identifier: Apache-2.0
// Child processes: started, watched, limited in time, ended with everything that they started.
#pragma once

#include <cstddef>
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

struct Exit {
  std::optional<int> code;    // when it ended by itself
  std::optional<int> signal;  // when a signal ended it
  double cpu_seconds = 0;     // user and system, its children included
  std::uint64_t max_rss_bytes = 0;
};

// Of each process of the child's tree; 0: none. Cores are whole ones.
struct Limits {
  std::uint64_t memory_bytes = 0;
  double cpu = 0;
};

struct Command {
  std::vector<std::string> argv;
  std::string folder;                      // where it runs; empty: here
  std::map<std::string, std::string> env;  // added to the inherited environment
  std::vector<std::string> unset;          // taken out of the inherited environment first
  // Every process of this child's tree carries SLIPWAY_TAG=<tag> in its environment, so that it is
  // found again by end_tagged, also after this process was killed. Empty: one is made up.
  std::string tag;
  Limits limits;
  // Called from the watching thread, which must not be held up: with what the child writes (both
  // streams, as it comes), and once, after the last of it, when the child is gone.
  std::function<void(std::string_view)> output;
  std::function<void(const Exit&)> exited;
};

// One child in a session of its own. When it ends, whatever it left running is ended too: its
// process group, and what left the group but came back to us as an orphan. Thread-safe.
class Child {
 public:
  static Result<std::unique_ptr<Child>> start(const Command& command);
  virtual ~Child() = default;  // kills the group if it still runs

  virtual int pid() const = 0;
  // Waits at most `timeout_ms` (negative: for ever); nothing when it still runs.
  virtual std::optional<Exit> wait(int timeout_ms) = 0;
  // SIGTERM to the whole group, SIGKILL after `grace_ms`; does not wait.
  virtual void stop(int grace_ms) = 0;
  // The same; returns when all of it is gone.
  virtual void end(int grace_ms) = 0;
};

// Kills every process of this user that carries the tag, or one that goes on after it with a dot,
// and waits (at most 5 s) until they are gone. Answers how many there were. For what a killed
// predecessor of this process left behind.
std::size_t end_tagged(const std::string& tag);

// Names a process for good: a number that was given to another one since does not match.
std::string identity_of(int pid);  // empty when there is none
bool is_alive(const std::string& identity);
bool is_of_this_machine(const std::string& identity);  // since it was started last

// Memory that a process holds now; 0 when it is gone. 0 is this process.
std::size_t resident_bytes(int pid);

// The path of a program as the shell would find it; empty when there is none.
std::string find_program(const std::string& name);

// A variable of the inherited environment.
std::optional<std::string> inherited(const std::string& name);

}  // namespace slipway::process
