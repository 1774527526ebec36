// SPDX-License-Identifier: Apache-2.0
// A span in the JSON form of OpenTelemetry's message, as the client reads it.
#pragma once

#include <string>
#include <string_view>

namespace slipway::wire::mlflow {

// `body` as described in docs/formats/spans.md. "null" when it is not of that form.
std::string span_message(std::string_view body);

}  // namespace slipway::wire::mlflow
