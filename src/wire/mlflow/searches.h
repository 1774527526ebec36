// SPDX-License-Identifier: Apache-2.0
// MLflow's filters and orders over runs, experiments and logged models, in this house's words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tracking/types.h"

namespace slipway::wire::mlflow {

Result<Filter> runs_filter(std::string_view text);
Result<std::vector<tracking::SearchOrder>> runs_order(const std::vector<std::string>& order_by);

Result<Filter> experiments_filter(std::string_view text);
Result<std::vector<tracking::SearchOrder>> experiments_order(
    const std::vector<std::string>& order_by);

Result<Filter> logged_models_filter(std::string_view text);
// A field as logged models are ordered by: an attribute, or "metrics.<key>".
Result<tracking::SearchOrder> logged_models_order(std::string_view field, bool ascending);

}  // namespace slipway::wire::mlflow
