// SPDX-License-Identifier: Apache-2.0
#include "version_cache.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <thread>

#include "base/log.h"
#include "meter/meter.h"

namespace slipway::serving {

VersionCache::VersionCache(PackageSource& packages,
                           std::vector<std::unique_ptr<ModelBackend>> backends,
                           BatchOptions options, std::size_t memory_budget, Clock& clock,
                           meter::Registry& meters)
    : packages_(packages),
      backends_(std::move(backends)),
      options_(options),
      clock_(clock),
      meters_(meters),
      residency_(std::make_unique<Residency>(memory_budget, clock, meters)) {}

VersionCache::~VersionCache() {
  residency_->stop();
  constexpr int kWaitMs = 30'000;
  for (int waited = 0; waited < kWaitMs && size() > 0; ++waited) {
    if (collect() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  // A version that still runs after all that time cannot be freed under its own feet.
  for (auto& [key, servable] : loaded_) renewed_.push_back(std::move(servable));
  for (auto& servable : renewed_) {
    const auto& package = servable->package();
    log::error("serving.version_stuck", {{"model", package.model}, {"version", package.version}});
    [[maybe_unused]] auto* abandoned = new std::shared_ptr<Servable>(std::move(servable));
  }
}

Result<std::shared_ptr<Servable>> VersionCache::get(const std::string& model,
                                                    const std::string& version) {
  const Key key{model, version};
  {
    const std::scoped_lock lock(mutex_);
    if (const auto found = loaded_.find(key); found != loaded_.end()) return found->second;
  }
  // Outside the lock: loading one version must not hold up the others. Two callers may load the
  // same one; the first to finish wins.
  SW_TRY(auto servable, load(model, version));
  const std::scoped_lock lock(mutex_);
  const auto [at, first] = loaded_.emplace(key, servable);
  if (!first) residency_->forget(*servable);
  return at->second;
}

Result<bool> VersionCache::renew(const std::string& model, const std::string& version) {
  const Key key{model, version};
  {
    const std::scoped_lock lock(mutex_);
    if (!loaded_.contains(key)) return false;
  }
  SW_TRY(auto fresh, load(model, version));
  const std::scoped_lock lock(mutex_);
  auto& at = loaded_[key];
  if (at != nullptr) renewed_.push_back(std::move(at));
  at = std::move(fresh);
  return true;
}

bool VersionCache::is_current(const Servable& servable) const {
  const std::scoped_lock lock(mutex_);
  return std::none_of(renewed_.begin(), renewed_.end(),
                      [&](const auto& old) { return old.get() == &servable; });
}

Result<std::shared_ptr<Servable>> VersionCache::load(const std::string& model,
                                                     const std::string& version) {
  SW_TRY(const auto package, packages_.package(model, version));
  const auto loading = residency_->begin(package);
  auto loaded = load(package);
  if (!loaded) {
    residency_->give_up(loading);
    return loaded;
  }
  SW_CHECK_OK(residency_->adopt(loading, *loaded));
  return loaded;
}

Result<std::shared_ptr<Servable>> VersionCache::load(const Package& package) {
  std::optional<Error> refused;
  for (const auto& backend : backends_) {
    if (!backend->can_load(package)) continue;
    auto loaded = Servable::load(*backend, package, options_, clock_, meters_);
    if (loaded || loaded.error().code != Code::unimplemented) return loaded;
    if (!refused) refused = std::move(loaded.error());
  }
  if (refused) {
    refused->code = Code::failed_precondition;
    return *std::move(refused);
  }
  const auto flavors = package.flavors.empty() ? "no flavour" : "flavours " + package.flavors;
  return Error{Code::failed_precondition,
               "version " + package.version + " of model '" + package.model + "' has " + flavors +
                   ", none of which can be served",
               "log the model with one of mlflow's log_model functions"};
}

std::size_t VersionCache::collect() {
  std::vector<std::shared_ptr<Servable>> unused;
  {
    const std::scoped_lock lock(mutex_);
    for (auto it = loaded_.begin(); it != loaded_.end();) {
      if (it->second.use_count() == 1) {
        unused.push_back(std::move(it->second));
        it = loaded_.erase(it);
      } else {
        ++it;
      }
    }
    const auto used = std::partition(renewed_.begin(), renewed_.end(),
                                     [](const auto& old) { return old.use_count() > 1; });
    std::move(used, renewed_.end(), std::back_inserter(unused));
    renewed_.erase(used, renewed_.end());
  }
  for (auto& servable : unused) {
    log::info("serving.version_unloaded",
              {{"model", servable->package().model}, {"version", servable->package().version}});
    residency_->forget(*servable);
    servable.reset();  // joins its threads
  }
  return unused.size();
}

void VersionCache::drop_idle() {
  const std::scoped_lock lock(mutex_);
  for (const auto& [key, servable] : loaded_) servable->drop_idle();
}

std::size_t VersionCache::size() const {
  const std::scoped_lock lock(mutex_);
  return loaded_.size() + renewed_.size();
}

}  // namespace slipway::serving
