// SPDX-License-Identifier: Apache-2.0
// The queue in front of one loaded version, and the threads that empty it.
//
// Nobody waits for company: a free thread takes a request at once. While all are busy the queue
// grows, and what it holds when one becomes free is the next batch. The bound on a batch follows
// the measured time a row, so that a slow model is not asked for a batch that takes for ever.
//
// A run that is known to be short is made by the thread that has the request, at the end of its
// round of events (base/round.h), for all requests that came in that round: to wake another thread
// would cost more than the run. What takes longer, or is not known yet, goes to the queue.
//
// What could not be answered in time is refused at once, by the length of the queue and by the time
// that its rows will take: under overload the accepted keep their latency. Requests whose clients
// went away or whose time has run out leave without running.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/callback.h"
#include "base/clock.h"
#include "base/result.h"
#include "serving/backend.h"
#include "serving/run_stats.h"

namespace slipway::meter {
class Registry;
}

namespace slipway::serving {

struct BatchOptions {
  std::size_t max_rows = 256;    // of a batch; a larger request runs alone
  std::size_t max_queue = 1024;  // requests that wait; one more is refused as exhausted
  int instances = 1;             // threads that run the version
  int target_ms = 10;            // a batch should not take longer
  // A request that would wait longer, and longer than so many runs of its own take, is refused as
  // exhausted: under overload the accepted are answered nearly as fast as ever.
  int max_wait_ms = 200;
  int max_wait_runs = 8;
  // What an I/O thread runs itself, for other connections wait for it: a request that takes no
  // longer, and of a round no more than that, all versions together.
  int short_us = 300;
  int round_us = 1000;
};

constexpr std::uint32_t kUsualPriority = 100;

// Thread-safe.
class Batcher {
 public:
  using Done = Callback<void(Result<Tensors>)>;
  struct Job {
    Tensors inputs;  // in the order of the signature
    std::int64_t rows = 1;
    bool alone = false;                       // never put together with others
    std::int64_t deadline_ns = 0;             // monotonic; 0: none
    std::int64_t received_ns = 0;             // monotonic; 0: when it was submitted
    std::uint32_t priority = kUsualPriority;  // lower goes first
    // Set once nobody waits for the answer any more; may be null.
    std::shared_ptr<const std::atomic<bool>> cancelled;
    // When set, the answer comes through it piece by piece and `done` gets no outputs. Such a job
    // is `alone`.
    LoadedModel::Piece piece;
    Done done;                   // called once, on a thread of the batcher or of submit's caller
    std::int64_t queued_ns = 0;  // set by submit
    std::string request_id;      // of graphs only, for the endpoints that they ask
    std::shared_ptr<const SequenceAsk> sequence;  // null: it belongs to none
    int instance = -1;                            // that it must run on; -1: any
    std::string traceparent;                      // see LoadedModel::run_traced; may be empty
    bool done_waits = false;  // `done` takes its time: not for a thread that others wait for
  };

  // `name` labels the metrics: model and version. `stats`, if given, outlives the batcher and
  // counts on where an earlier one ended.
  Batcher(LoadedModel& model, const std::string& model_name, const std::string& version,
          const BatchOptions& options, Clock& clock, meter::Registry& meters,
          RunStats* stats = nullptr);
  // Answers everything that is queued or gathered, then joins. Not from a job's `done`.
  ~Batcher();

  // An error means that the job was not taken and `done` will not be called.
  Result<void> submit(Job job);
  std::size_t queued() const;  // that wait for a thread
  bool is_busy() const;        // something is queued, gathered or running
  // What nobody needs to wait for any more, and why.
  static std::optional<Error> lost(const Job& job, std::int64_t now_ns);
  RunStats& stats();
  RunStatistics statistics() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // also of rounds that have not ended
};

}  // namespace slipway::serving
