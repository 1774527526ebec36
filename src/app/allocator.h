// SPDX-License-Identifier: Apache-2.0
// Moves the weights of an endpoint's routes towards what serves the business best.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace slipway::monitor {
class Monitor;
}
namespace slipway::rollout {
class Rollouts;
}
namespace slipway::serving {
class Endpoints;
struct EndpointView;
}  // namespace slipway::serving

namespace slipway::app {

// By the endpoints' settings (`allocation`). Not thread-safe.
class Allocator {
 public:
  Allocator(monitor::Monitor& monitor, serving::Endpoints& endpoints, rollout::Rollouts& rollouts,
            Clock& clock)
      : monitor_(monitor), endpoints_(endpoints), rollouts_(rollouts), clock_(clock) {}

  // Looks at the endpoints that are due. One with a rollout under way is left to that.
  Result<void> tick();

 private:
  Result<void> allocate(const serving::EndpointView& view, const std::string& event, double least);

  monitor::Monitor& monitor_;
  serving::Endpoints& endpoints_;
  rollout::Rollouts& rollouts_;
  Clock& clock_;
  std::map<std::string, std::int64_t> looked_ns_;
  std::uint64_t turn_ = 0;
};

}  // namespace slipway::app
