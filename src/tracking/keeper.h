// SPDX-License-Identifier: Apache-2.0
// Who is asked before something is removed: other rooms may stand on it.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"

namespace slipway::tracking {

enum class Removal { experiment, run, logged_model };

// An error keeps the thing, and says for whom. With `anyway` the caller insists: the keeper may
// only take note. Called from any thread, outside of transactions; may be empty.
using Keeper = std::function<Result<void>(Removal what, const std::string& id, bool anyway)>;

}  // namespace slipway::tracking
