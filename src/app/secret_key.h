// SPDX-License-Identifier: Apache-2.0
// The key by which secrets in the database are sealed: a file of the data folder, so that a copy of
// the database alone tells none of them.
#pragma once

#include <string>

#include "base/result.h"
#include "base/seal.h"

namespace slipway::app {

// Made when it is not there; only its owner may read it.
Result<Seal> open_secret_key(const std::string& path);

}  // namespace slipway::app
