// SPDX-License-Identifier: Apache-2.0
// What was erased here is no longer "taken in already".
#pragma once

#include <string>

#include "base/result.h"
#include "transfer/transfer.h"

namespace slipway::store {
class Connection;
}

namespace slipway::transfer {

// The marks of a run or logged model and of its files, from whatever source it came.
Result<void> forget(store::Connection& db, Owner owner, const std::string& id);
// The marks of the experiment that has this id here.
Result<void> forget_experiment(store::Connection& db, const std::string& id);

}  // namespace slipway::transfer
