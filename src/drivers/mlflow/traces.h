// SPDX-License-Identifier: Apache-2.0
// Traces as MLflow tells them, as records: what it keeps in tags and metadata has places of its own
// here.
#pragma once

#include <string>

#include "json/value.h"
#include "transfer/record.h"

namespace slipway::drivers::mlflow {

// TraceInfo of the REST interface (v3).
transfer::TraceRecord trace_of(const json::value& info);
// Into their places: trace name, session, tokens, cost; the rest stays as it is.
void take_trace_tag(transfer::TraceRecord& into, const std::string& key, const std::string& text);
void take_trace_metadata(transfer::TraceRecord& into, const std::string& key,
                         const std::string& text);
// A span in the form that MLflow keeps (and that docs/formats/spans.md describes).
Result<transfer::SpanRecord> span_of(const json::value& span);

}  // namespace slipway::drivers::mlflow
