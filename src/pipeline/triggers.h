// SPDX-License-Identifier: Apache-2.0
// Data and push triggers: what they saw last is in the store, what they see now is looked at every
// second, and the difference starts one execution.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "pipeline/definition.h"
#include "pipeline/sources.h"
#include "records.h"

namespace slipway::pipeline {

// The content that an execution has to be started for; empty: none. What one was started for
// already does not count again when the other side follows: a pointer written for data that changed
// before, or data checked out for a pointer that changed before.
std::string wants_start(const Watched& before, const Content& now);

// The triggers of a definition with what they see now: the state from which changes count.
// `sources` null: a definition with such triggers is refused.
Result<std::vector<Watched>> first_look(Sources* sources, const Definition& definition,
                                        const std::string& name, const std::string& folder);

// Not thread-safe.
class TriggerWatch {
 public:
  struct Parts {
    Records& records;
    Sources& sources;
    Clock& clock;
    Ids& ids;
    std::string engine;
  };
  TriggerWatch(Parts parts, std::function<void(const Execution&)> started)
      : parts_(std::move(parts)), started_(std::move(started)) {}

  // One look at all of them. Answers how many milliseconds to wait before the next.
  int look();

 private:
  struct Known {
    Content last;  // counts when it is seen twice: a file that is being written is no change yet
    std::int64_t next_ns = 0;
    std::string trouble;  // as it was logged
  };
  Result<void> look_at(const Watched& watched, Known& known);
  Result<void> start(const Watched& watched, const Content& now, const std::string& content);

  Parts parts_;
  std::function<void(const Execution&)> started_;
  std::map<std::pair<std::string, std::string>, Known> known_;  // by pipeline and kind
};

}  // namespace slipway::pipeline
