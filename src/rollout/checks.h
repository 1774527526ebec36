// SPDX-License-Identifier: Apache-2.0
// Champion against challenger, by tests that may be looked at as often as one likes.
#pragma once

#include <vector>

#include "rollout/evidence.h"
#include "rollout/types.h"

namespace slipway::rollout {

struct Side {
  Traffic traffic;
  Outcomes outcomes;
};

// `alone`: the challenger has all the traffic, so the champion's latency is from another time and
// is compared with twice the tolerance.
std::vector<Check> compare(const Side& champion, const Side& challenger,
                           const Tolerances& tolerances, bool alone,
                           const std::vector<BusinessGoal>& business = {});

}  // namespace slipway::rollout
