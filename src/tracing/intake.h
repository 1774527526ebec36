// SPDX-License-Identifier: Apache-2.0
// The door for traces that were made elsewhere: ids, times and states are given here, not made.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "tracing/types.h"

namespace slipway::store {
class Connection;
}

namespace slipway::tracing {

// Inside the caller's transaction; may be repeated. What the trace has of spans, tags, metadata and
// assessments is added to what is there; a trace of this id in another experiment is
// already_exists. An empty artifact_root means: a folder of ours.
Result<void> take_trace(store::Connection& db, const Trace& trace, const std::vector<Span>& spans,
                        const std::vector<std::string>& runs);
// The artifact root of a trace; nothing when it is not here.
Result<std::optional<std::string>> root_of_trace(store::Connection& db, const TraceId& id);

}  // namespace slipway::tracing
