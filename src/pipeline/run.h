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
};

struct RunTools {
  Records& records;
  Executor& executor;
  Clock& clock;
  blob::BlobStore* blobs = nullptr;
  GateRunner* gates = nullptr;
  Listener* listener = nullptr;
};

// How long to wait before the attempt after `tries` failed ones; `unit` in [0, 1) is the jitter.
double backoff_seconds(double first, int tries, double unit);

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

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::pipeline
