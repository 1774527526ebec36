// SPDX-License-Identifier: Apache-2.0
// The composition root: opens the store and builds the rooms, with or without a server around them.
#pragma once

#include <memory>
#include <string>

#include "app/config.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/pool.h"
#include "base/result.h"
#include "domain/event.h"
#include "meter/meter.h"

namespace slipway::blob {
class BlobStore;
}
namespace slipway::evaluation {
class Evaluation;
}
namespace slipway::monitor {
class Monitor;
}
namespace slipway::pipeline {
class Executions;
class Hooks;
}  // namespace slipway::pipeline
namespace slipway::registry {
class Registry;
}
namespace slipway::serving {
class Endpoints;
}
namespace slipway::store {
class Database;
}
namespace slipway::tracing {
class Tracing;
}
namespace slipway::tracking {
class Tracking;
}

namespace slipway::govern {
class Govern;
}
namespace slipway::rollout {
class Rollouts;
}
namespace slipway::webhook {
class Webhooks;
}

namespace slipway::app {

class Gatekeeper;

// `server`: holds the data folder's lock and runs everything that goes on by itself (schedules,
// monitors, rollouts). `local`: the same rooms for one command, beside a server or without one.
enum class Mode { server, local };

class Batches;

class Platform {
 public:
  // Creates the data folder when it is not there. A folder that cannot be written, that belongs to
  // a newer version, or (server) that another server uses: an error that says what to do.
  static Result<std::unique_ptr<Platform>> open(const Config& config, Mode mode);
  ~Platform();
  Platform(const Platform&) = delete;
  Platform& operator=(const Platform&) = delete;

  // Another server took the store over while this one was cut off from it; SIGTERM follows.
  bool lost_store() const;

  const Config& config() const;
  Clock& clock();
  Ids& ids();
  meter::Registry& meters();
  EventBus& events();
  // A path in the data folder.
  std::string path(const std::string& name) const;

  // Rooms: one accessor a room, in the order of the arrows.
  store::Database& database();
  blob::BlobStore& blobs();
  tracking::Tracking& tracking();
  registry::Registry& registry();
  webhook::Webhooks& webhooks();
  tracing::Tracing& tracing();
  evaluation::Evaluation& evaluation();
  serving::Endpoints& endpoints();
  monitor::Monitor& monitor();
  govern::Govern& govern();
  Gatekeeper& gatekeeper();
  rollout::Rollouts& rollouts();
  Pool& decoders();  // threads for inference requests too large for the I/O threads
  pipeline::Executions& executions();
  pipeline::Hooks& hooks();
  Batches& batches();

  // Ends what runs by itself. Idempotent; the destructor does it too.
  void stop();

 private:
  struct Impl;
  explicit Platform(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::app
