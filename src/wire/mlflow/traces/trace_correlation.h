// SPDX-License-Identifier: Apache-2.0
// How often two conditions hold for the same traces; and small things that traces say of
// themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "net/http.h"
#include "traces/messages_trace.h"
#include "tracing/tracing.h"

namespace slipway::wire::mlflow {

Result<net::Response> calculate_correlation(tracing::Tracing& tracing, const FilterCorrelation& in);

// As many spans as its client has said that it has; 0 when it said nothing.
std::size_t announced_spans(const tracing::Trace& trace);

std::optional<std::int64_t> parse_version(const std::string& text);

}  // namespace slipway::wire::mlflow
