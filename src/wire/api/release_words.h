// SPDX-License-Identifier: Apache-2.0
// Decisions as models, policies and rollouts show them. Private to wire/api.
#pragma once

#include "govern/govern.h"
#include "messages_models.h"
#include "messages_release.h"
#include "registry/types.h"
#include "wire/api/routes.h"

namespace slipway::wire::api {

DecisionJson to_wire(const govern::Decision& decision);
// Without what its files and its run tell.
VersionJson version_json(const registry::Version& version, const HasReference& has_reference);

}  // namespace slipway::wire::api
