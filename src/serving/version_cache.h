// SPDX-License-Identifier: Apache-2.0
// The loaded versions, shared by all endpoints that route to them.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "residency.h"
#include "servable.h"
#include "serving/packages.h"

namespace slipway::serving {

// Thread-safe. The cache itself holds one reference to each version, so that the last user of a
// version, which may be one of its own threads, never has to end those threads: `collect` does.
class VersionCache {
 public:
  VersionCache(PackageSource& packages, std::vector<std::unique_ptr<ModelBackend>> backends,
               BatchOptions options, std::size_t memory_budget, Clock& clock,
               meter::Registry& meters);
  // Waits for the users of the versions to finish with them.
  ~VersionCache();

  // Loads the version unless it is there already.
  Result<std::shared_ptr<Servable>> get(const std::string& model, const std::string& version);
  // Loads a version again that is there, since it would be run in another way now; who uses the old
  // one keeps it. False: it is not there.
  Result<bool> renew(const std::string& model, const std::string& version);
  // False: `renew` put another in its place.
  bool is_current(const Servable& servable) const;
  // Unloads versions that nobody uses; answers how many.
  std::size_t collect();
  // Keeps to the budget of memory.
  void look() { residency_->look(); }
  // Ends sequences that nobody asks any more.
  void drop_idle();
  std::size_t bytes_of(const Servable& servable) const { return residency_->bytes_of(servable); }
  std::size_t size() const;

 private:
  using Key = std::pair<std::string, std::string>;
  Result<std::shared_ptr<Servable>> load(const std::string& model, const std::string& version);
  Result<std::shared_ptr<Servable>> load(const Package& package);

  PackageSource& packages_;
  std::vector<std::unique_ptr<ModelBackend>> backends_;
  BatchOptions options_;
  Clock& clock_;
  meter::Registry& meters_;
  std::unique_ptr<Residency> residency_;
  mutable std::mutex mutex_;
  std::map<Key, std::shared_ptr<Servable>> loaded_;
  std::vector<std::shared_ptr<Servable>> renewed_;  // the old ones, until nobody uses them
};

}  // namespace slipway::serving
