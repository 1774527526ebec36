// SPDX-License-Identifier: Apache-2.0
// What a rollout is asked to do, checked and completed.
#pragma once

#include "base/result.h"
#include "rollout/types.h"

namespace slipway::rollout {

// Shadow steps come first; weights must grow to 100 (a last step of 100 % is added when it is
// missing); a step that asks for nothing asks for 100 requests.
Result<Spec> completed(Spec spec);

}  // namespace slipway::rollout
