// SPDX-License-Identifier: Apache-2.0
// The end of what belonged to experiments that are gone for good.
#pragma once

#include <string>

#include "base/result.h"

namespace slipway::store {
class Connection;
}

namespace slipway::evaluation {

// Scorers, questions, queues and issues of the experiment; datasets lose their link to it, and
// stay.
Result<void> erase_experiment(store::Connection& db, const std::string& experiment);

}  // namespace slipway::evaluation
