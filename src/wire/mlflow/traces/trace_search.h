// SPDX-License-Identifier: Apache-2.0
// MLflow's filters and orders over traces, in this house's words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tracing/types.h"

namespace slipway::wire::mlflow {

Result<Filter> traces_filter(std::string_view text);
Result<std::vector<OrderBy>> traces_order(const std::vector<std::string>& order_by);

// 100 unless told; 1 to 500.
Result<std::size_t> traces_page(const std::optional<std::int64_t>& max_results);

// One clause of a question for figures: trace.status, trace.tag.k, trace.metadata.k, span.name,
// span.status, span.type, assessment.name or assessment.type, compared with =.
Result<Filter> figures_filter(std::string_view text);

}  // namespace slipway::wire::mlflow
