// SPDX-License-Identifier: Apache-2.0
// Steps, their order, their executions and schedules.
//
// State is durable before it is acted on: after kill -9 nothing that is recorded as finished runs
// again, and what was running is ended before its next attempt.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "domain/event.h"
#include "domain/types.h"
#include "pipeline/definition.h"
#include "pipeline/execution.h"
#include "pipeline/gate_runner.h"
#include "pipeline/listener.h"
#include "pipeline/registered.h"
#include "pipeline/sources.h"

namespace slipway::store {
class Database;
}
namespace slipway::blob {
class BlobStore;
}

namespace slipway::pipeline {

struct ExecutionsOptions {
  std::string logs;          // folder of the steps' output: <data>/runs
  std::size_t parallel = 4;  // executions at once (`start`); more wait
  int jobs = 0;              // steps at once in one execution; 0: one a core
  // The value of a secret that a step asks for; nothing when there is none of that name.
  std::function<std::optional<std::string>(const std::string&)> secret;
  // For data and push triggers, which are refused without; outlives the Executions.
  Sources* sources = nullptr;
};

// One execution in the calling process, to its end.
struct HereRequest {
  std::string yaml;                 // may be empty when resuming: as it was
  std::string file;                 // for messages
  std::string folder;               // where the steps run
  std::vector<std::string> params;  // KEY=VALUE
  std::string resume;               // an execution to go on with; empty: a new one
  std::string from;                 // with `resume`: this step and what comes after it run again
  int jobs = 0;                     // 0: one a core
  bool use_cache = true;
  std::map<std::string, std::string> secrets;
};

struct LogPiece {
  std::string text;
  std::uint64_t next_offset = 0;
  bool complete = false;  // nothing will follow
  int attempt = 0;
};

// Thread-safe.
class Executions {
 public:
  // `blobs` (outputs of cached steps) and `gates` may be null.
  Executions(store::Database& database, blob::BlobStore* blobs, EventSink& events, Clock& clock,
             Ids& ids, GateRunner* gates, ExecutionsOptions options);
  // Running executions are suspended: a later process goes on with them.
  ~Executions();

  // Goes on with what a predecessor left, then runs what is started and what schedules fire.
  // `step_env` is for every step: where this server is.
  Result<void> serve(const EnvList& step_env);

  // Registering again replaces the definition. An empty name takes the definition's own.
  Result<Registered> put(const std::string& name, const std::string& yaml,
                         const std::string& folder, const std::string& file);
  Result<void> remove(const std::string& name);
  Result<Registered> pipeline(const std::string& name);
  Result<std::vector<Registered>> pipelines();
  // The registered pipelines with `on: {drift: {endpoint: ..}}`.
  Result<std::vector<std::string>> on_drift(const std::string& endpoint);

  // `pipeline` is a registered name or the path of a file. A trigger with an id starts once: again
  // it answers what it started. Triggers other than "api" and "cli" run one at a time a pipeline.
  Result<Execution> start(const std::string& pipeline, const Params& given, const Trigger& trigger);
  Result<Execution> get(const std::string& id);
  // Newest first, without steps. An empty pipeline means all.
  Result<Page<Execution>> list(const std::string& pipeline, const PageRequest& page);
  Result<std::vector<Attempt>> attempts(const std::string& id, const std::string& step);
  // Also one that another process on this machine runs.
  Result<Execution> cancel(const std::string& id);
  // Queues an execution that did not succeed once more; what succeeded in it stays. With `from`
  // that step and all that come after it run again, also when it succeeded.
  Result<Execution> resume(const std::string& id, const std::string& from = {});
  // Answers a step that asks.
  Result<Execution> decide(const std::string& id, Decision decision);
  // One execution for each time of the schedule in [from, to] that has none yet, oldest first.
  // RFC 3339, or days on the clock of the pipeline's time zone, the last one included.
  Result<std::vector<Execution>> back_fill(const std::string& pipeline, const std::string& from,
                                           const std::string& to, const Params& given);
  // Attempt 0 is the last one. Empty text when nothing was written (yet).
  Result<LogPiece> read_log(const std::string& id, const std::string& step,
                            std::optional<std::int64_t> index, int attempt, std::uint64_t offset,
                            std::size_t limit = 1 << 20);

  Result<Execution> run_here(const HereRequest& request, Listener& listener);
  // Ends a run_here under way (from any thread); the second call leaves its steps no grace.
  void interrupt();

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::pipeline
