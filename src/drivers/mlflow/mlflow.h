// SPDX-License-Identifier: Apache-2.0
// MLflow's own stores as sources of a transfer: its SQL database, its folder of files, its server.
#pragma once

#include <memory>
#include <string>

#include "transfer/transfer.h"

namespace slipway::drivers::mlflow {

// `where`: http(s)://HOST of a running server; sqlite:///FILE, postgresql://.. or a path of an
// SQLite file; a folder of runs. `artifacts`: the folder that "mlflow-artifacts:" URIs of a
// database stand for; empty: "mlartifacts" beside the SQLite file.
Result<std::unique_ptr<transfer::Source>> open(const std::string& where,
                                               const std::string& artifacts);

// A running MLflow server to export to. What it holds already of an earlier export is found again.
Result<std::unique_ptr<transfer::Target>> open_target(const std::string& url);

}  // namespace slipway::drivers::mlflow
