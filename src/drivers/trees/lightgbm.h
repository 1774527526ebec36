// SPDX-License-Identifier: Apache-2.0
// LightGBM's model files, which are text.
#pragma once

#include <string_view>

#include "model.h"

namespace slipway::drivers::trees {

Result<Model<double>> read_lightgbm(std::string_view text);

}  // namespace slipway::drivers::trees
