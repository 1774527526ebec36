// SPDX-License-Identifier: Apache-2.0
// Our metrics as OTLP/HTTP carries them, for a collector.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "meter/exposition.h"

namespace slipway::wire::otlp {

// An ExportMetricsServiceRequest as JSON: counters and histograms cumulative since `started_ms`.
std::string metrics_json(const std::vector<meter::Snapshot>& metrics, std::int64_t started_ms,
                         std::int64_t now_ms);

}  // namespace slipway::wire::otlp
