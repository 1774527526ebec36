// SPDX-License-Identifier: Apache-2.0
// Traces and evaluation datasets of a running server. One that is too old for them has none.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "api.h"
#include "transfer/transfer.h"

namespace slipway::drivers::mlflow {

// `runs`: those of each experiment; a trace tells to which of them it is linked.
using RunsByExperiment = std::map<std::string, std::vector<std::string>>;
Result<void> traces_of_server(
    const Api& api, const std::vector<value>& experiments, const RunsByExperiment& runs,
    std::map<std::string, std::string>& roots,
    const transfer::Source::Each<std::vector<transfer::TraceRecord>>& each);
Result<void> spans_of_server(const Api& api, transfer::TraceRecord& trace);
Result<void> datasets_of_server(const Api& api,
                                const transfer::Source::Each<std::vector<transfer::Record>>& each);

}  // namespace slipway::drivers::mlflow
