// SPDX-License-Identifier: Apache-2.0
// Errors in MLflow's dialect: {"error_code": NAME, "message": text}.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http.h"

namespace slipway::wire::mlflow {

net::Response render(const Error& error);
// For the few answers where the original names another code than `render` would.
net::Response error_answer(int status, std::string_view code, const std::string& message);

// "missing value for required parameter 'run_id'"
Error missing(std::string_view field);

}  // namespace slipway::wire::mlflow
