// SPDX-License-Identifier: Apache-2.0
// Decisions as models, policies and rollouts show them. Private to wire/api.
#pragma once

#include "govern/govern.h"
#include "messages_models.h"
#include "messages_release.h"

namespace slipway::wire::api {

DecisionJson to_wire(const govern::Decision& decision);

}  // namespace slipway::wire::api
