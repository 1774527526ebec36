// SPDX-License-Identifier: Apache-2.0
// The numbers of metric names. They never change once a transaction has kept them, so they are
// remembered; what a transaction made itself is remembered only when it was kept.
#pragma once

#include <cstdint>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "store/database.h"

namespace slipway::tracking {

class MetricKeys {
 public:
  // What one transaction learned.
  using Learned = std::vector<std::pair<std::string, std::int64_t>>;

  // The number of a name, made when there is none; `learned` gains what was not remembered.
  Result<std::int64_t> number_of(store::Connection& db, const std::string& name, Learned& learned);
  // After the transaction was kept.
  void remember(Learned learned);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  std::shared_mutex mutex_;
  std::unordered_map<std::string, std::int64_t, Hash, std::equal_to<>> numbers_;
};

}  // namespace slipway::tracking
