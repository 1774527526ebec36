// SPDX-License-Identifier: Apache-2.0
// The bytes of a span's body as they are kept, see docs/formats/spans.md.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::tracing {

std::string pack(std::string_view text);
// data_loss when they are not what `pack` made.
Result<std::string> unpack(std::string_view bytes);

}  // namespace slipway::tracing
