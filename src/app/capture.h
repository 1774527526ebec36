// SPDX-License-Identifier: Apache-2.0
// Between serving and monitoring, which do not know each other: recorded predictions go one way,
// sample rates the other, and reference data comes from a version's files.
#pragma once

#include <memory>

#include "monitor/monitor.h"
#include "serving/target.h"

namespace slipway::blob {
class BlobStore;
}
namespace slipway::registry {
class Registry;
}
namespace slipway::serving {
class Endpoints;
}
namespace slipway::tracking {
class Tracking;
}

namespace slipway::app {

// All of them must outlive the monitor's background work.
struct MonitorParts {
  monitor::Monitor& monitor;
  serving::Endpoints& endpoints;
  registry::Registry& registry;
  tracking::Tracking& tracking;
  blob::BlobStore& blobs;
};

monitor::Monitor::Hooks monitor_hooks(const MonitorParts& parts);

// Measures rows against the reference of their version.
serving::RowScorer row_scorer(const monitor::Monitor& monitor);
// Holds requests against the expectations of their endpoint.
std::unique_ptr<serving::RequestGuard> request_guard(monitor::Monitor& monitor);

}  // namespace slipway::app
