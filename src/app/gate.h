// SPDX-License-Identifier: Apache-2.0
// Judges versions by policies: gathers the facts from the rooms that have them.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "govern/govern.h"

namespace slipway::blob {
class BlobStore;
}
namespace slipway::registry {
class Registry;
struct Version;
}  // namespace slipway::registry
namespace slipway::serving {
class Endpoints;
}
namespace slipway::monitor {
class Monitor;
struct Table;
}  // namespace slipway::monitor
namespace slipway::tracking {
class Tracking;
}

namespace slipway::app {

struct GateParts {
  registry::Registry& registry;
  tracking::Tracking& tracking;
  blob::BlobStore& blobs;
  serving::Endpoints& endpoints;
  govern::Govern& govern;
  monitor::Monitor& monitor;
  Clock& clock;
};

struct GateQuestion {
  std::string policy;           // YAML text
  std::string file = "policy";  // its name, for messages
  std::string model;
  std::int64_t version = 0;  // 0: the newest
  std::string endpoint;      // its champion is compared with; empty: the alias `champion`
  std::string actor;
};

// Thread-safe. The decision is kept.
class Gatekeeper {
 public:
  explicit Gatekeeper(const GateParts& parts) : parts_(parts) {}
  // An error: the question cannot be answered. A refusal is a Decision.
  Result<govern::Decision> check(const GateQuestion& question);

 private:
  Result<std::int64_t> version_of(const GateQuestion& question) const;
  Result<std::int64_t> champion_of(const GateQuestion& question, std::int64_t version) const;
  Result<std::string> evaluation_text(const registry::Version& version) const;
  // Recorded requests of the endpoint whose outcome is known, newest first.
  Result<monitor::Table> recent_of(const std::string& endpoint) const;
  govern::Facts logged(const registry::Version& version) const;

  GateParts parts_;
};

}  // namespace slipway::app
