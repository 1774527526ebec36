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

  // What the others have answered since this server first asked; only grows.
  Result<rollout::Traffic> of_others(const std::string& endpoint, const std::string& model,
                                     std::int64_t version);

 private:
  using Key = std::tuple<std::string, std::string, std::string>;  // endpoint, model, version
  struct Told {
    std::string server;
    Key key;
    rollout::Traffic traffic;
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
  std::map<std::pair<std::string, Key>, rollout::Traffic> last_;  // by server
  std::map<Key, rollout::Traffic> sum_;

  std::unique_ptr<Worker> worker_;  // last: it uses the others
};

}  // namespace slipway::app
