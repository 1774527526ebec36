// SPDX-License-Identifier: Apache-2.0
// From what an exporter sends to spans as we keep them, by trace.
#pragma once

#include <string>
#include <vector>

#include "export.h"
#include "tracing/types.h"

namespace slipway::wire::otlp {

struct Batches {
  std::vector<tracing::SpanBatch> batches;  // in order of appearance
  std::vector<tracing::TraceId> rooted;     // those whose root is among the spans
  std::size_t refused = 0;                  // spans that cannot be taken
  std::string why;                          // of the first
};

Result<Batches> batches_of(const ExportIn& in);

}  // namespace slipway::wire::otlp
