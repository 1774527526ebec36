// SPDX-License-Identifier: Apache-2.0
// The end of what belonged to experiments and runs that are gone for good.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "tracing/types.h"

namespace slipway::store {
class Connection;
}

namespace slipway::tracing {

// Removes at most `most` traces of the experiment with all that hangs on them; answers how many.
Result<std::int64_t> erase_traces(store::Connection& db, const ExperimentId& experiment,
                                  std::int64_t most);
Result<std::int64_t> count_traces(store::Connection& db, const ExperimentId& experiment);
// Traces stay, their links to the run go.
Result<void> forget_run(store::Connection& db, const RunId& run);
// Is there a trace of this id?
Result<bool> is_known_trace(store::Connection& db, const std::string& id);

}  // namespace slipway::tracing
