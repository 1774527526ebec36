// SPDX-License-Identifier: Apache-2.0
// The rounds of an event loop: between two waits its thread handles everything that is ready. Work
// that many events of a round share (one run of a model for all requests that came) is put off to
// the end of the round instead of being handed to another thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/callback.h"

namespace slipway {

// Implemented by who has an event loop. Everything is called on its own thread.
class Round {
 public:
  virtual ~Round();
  // Runs `task` on this thread when what is ready by now has been handled.
  virtual void at_end(Callback<void()> task) = 0;
  // About how long what is put off will take, as told by whoever put it off: what becomes ready
  // meanwhile waits so long.
  std::int64_t planned_ns() const { return planned_ns_; }
  void plan(std::int64_t more_ns) { planned_ns_ += more_ns; }
  // A small number that no other loop of the process has from begin_here until this one is gone.
  std::size_t index() const { return *index_; }

  // Of this thread; null when it has no loop.
  static Round* current();

 protected:
  // The thread that calls is this loop's until the end.
  void begin_here();
  void end_here();
  // What was put off is about to run.
  void forget_plan() { planned_ns_ = 0; }

 private:
  std::optional<std::size_t> index_;
  std::int64_t planned_ns_ = 0;
};

}  // namespace slipway
