// SPDX-License-Identifier: Apache-2.0
// Conversion of versions as they are registered: what is converted when, and who is told.
#pragma once

#include <atomic>
#include <memory>

#include "conversion.h"
#include "conversion_queue.h"
#include "domain/event.h"
#include "registry/watcher.h"

namespace slipway::registry {
class Registry;
}
namespace slipway::serving {
class Endpoints;
class PackageSource;
}  // namespace slipway::serving

namespace slipway::app {

// Built, started when the rooms that it uses are there, stopped before they go.
class Conversions {
 public:
  Conversions(store::Database& db, Clock& clock);
  ~Conversions();

  // Notes every version in the transaction that makes it, and hands on to `next`.
  std::unique_ptr<registry::Watcher> watcher(registry::Watcher& next);
  ConversionQueue& queue() { return queue_; }
  // How long the load of a version waits for its conversion; 0 until `be_patient`.
  const std::atomic<int>& patience_ms() const { return patience_ms_; }
  void be_patient();

  void start(Converter& converter, const registry::Registry& registry,
             serving::Endpoints& endpoints, EventBus& events);
  void stop();

 private:
  Result<void> convert(const registry::VersionRef& ref);

  ConversionQueue queue_;
  std::atomic<int> patience_ms_{0};
  std::unique_ptr<serving::PackageSource> packages_;
  Converter* converter_ = nullptr;
  std::shared_ptr<void> registered_;  // a subscription
};

}  // namespace slipway::app
