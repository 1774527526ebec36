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
  std::vector<StepResult> results;
  struct Finish {
    Status status = Status::failed;
    std::string error;
    Timestamp ended;
  };
  std::optional<Finish> finish;

  bool empty() const {
    return steps.empty() && attempts.empty() && items.empty() && cached.empty() &&
           results.empty() && !finish;
  }
};

// Thread-safe.
class Records {
 public:
  explicit Records(store::Database& database) : db_(database) {}

  // The execution that this trigger started before, if any; else the new one is kept and nothing
  // is answered. At most `queue_limit` of a pipeline may wait (exhausted). `alone`: a conflict when
  // one of its pipeline has not ended.
  Result<std::optional<Execution>> create(const Execution& execution, std::size_t queue_limit,
                                          bool alone = false);
  // Refused (conflict) when another engine than `engine` has taken the execution over since; an
  // empty one is not compared.
  Result<void> apply(const std::string& execution, const std::string& engine,
                     const Changes& changes, Timestamp now);
  // From queued, or from a process that is gone, to running under `engine`.
  Result<void> claim(const Execution& execution, const std::string& engine, Timestamp now);
  // From queued to cancelled; false when it is not queued (any more).
  Result<bool> cancel_queued(const std::string& execution, Timestamp now);
  Result<void> requeue(const std::string& execution);
  // The same; what is recorded of these steps does not count any more, but for their attempts.
  Result<void> requeue_from(const std::string& execution, const std::vector<std::string>& steps);
  // The same without queueing it.
  Result<void> forget_steps(const std::string& execution, const std::vector<std::string>& steps);
  // Another server runs it: that one is told when it looks.
  Result<void> want_cancel(const std::string& execution);
  Result<std::vector<std::string>> wanted_cancelled();
  // Ids of queued ones of servers.
  Result<std::vector<std::string>> queued();
  Result<std::optional<Execution>> by_trigger(const std::string& kind, const std::string& id);
  // Not ended, of one pipeline.
  Result<std::vector<Execution>> unfinished_of(const std::string& pipeline);

  Result<StepResult> result(const std::string& execution, const std::string& step,
                            std::int64_t item);
  Result<std::vector<StepResult>> results(const std::string& execution);  // of steps, not elements
  Result<std::vector<Decision>> decisions(const std::string& execution);
  // already_exists when there is one.
  Result<void> decide(const std::string& execution, const Decision& decision);

  // True when `holder` has the lease until `expires` now: it had it, it was free, or it ran out.
  Result<bool> take_lease(const std::string& name, const std::string& holder, Timestamp now,
                          Timestamp expires, const std::string& dead_holder);
  Result<std::optional<std::string>> lease_holder(const std::string& name);
  Result<void> give_up_lease(const std::string& name, const std::string& holder);

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
  // When the next schedule fires, and the names of those that are due.
  Result<std::optional<Timestamp>> next_fire();
  Result<std::vector<std::string>> due(Timestamp now);
  // Executions that ended since then, with the pipelines that are to start after them and were not.
  struct Ended {
    std::string pipeline;
    std::string execution;
  };
  Result<std::vector<Ended>> ended_for_others(Timestamp since);
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
