// SPDX-License-Identifier: Apache-2.0
// What a loaded version has done since it was loaded: counts and times, as inference clients ask
// for them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"

namespace slipway::meter {
class Registry;
}

namespace slipway::serving {

struct DurationSum {
  std::uint64_t count = 0;
  std::uint64_t ns = 0;

  void add(std::uint64_t times, std::int64_t more_ns) {
    count += times;
    ns += static_cast<std::uint64_t>(more_ns > 0 ? more_ns : 0);
  }
};

struct BatchCount {
  std::uint64_t rows = 0;
  DurationSum input;
  DurationSum run;
  DurationSum output;
};

struct RunStatistics {
  std::string model;  // as the caller asked for it
  std::string version;
  Timestamp last;                // of the newest request; 0: none
  std::uint64_t rows = 0;        // of answered requests
  std::uint64_t executions = 0;  // batches, however large
  std::uint64_t waiting = 0;     // requests in the queue
  DurationSum success;           // per request, from receipt to answer
  DurationSum fail;
  DurationSum queue;   // waiting for a thread
  DurationSum input;   // putting requests together
  DurationSum run;     // in the runtime
  DurationSum output;  // taking answers apart and writing them
  DurationSum cache_hit;
  DurationSum cache_miss;
  std::vector<BatchCount> batches;  // by number of rows, those that occurred
};

// One batch that ran.
struct RanBatch {
  std::uint64_t requests = 0;
  std::uint64_t rows = 0;
  bool ok = true;
  std::int64_t queue_ns = 0;  // summed over the requests, like total_ns
  std::int64_t input_ns = 0;
  std::int64_t run_ns = 0;
  std::int64_t total_ns = 0;
};

// Thread-safe.
class RunStats {
 public:
  RunStats(const std::string& model, const std::string& version, Clock& clock,
           meter::Registry& meters);
  ~RunStats();

  void add(const RanBatch& batch);
  void written(const RanBatch& batch, std::int64_t output_ns);  // after add
  void fail(std::uint64_t requests, std::int64_t ns);           // before they could run
  void cache(bool hit, std::int64_t ns);
  RunStatistics snapshot() const;

 private:
  static constexpr std::size_t kSizes = 1025;  // larger batches count with the last
  struct Meters;

  Clock& clock_;
  const std::unique_ptr<Meters> meters_;
  mutable std::mutex mutex_;
  RunStatistics sums_;
  std::vector<BatchCount> by_rows_;
};

}  // namespace slipway::serving
