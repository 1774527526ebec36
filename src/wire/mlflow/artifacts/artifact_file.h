// SPDX-License-Identifier: Apache-2.0
// One artifact as an answer: streamed, whole or the range that was asked for.
#pragma once

#include <string>

#include "net/http.h"
#include "tracking/artifacts.h"

namespace slipway::wire::mlflow {

// A folder is invalid_argument, nothing there not_found. Browsers save it and never show it, so
// that an artifact cannot act as a page of ours.
Result<net::Response> send_file(tracking::Artifacts& artifacts, const std::string& root,
                                const std::string& path, const net::Request& request);

}  // namespace slipway::wire::mlflow
