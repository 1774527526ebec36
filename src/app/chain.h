// SPDX-License-Identifier: Apache-2.0
// What led to what, from an alert to a version in production, put together from what the rooms have
// stored: nothing is written for it, so nothing of it can be lost.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "wire/api/chain.h"
#include "wire/api/overview.h"

namespace slipway::govern {
class Govern;
}
namespace slipway::monitor {
class Monitor;
}
namespace slipway::pipeline {
class Executions;
}
namespace slipway::registry {
class Registry;
}
namespace slipway::rollout {
class Rollouts;
}

namespace slipway::app {

struct ChainParts {
  monitor::Monitor& monitor;
  pipeline::Executions& executions;
  registry::Registry& registry;
  govern::Govern& govern;
  rollout::Rollouts& rollouts;
};

Result<wire::api::Chain> chain_of(const ChainParts& parts, const std::string& alert_id);

// Why there is such a version: the alert and the retraining that it came of. Nothing when it was
// not made by one.
Result<std::vector<wire::api::Happening>> origin_of(const ChainParts& parts,
                                                    const std::string& model, std::int64_t version);

}  // namespace slipway::app
