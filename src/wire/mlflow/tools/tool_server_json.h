// SPDX-License-Identifier: Apache-2.0
// Tool servers (for MLflow: MCP servers) in the words of its interface.
#pragma once

#include <string_view>

#include "evaluation/tool_servers.h"
#include "json/value.h"

namespace slipway::wire::mlflow {

json::object to_wire(const evaluation::ToolServer& server);
json::object to_wire(const evaluation::ToolServerVersion& version);
// `tools`: those of the version that it leads to stand beside it as well.
json::object to_wire(const evaluation::ToolServerAddress& address,
                     const evaluation::ToolServerVersion& target, bool tools);

// Lists as they are kept. Null stays nothing.
Result<std::optional<std::string>> icons_of(std::string_view field, const json::value& given);
Result<std::optional<std::string>> tools_of(const json::value& given);
Result<std::optional<std::string>> options_of(const json::value& given);
// The document of a version: as it was given, or wrapped as a public registry answers it.
Result<json::object> document_of(const json::value& given);

}  // namespace slipway::wire::mlflow
