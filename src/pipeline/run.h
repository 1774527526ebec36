// SPDX-License-Identifier: Apache-2.0
// The scheduler of one execution: decides what runs next, records it, then does it.
//
// One thread (the caller of `go`) owns all state. Executors, gates and cancellation speak to it
// through a mailbox; it sleeps until there is a message or a deadline. What one turn decides is
// kept in one commit before any of it is acted on.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "blob/blob.h"
#include "pipeline/definition.h"
#include "pipeline/execution.h"
#include "pipeline/executor.h"
#include "pipeline/gate_runner.h"
#include "pipeline/listener.h"
#include "places.h"
#include "records.h"

namespace slipway::pipeline {

struct RunSetup {
  Execution execution;
  Definition definition;
  Params params;
  int jobs = 1;
  bool use_cache = true;
  int grace_ms = 3000;
  std::string logs;                            // the folder of all logs
  EnvList env;                                 // for all steps, beside what the file says
  std::map<std::string, std::string> secrets;  // by name
  std::string artifacts;                       // the folder of what steps hand to later ones
  std::string scheduled;                       // RFC 3339
  std::string scheduled_date;                  // on the clock of the pipeline's time zone
  std::shared_ptr<Jobs> shared_jobs;           // of the execution that this one is a step of
  int depth = 0;                               // of sub-pipelines
};

// A step that is a whole pipeline.
struct SubRequest {
  std::string key;   // the same for every attempt
  std::string file;  // path
  std::vector<std::string> params;
  const RunSetup* parent = nullptr;  // outlives the call
};
struct SubEnd {
  Status status = Status::failed;
  std::string error;
  std::string results;  // JSON: of its steps, by name
};

// Thread-safe.
class SubRunner {
 public:
  virtual ~SubRunner() = default;
  // To its end, or until `stop`; goes on with what an earlier attempt left.
  virtual Result<SubEnd> run(const SubRequest& request) = 0;
  virtual void stop(const std::string& key, bool at_once) = 0;
};

struct RunTools {
  Records& records;
  Executor& executor;
  Clock& clock;
  blob::BlobStore* blobs = nullptr;
  GateRunner* gates = nullptr;
  Listener* listener = nullptr;
  Places* places = nullptr;  // without: of this run alone
  SubRunner* subs = nullptr;
};

// How long to wait before the attempt after `tries` failed ones; `unit` in [0, 1) is the jitter.
double backoff_seconds(const RetryRule& rule, int tries, double unit);

class Run {
 public:
  Run(RunSetup setup, RunTools tools);
  ~Run();

  // To the end of it. An error means that the state could not be recorded; everything that ran was
  // stopped.
  Result<Status> go();
  // From any thread: what runs is stopped, nothing new starts. `at_once` leaves no grace.
  void cancel(bool at_once);
  // The same, but the execution stays unfinished on record (`go` answers `running`): a later
  // process goes on with it.
  void suspend();
  // From any thread: somebody answered a step that asks.
  void look_at_decisions();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::pipeline
