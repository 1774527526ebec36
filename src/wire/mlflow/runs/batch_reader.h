// SPDX-License-Identifier: Apache-2.0
// Reports read from left to right, without a tree of their JSON: what clients send all day.
#pragma once

#include <optional>
#include <string_view>

#include "runs/messages_run.h"

namespace slipway::wire::mlflow {

// Nothing when the body is anything but the plain form (other fields, a field twice, numbers as
// text): then the general reader takes it, and knows what to say about it.
std::optional<LogBatch> read_plain_batch(std::string_view body);
std::optional<LogMetric> read_plain_metric(std::string_view body);

}  // namespace slipway::wire::mlflow
