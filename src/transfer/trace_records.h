// SPDX-License-Identifier: Apache-2.0
// Traces and datasets of examples into the rooms that keep them.
#pragma once

#include <string>
#include <vector>

#include "tracking/types.h"
#include "transfer/record.h"

namespace slipway::store {
class Connection;
}

namespace slipway::transfer {

Result<void> take_trace(store::Connection& db, const TraceRecord& record,
                        const tracking::ExperimentId& experiment);
Result<void> take_dataset(store::Connection& db, const DatasetRecord& record,
                          const std::vector<std::string>& experiments);
Result<void> take_example(store::Connection& db, const ExampleRecord& record);

}  // namespace slipway::transfer
