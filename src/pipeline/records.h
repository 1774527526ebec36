// SPDX-License-Identifier: Apache-2.0
// Where executions are kept: every change is durable when the call returns.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "domain/types.h"
#include "pipeline/execution.h"
#include "pipeline/registered.h"
#include "store/database.h"
#include "trigger_records.h"

namespace slipway::pipeline {

struct CacheEntry {
  std::string key;
  std::string outputs;  // JSON
};

// What one turn of the scheduler decided; kept as a whole.
struct Changes {
  std::vector<StepState> steps;
  std::vector<Attempt> attempts;
  std::vector<std::pair<std::string, std::string>> items;  // step, JSON
  std::vector<CacheEntry> cached;
  struct Finish {
    Status status = Status::failed;
    std::string error;
    Timestamp ended;
  };
  std::optional<Finish> finish;

  bool empty() const {
    return steps.empty() && attempts.empty() && items.empty() && cached.empty() && !finish;
  }
};

// Thread-safe.
class Records {
 public:
  explicit Records(store::Database& database) : db_(database) {}

  // The execution that this trigger started before, if any; else the new one is kept and nothing
  // is answered. At most `queue_limit` of a pipeline may wait (exhausted).
  Result<std::optional<Execution>> create(const Execution& execution, std::size_t queue_limit);
  Result<void> apply(const std::string& execution, const Changes& changes, Timestamp now);
  // From queued, or from a process that is gone, to running under `engine`.
  Result<void> claim(const Execution& execution, const std::string& engine, Timestamp now);
  // From queued to cancelled; false when it is not queued (any more).
  Result<bool> cancel_queued(const std::string& execution, Timestamp now);
  Result<void> requeue(const std::string& execution);

  Result<Execution> get(const std::string& id);  // without steps
  Result<std::vector<StepState>> steps(const std::string& execution);
  Result<std::vector<Attempt>> attempts(const std::string& execution, const std::string& step);
  Result<std::optional<std::string>> items(const std::string& execution, const std::string& step);
  Result<std::optional<std::string>> cached(const std::string& key);
  // Newest first.
  Result<Page<Execution>> list(const std::string& pipeline, const PageRequest& page);
  Result<std::vector<Execution>> unfinished();

  // `watched`: its data and push triggers; see put_watched.
  Result<void> put(const Registered& pipeline, const std::vector<Watched>& watched);
  Result<bool> remove(const std::string& pipeline);
  Result<Registered> pipeline(const std::string& name);
  Result<std::vector<Registered>> pipelines();
  // Moves the next time on, if it is still `expected`: only one scheduler fires it.
  Result<bool> move_schedule(const std::string& pipeline, Timestamp expected,
                             std::optional<Timestamp> next);

  // Of one pipeline; an empty name means all.
  Result<std::vector<Watched>> watched(const std::string& pipeline);
  // `now` was seen. With an execution, this is the one for it: both are kept, or none. False when
  // another process was quicker.
  Result<bool> saw(const Watched& before, const Content& now, const std::string& started_for,
                   const Execution* execution, std::size_t queue_limit, Timestamp at);

 private:
  store::Database& db_;
};

}  // namespace slipway::pipeline
