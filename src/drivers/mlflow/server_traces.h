// SPDX-License-Identifier: Apache-2.0
// Traces and evaluation datasets of a running server. One that is too old for them has none.
#pragma once

#include <vector>

#include "api.h"
#include "transfer/transfer.h"

namespace slipway::drivers::mlflow {

Result<void> traces_of_server(
    const Api& api, const std::vector<value>& experiments,
    const transfer::Source::Each<std::vector<transfer::TraceRecord>>& each);
Result<void> spans_of_server(const Api& api, transfer::TraceRecord& trace);
Result<void> datasets_of_server(const Api& api,
                                const transfer::Source::Each<std::vector<transfer::Record>>& each);

}  // namespace slipway::drivers::mlflow
