// SPDX-License-Identifier: Apache-2.0
// The rules that turn one room's facts into another room's work: alert -> retraining, promotion ->
// the alert is over, endpoint deleted -> its monitoring too.
#pragma once

#include <memory>

#include "base/clock.h"
#include "domain/event.h"

namespace slipway::monitor {
class Launcher;
class Monitor;
}  // namespace slipway::monitor
namespace slipway::rollout {
class Rollouts;
}
namespace slipway::serving {
class Endpoints;
}

namespace slipway::app {

// Every rule reads the rooms' durable state once a second, and at once when an event says that it
// is worth it: a lost event or a crash delays a rule and never loses it.
class Loop {
 public:
  // All of them outlive the loop.
  Loop(monitor::Monitor& monitor, serving::Endpoints& endpoints, monitor::Launcher& launcher,
       rollout::Rollouts& rollouts, EventBus& events, Clock& clock);
  ~Loop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::app
