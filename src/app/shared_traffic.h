// SPDX-License-Identifier: Apache-2.0
// What several servers of one store have answered: those that only serve tell the store, and the
// one that judges rollouts reads there what the others have told.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>

#include "base/ids.h"
#include "base/pool.h"
#include "rollout/evidence.h"

namespace slipway::store {
class Database;
}
namespace slipway::serving {
class Endpoints;
}

namespace slipway::app {

rollout::Traffic traffic_of(const serving::VersionStats& stats);
// Of the requests that were mirrored to it.
rollout::Traffic mirrored_of(const serving::VersionStats& stats);

// Thread-safe.
class SharedTraffic {
 public:
  SharedTraffic(store::Database& db, serving::Endpoints& endpoints, Clock& clock, Ids& ids);
  ~SharedTraffic();

  // Tells the store once a second what this server has answered, until `stop`, which tells the
  // rest.
  void start();
  void stop();
  Result<void> tell();

  struct Both {
    rollout::Traffic traffic;   // of callers
    rollout::Traffic mirrored;  // as a shadow
    std::int64_t refused = 0;   // of the callers: there was no room or no time
  };
  // What the others have answered since this server first asked; only grows.
  Result<Both> of_others(const std::string& endpoint, const std::string& model,
                         std::int64_t version);

 private:
  using Key = std::tuple<std::string, std::string, std::string>;  // endpoint, model, version
  struct Told {
    std::string server;
    Key key;
    rollout::Traffic traffic;
    rollout::Traffic mirrored;
    std::int64_t refused = 0;
    std::int64_t sum() const {
      return traffic.requests + traffic.errors + mirrored.requests + mirrored.errors;
    }
  };

  Result<std::vector<Told>> read() const;
  void add(const std::vector<Told>& all);

  store::Database& db_;
  serving::Endpoints& endpoints_;
  Clock& clock_;
  const std::string server_;  // this process

  std::mutex telling_mutex_;
  std::map<Key, std::int64_t> told_;  // requests and errors, as last told

  std::mutex mutex_;
  bool looked_ = false;
  std::int64_t looked_ns_ = 0;
  std::map<std::pair<std::string, Key>, Both> last_;  // by server
  std::map<Key, Both> sum_;

  std::unique_ptr<Worker> worker_;  // last: it uses the others
};

}  // namespace slipway::app
