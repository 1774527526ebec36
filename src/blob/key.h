// SPDX-License-Identifier: Apache-2.0
// What may name an object.
#pragma once

#include <string_view>

#include "base/result.h"

namespace slipway::blob {

// `empty_allowed` for prefixes, where it means everything.
Result<void> check_key(std::string_view key, bool empty_allowed);

}  // namespace slipway::blob
