// SPDX-License-Identifier: Apache-2.0
// The numbers of metric names, and where the last values of each lie.
//
// Both are remembered. A number never changes once a transaction has kept it. A place that is
// remembered as rows does no harm when it is blocks by now (latest.h); one that is remembered as
// blocks is checked against `metric_moves` by every transaction that would use it, since another
// process may have moved the metric.
#pragma once

#include <cstdint>
#include <functional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "store/database.h"

namespace slipway::tracking {

// Metrics go from each only to those behind it. As stored.
enum class Place : std::int64_t { rows = 0, blocks = 1, moving = 2, searched = 3 };

class MetricKeys {
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

 public:
  struct Number {
    std::int64_t id = 0;
    Place place = Place::rows;
  };
  using Numbers = std::unordered_map<std::string, Number, Hash, std::equal_to<>>;
  // What one transaction learned; made for it, and remembered only when it was kept.
  struct Learned {
    Numbers numbers;
    std::vector<std::int64_t> moved;
    std::int64_t moves = 0;  // `moved` and the places of `numbers` know all up to this one
  };

  // The number of a name, made when there is none; `learned` gains what was not remembered.
  Result<Number> number_of(store::Connection& db, const std::string& name, Learned& learned);
  // Reads which metrics have left the blocks: `metrics` (ascending) loses them.
  Result<void> remove_moved(store::Connection& db, std::vector<std::int64_t>& metrics,
                            Learned& learned) const;
  // After the transaction was kept.
  void remember(Learned learned);

 private:
  mutable std::shared_mutex mutex_;
  Numbers numbers_;
  std::int64_t moves_ = 0;  // the last that numbers_ knows of
};

// Of these metrics, those in rows that no search has named go to blocks; answers the place of each.
Result<MetricKeys::Numbers> prefer_blocks(store::Connection& db,
                                          const std::vector<std::int64_t>& metrics);

}  // namespace slipway::tracking
