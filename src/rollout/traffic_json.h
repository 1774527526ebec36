// SPDX-License-Identifier: Apache-2.0
// Counts as they are stored. Private to the rollout room.
#pragma once

#include "json/value.h"
#include "rollout/evidence.h"

namespace slipway::rollout {

json::object traffic_json(const Traffic& traffic);
// Of nothing: no traffic.
Traffic read_traffic(const json::value* from);

}  // namespace slipway::rollout
