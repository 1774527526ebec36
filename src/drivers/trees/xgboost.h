// SPDX-License-Identifier: Apache-2.0
// XGBoost's model files.
#pragma once

#include <string_view>
#include <vector>

#include "document.h"
#include "model.h"

namespace slipway::drivers::trees {

// Which Python class answers for the file: its `predict` differs.
enum class XgboostKind { booster, estimator, classifier };

// Members of the file that nothing here needs.
const std::vector<std::string_view>& xgboost_skipped();

Result<Model<float>> read_xgboost(const Document& file, XgboostKind kind);

}  // namespace slipway::drivers::trees
