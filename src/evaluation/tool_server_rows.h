// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "evaluation/tool_servers.h"
#include "store/database.h"

namespace slipway::evaluation {

// All servers by name, or one, with everything that is theirs.
Result<std::vector<ToolServer>> load_tool_servers(store::Connection& c,
                                                  const std::optional<std::string>& name);

}  // namespace slipway::evaluation
