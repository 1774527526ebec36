// SPDX-License-Identifier: Apache-2.0
// What stands behind Executions: the queue, the runs under way, and the clockwork of schedules.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/pool.h"
#include "log_file.h"
#include "pipeline/executor.h"
#include "pipeline/pipeline.h"
#include "places.h"
#include "records.h"
#include "run.h"
#include "triggers.h"

namespace slipway::pipeline {

struct Executions::Impl {
  Impl(store::Database& database, blob::BlobStore* blobs_, EventSink& events_, Clock& clock_,
       Ids& ids_, GateRunner* gates_, ExecutionsOptions options_);

  Records records;
  blob::BlobStore* blobs;
  EventSink& events;
  Clock& clock;
  Ids& ids;
  GateRunner* gates;
  ExecutionsOptions options;
  std::unique_ptr<Executor> executor;
  const std::string engine;  // this process
  Places places;
  std::unique_ptr<SubRunner> subs;

  Result<Registered> source_of(const std::string& name);
  Result<std::map<std::string, std::string>> secrets_for(
      const Definition& definition, const std::map<std::string, std::string>& given) const;
  Result<Execution> prepare_new(const HereRequest& request, const Definition& definition,
                                Params& params);
  static Result<Params> resumed_params(const Execution& execution, const Definition& definition,
                                       const std::vector<std::string>& words);

  Result<RunSetup> setup_of(const Execution& execution, const Definition& definition, Params params,
                            std::map<std::string, std::string> secrets) const;
  // The new one is on record and waits, unless the same trigger started one before: that one. As
  // the pipeline's concurrency wants it, others are ended, or it is refused.
  Result<std::optional<Execution>> admit(const Execution& execution, const Definition& definition,
                                         std::size_t queue_limit);
  // Puts what has to run again back; empty: nothing.
  Result<std::vector<std::string>> steps_from(const Definition& definition,
                                              const std::string& step) const;
  std::unique_ptr<Listener> announcer(const Execution& execution);
  // Runs it on this thread, known to cancel_active meanwhile.
  Result<Status> run(RunSetup setup, Listener* listener);
  void enqueue(const Execution& execution);
  bool cancel_active(const std::string& id, bool at_once = false);
  // Before it becomes active.
  void cancel_early(const std::string& id);
  void cancel_others(const Execution& execution);
  void look_at_decisions(const std::string& id);
  void interrupt_all();
  void publish(const std::string& type, const Execution& execution, Status status);

  Result<void> serve(const EnvList& env);
  void stop();
  void wake();

 private:
  struct Waiting {
    std::string id;
    std::string pipeline;
    bool exclusive = false;  // not beside another one of its pipeline
    int priority = 0;
  };
  static Waiting waiting_of(const Execution& execution);

  // Whether this server is the one that starts and runs executions.
  bool lead();
  void stand_by();
  void adopt_queued();
  void cancel_wanted();
  Result<void> recover();
  void tick_for_ever(const Worker::Sleep& sleep);
  // Starts what has a place; fires what is due. Answers how long to sleep.
  int tick();
  int fire_schedules();
  void fire(const Registered& registered, Timestamp now);
  void fire_ends();
  void fire_at(const Registered& registered, const Definition& definition, Timestamp due,
               Timestamp now);
  void dispatch();
  void run_queued(const std::string& id);
  Result<void> try_run_queued(const Execution& execution);
  void give_up(const Execution& execution, const Error& error);

  std::mutex mutex_;  // guards what follows; nothing is called under it
  std::deque<Waiting> queue_;
  std::map<std::string, std::string> busy_;  // execution -> pipeline, taken from the queue
  std::map<std::string, Run*> active_;
  std::set<std::string> cancelled_early_;  // between leaving the queue and becoming active
  int interrupts_ = 0;
  bool stopping_ = false;
  std::atomic<bool> leads_ = false;
  bool serves_ = false;
  std::int64_t lease_ns_ = 0;  // when it was last renewed; of the clockwork's thread
  EnvList step_env_;
  std::unique_ptr<Pool> pool_;
  std::unique_ptr<Worker> clockwork_;
  std::unique_ptr<Worker> watcher_;  // of data and push triggers; hashing may take it long
};

}  // namespace slipway::pipeline
