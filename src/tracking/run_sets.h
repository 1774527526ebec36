// SPDX-License-Identifier: Apache-2.0
// Sets of runs by their small numbers, and a filter evaluated as such: each leaf is one scan of an
// index, so the cost is bounded by what the leaves match and not by how they combine.
#pragma once

#include <cstdint>
#include <vector>

#include "run_fields.h"

namespace slipway::tracking {

class RunSet {
 public:
  explicit RunSet(std::int64_t last)
      : last_(last), words_(static_cast<std::size_t>(last) / 64 + 1) {}

  void add(std::int64_t run) {
    if (run >= 0 && run <= last_) words_[index(run)] |= bit(run);
  }
  bool has(std::int64_t run) const {
    return run >= 0 && run <= last_ && (words_[index(run)] & bit(run)) != 0;
  }
  void keep(const RunSet& other);
  void add_all(const RunSet& other);
  void remove(const RunSet& other);
  void invert();
  std::size_t size() const;
  // In ascending order.
  std::vector<std::int64_t> list() const;

 private:
  static std::size_t index(std::int64_t run) { return static_cast<std::size_t>(run) / 64; }
  static std::uint64_t bit(std::int64_t run) { return std::uint64_t{1} << (run % 64); }

  std::int64_t last_;
  std::vector<std::uint64_t> words_;
};

// Adds what a statement selects in its first column.
Result<void> add_selected(store::Connection& db, const std::string& sql, const store::Cells& cells,
                          RunSet& out);

// The runs from 0 to `last` that match; some that do not exist may be among them.
Result<RunSet> matching(store::Connection& db, const RunFields& fields, const Filter& filter,
                        std::int64_t last);

}  // namespace slipway::tracking
