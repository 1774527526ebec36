// SPDX-License-Identifier: Apache-2.0
// Spans as OTLP's request (protobuf): the form in which MLflow takes them, too.
#pragma once

#include <string>

#include "base/result.h"
#include "transfer/record.h"

namespace slipway::drivers::mlflow {

// "tr-" and 32 hex digits: only such ids exist in OTLP.
bool has_otlp_id(const std::string& trace);
// An ExportTraceServiceRequest with all spans of the trace. Attributes lose nothing: what a span
// holds as JSON inside a text becomes a typed value, and comes back as the same text.
Result<std::string> spans_to_otlp(const transfer::TraceRecord& trace);

}  // namespace slipway::drivers::mlflow
