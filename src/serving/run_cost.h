// SPDX-License-Identifier: Apache-2.0
// What running a batch costs: a fixed part and a part for each row, learned from the runs that
// were.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>

namespace slipway::serving {

// A line through (rows, time) of the last runs by least squares, older ones weighing less. One mean
// time a row would not do: after many runs of one row, most of which is the fixed part, a thousand
// rows would be thought to take a thousand times as long. Thread-safe.
class RunCost {
 public:
  void observe(std::int64_t rows, std::int64_t ns);

  // Rows that fit into `target_ns`, at least 1 and at most `most`; `most` while nothing is known.
  // When the fixed part leaves less than itself, as many as take that long again; while the runs
  // so far do not tell the parts apart, at least twice as many as they had.
  std::size_t rows_within(std::int64_t target_ns, std::size_t most) const;

  // How long `requests` of `rows` rows together take on one thread that puts at most `limit` rows
  // into a batch. 0 while nothing is known; rather too short than too long where the runs so far
  // do not tell.
  std::int64_t wait_ns(std::int64_t requests, std::int64_t rows, std::size_t limit) const;

 private:
  struct Line {
    double fixed = 0;    // ns
    double row = 0;      // ns
    bool known = false;  // the runs had different sizes, so that both parts can be told apart
  };
  Line line() const;  // under the mutex

  mutable std::mutex mutex_;
  double weight_ = 0;  // sums over the runs, decaying
  double x_ = 0;
  double y_ = 0;
  double xx_ = 0;
  double xy_ = 0;
};

}  // namespace slipway::serving
