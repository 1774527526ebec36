// SPDX-License-Identifier: Apache-2.0
// The queue in front of one loaded version, and the threads that empty it.
//
// Nobody waits for company: a free thread takes a request at once. While all are busy the queue
// grows, and what it holds when one becomes free is the next batch. The bound on a batch follows
// the measured time a row, so that a slow model is not asked for a batch that takes for ever.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "serving/backend.h"

namespace slipway::meter {
class Registry;
}

namespace slipway::serving {

struct BatchOptions {
  std::size_t max_rows = 256;    // of a batch; a larger request runs alone
  std::size_t max_queue = 1024;  // requests that wait; one more is refused as exhausted
  int instances = 1;             // threads that run the version
  int target_ms = 10;            // a batch should not take longer
};

// Thread-safe.
class Batcher {
 public:
  using Done = std::function<void(Result<std::vector<Tensor>>)>;
  struct Job {
    std::vector<Tensor> inputs;  // in the order of the signature
    std::int64_t rows = 1;
    bool alone = false;            // never put together with others
    std::int64_t deadline_ns = 0;  // monotonic; 0: none
    Done done;                     // called once, on a thread of the batcher
    std::int64_t queued_ns = 0;    // set by submit
  };

  // `name` labels the metrics: model and version.
  Batcher(LoadedModel& model, const std::string& model_name, const std::string& version,
          const BatchOptions& options, Clock& clock, meter::Registry& meters);
  // Answers everything that is queued, then joins.
  ~Batcher();

  // An error means that the job was not taken and `done` will not be called.
  Result<void> submit(Job job);
  std::size_t queued() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::serving
