// SPDX-License-Identifier: Apache-2.0
// What the machine decided, as sentences for the overview, beside the registry's history: gate
// decisions and executions.
#pragma once

#include <cstddef>
#include <vector>

#include "wire/api/overview.h"

namespace slipway::govern {
class Govern;
}
namespace slipway::pipeline {
class Executions;
}

namespace slipway::app {

// The newest `limit` of each; a room that cannot be read adds nothing.
std::vector<wire::api::Happening> decisions_that_happened(govern::Govern& govern,
                                                          std::size_t limit);
std::vector<wire::api::Happening> executions_that_happened(pipeline::Executions& executions,
                                                           std::size_t limit);

}  // namespace slipway::app
