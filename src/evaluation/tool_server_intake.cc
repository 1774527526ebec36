// SPDX-License-Identifier: Apache-2.0
// Servers of tools that were described elsewhere.
#include "evaluation/intake.h"
#include "support.h"

namespace slipway::evaluation {
namespace {

using store::Connection;

Result<void> take_version(Connection& c, const ToolServer& server, const ToolServerVersion& v) {
  SW_CHECK_OK(semantic_order("version", v.version));
  SW_CHECK_OK(
      c.exec("INSERT INTO tool_server_version (server, version, status, document, tools, options, "
             "source, created, updated, created_by, updated_by) "
             "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (server, version) DO UPDATE SET "
             "status = excluded.status, tools = excluded.tools, options = excluded.options, "
             "updated = excluded.updated, updated_by = excluded.updated_by",
             {server.name, v.version, v.status, v.document, cell_of(v.tools), cell_of(v.options),
              cell_of(v.source), v.created.ms, v.updated.ms, cell_of(v.created_by),
              cell_of(v.updated_by)}));
  for (const auto& tag : v.tags) {
    SW_CHECK_OK(
        c.exec("INSERT INTO tool_server_version_tag (server, version, key, value) "
               "VALUES (?, ?, ?, ?) ON CONFLICT (server, version, key) DO UPDATE "
               "SET value = excluded.value",
               {server.name, v.version, tag.key, tag.value}));
  }
  return {};
}

Result<void> take_address(Connection& c, const ToolServer& server, const ToolServerAddress& a) {
  if (a.id.empty() || a.version.has_value() == a.alias.has_value()) {
    return invalid("an address of tool server '" + server.name +
                   "' has no id, or leads not to exactly one of a version and an alias");
  }
  SW_CHECK_OK(c.exec(
      "INSERT INTO tool_server_address (id, server, url, transport, version, alias, created, "
      "updated, created_by, updated_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
      "ON CONFLICT (id) DO UPDATE SET url = excluded.url, transport = excluded.transport, "
      "version = excluded.version, alias = excluded.alias, updated = excluded.updated, "
      "updated_by = excluded.updated_by",
      {a.id, server.name, a.url, a.transport, cell_of(a.version), cell_of(a.alias), a.created.ms,
       a.updated.ms, cell_of(a.created_by), cell_of(a.updated_by)}));
  return {};
}

}  // namespace

Result<void> take_tool_server(Connection& c, const ToolServer& server) {
  if (server.name.empty()) return invalid("a tool server has no name");
  SW_CHECK_OK(
      c.exec("INSERT INTO tool_server (name, display_name, description, icons, created, updated, "
             "created_by, updated_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE "
             "SET display_name = excluded.display_name, description = excluded.description, "
             "icons = excluded.icons, updated = excluded.updated, "
             "updated_by = excluded.updated_by",
             {server.name, cell_of(server.display_name), cell_of(server.description),
              cell_of(server.icons), server.created.ms, server.updated.ms,
              cell_of(server.created_by), cell_of(server.updated_by)}));
  for (const auto& tag : server.tags) {
    SW_CHECK_OK(
        c.exec("INSERT INTO tool_server_tag (server, key, value) VALUES (?, ?, ?) "
               "ON CONFLICT (server, key) DO UPDATE SET value = excluded.value",
               {server.name, tag.key, tag.value}));
  }
  for (const auto& version : server.versions) SW_CHECK_OK(take_version(c, server, version));
  for (const auto& alias : server.aliases) {
    SW_CHECK_OK(
        c.exec("INSERT INTO tool_server_alias (server, alias, version) VALUES (?, ?, ?) "
               "ON CONFLICT (server, alias) DO UPDATE SET version = excluded.version",
               {server.name, alias.key, alias.value}));
  }
  for (const auto& address : server.addresses) SW_CHECK_OK(take_address(c, server, address));
  return {};
}

}  // namespace slipway::evaluation
