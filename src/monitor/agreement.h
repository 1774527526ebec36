// SPDX-License-Identifier: Apache-2.0
// What a version and its shadow answered to the same requests.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>

#include "base/clock.h"
#include "base/result.h"

namespace slipway::store {
class Database;
}

namespace slipway::monitor {

struct PairQuery {
  std::string endpoint;
  std::string model;
  std::string version;  // that answered the caller
  std::string shadow;   // that got a copy
  Timestamp since;
};

// Sums over recorded rows that both answered.
struct PairedAnswers {
  std::int64_t pairs = 0;
  std::int64_t classes = 0;  // pairs of classes, and those of them that are equal
  std::int64_t equal = 0;
  std::int64_t numbers = 0;  // pairs of numbers: scores where there are some
  double difference = 0;     // absolute
  double difference_squares = 0;
  double x = 0;  // of the version
  double y = 0;  // of the shadow
  double xx = 0;
  double yy = 0;
  double xy = 0;
};

// Thread-safe. Reads each stored row once, and again after a restart.
class Pairs {
 public:
  explicit Pairs(store::Database& db);
  ~Pairs();

  // Of what is stored; a long past is read over several calls.
  Result<PairedAnswers> look(const PairQuery& query);

 private:
  struct Reading;
  using Key = std::tuple<std::string, std::string, std::string, std::string, std::int64_t>;

  store::Database& db_;
  std::mutex mutex_;
  std::map<Key, std::unique_ptr<Reading>> readings_;
  std::deque<Key> order_;  // the oldest first
};

}  // namespace slipway::monitor
