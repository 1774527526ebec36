// SPDX-License-Identifier: Apache-2.0
// Graphs in requests. Private to wire/api.
#pragma once

#include <string>

#include "base/result.h"
#include "json/json.h"

namespace slipway::wire::api {

// A text, or the graph as JSON, which YAML includes; empty when there is none. `where` is for
// messages.
Result<std::string> graph_text(const json::Raw& raw, const std::string& where);

}  // namespace slipway::wire::api
