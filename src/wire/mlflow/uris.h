// SPDX-License-Identifier: Apache-2.0
// Artifact locations as MLflow writes them, and paths inside them.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::wire::mlflow {

// The tag by which MLflow repeats the name of a run. We keep the name once, as the name.
inline constexpr const char* kRunNameTag = "mlflow.runName";

// A folder of our own store is mlflow-artifacts:/<folder>; a foreign URI stays what it is.
std::string uri_of_root(std::string_view root);
std::string root_of_uri(const std::string& uri);
// The same for a location that a user asks for, checked.
Result<std::string> checked_root(std::string_view field, const std::string& uri);

// A path below an artifact root: decoded until nothing is encoded any more, never absolute, without
// "." and ".." segments, '#', NUL, or backslashes. "" stands for the root itself.
Result<std::string> checked_path(std::string_view path);

}  // namespace slipway::wire::mlflow
