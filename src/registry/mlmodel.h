// SPDX-License-Identifier: Apache-2.0
// Reads the MLmodel file of a model folder.
#pragma once

#include <string_view>

#include "base/result.h"
#include "registry/types.h"

namespace slipway::registry {

// The text comes from whoever uploaded the model: it is bounded (1 MiB, 64 flavours, 10,000
// columns) and anything else than what we look for is passed over. A line is named in errors.
Result<ModelFile> parse_model_file(std::string_view yaml);

}  // namespace slipway::registry
