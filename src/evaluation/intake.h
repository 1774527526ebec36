// SPDX-License-Identifier: Apache-2.0
// The door for datasets that were made elsewhere: ids, times and users are given here, not made.
// All of it runs inside the caller's transaction, and may be repeated.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "evaluation/datasets.h"

namespace slipway::store {
class Connection;
}

namespace slipway::evaluation {

// Brings a dataset that is there up to date; experiments are added.
Result<void> take_dataset(store::Connection& db, const Dataset& dataset,
                          const std::vector<std::string>& experiments);
// A record with the same inputs is the same record. Its dataset must be there.
Result<void> take_record(store::Connection& db, const DatasetRecord& record);

}  // namespace slipway::evaluation
