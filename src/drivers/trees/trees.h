// SPDX-License-Identifier: Apache-2.0
// Runs gradient-boosted trees and forests in this process, from the files that XGBoost and LightGBM
// write, without their libraries.
#pragma once

#include <memory>
#include <string_view>

#include "serving/backend.h"

namespace slipway::drivers::trees {

std::unique_ptr<serving::ModelBackend> make_backend();

}  // namespace slipway::drivers::trees
