// SPDX-License-Identifier: Apache-2.0
#include "tool_server_rows.h"

#include <functional>
#include <map>

namespace slipway::evaluation {
namespace {

using store::Connection;
using store::Row;
using Take = std::function<void(ToolServer&, const Row&)>;

std::string text(const Row& row, int column) {
  return std::string(row.text(column));
}

void take_version(ToolServer& server, const Row& row) {
  ToolServerVersion version;
  version.server = server.name;
  version.version = text(row, 1);
  version.status = text(row, 2);
  if (version.status == "deleted") return server.deleted_versions.push_back(version.version);
  version.document = text(row, 3);
  version.tools = row.maybe_text(4);
  version.options = row.maybe_text(5);
  version.source = row.maybe_text(6);
  version.created = {row.int64(7)};
  version.updated = {row.int64(8)};
  version.created_by = row.maybe_text(9);
  version.updated_by = row.maybe_text(10);
  for (const auto& alias : server.aliases) {
    if (alias.value == version.version) version.aliases.push_back(alias.key);
  }
  server.versions.push_back(std::move(version));
}

void take_version_tag(ToolServer& server, const Row& row) {
  for (auto& version : server.versions) {
    if (version.version == row.text(1)) version.tags.push_back({text(row, 2), text(row, 3)});
  }
}

void take_address(ToolServer& server, const Row& row) {
  ToolServerAddress address;
  address.server = server.name;
  address.id = text(row, 1);
  address.url = text(row, 2);
  address.transport = text(row, 3);
  address.version = row.maybe_text(4);
  address.alias = row.maybe_text(5);
  address.created = {row.int64(6)};
  address.updated = {row.int64(7)};
  address.created_by = row.maybe_text(8);
  address.updated_by = row.maybe_text(9);
  if (server.target(address) != nullptr) server.addresses.push_back(std::move(address));
}

ToolServer server_of(const Row& row) {
  ToolServer out;
  out.name = text(row, 0);
  out.display_name = row.maybe_text(1);
  out.description = row.maybe_text(2);
  out.icons = row.maybe_text(3);
  out.created = {row.int64(4)};
  out.updated = {row.int64(5)};
  out.created_by = row.maybe_text(6);
  out.updated_by = row.maybe_text(7);
  return out;
}

}  // namespace

Result<std::vector<ToolServer>> load_tool_servers(Connection& c,
                                                  const std::optional<std::string>& name) {
  const store::Cells cells = name ? store::Cells{*name} : store::Cells{};
  SW_TRY(auto out, c.all(std::string("SELECT name, display_name, description, icons, created, "
                                     "updated, created_by, updated_by FROM tool_server") +
                             (name ? " WHERE name = ?" : "") + " ORDER BY name",
                         cells, server_of));
  std::map<std::string, ToolServer*, std::less<>> by_name;
  for (auto& server : out) by_name[server.name] = &server;
  const auto each = [&](const std::string& sql, const Take& take) {
    return c.query(sql + (name ? " WHERE server = ?" : "") + " ORDER BY 1, 2", cells,
                   [&](const Row& row) {
                     const auto found = by_name.find(row.text(0));
                     if (found != by_name.end()) take(*found->second, row);
                     return true;
                   });
  };
  SW_CHECK_OK(each("SELECT server, key, value FROM tool_server_tag",
                   [](ToolServer& server, const Row& row) {
                     server.tags.push_back({text(row, 1), text(row, 2)});
                   }));
  SW_CHECK_OK(each("SELECT server, alias, version FROM tool_server_alias",
                   [](ToolServer& server, const Row& row) {
                     server.aliases.push_back({text(row, 1), text(row, 2)});
                   }));
  SW_CHECK_OK(
      each("SELECT server, version, status, document, tools, options, source, created, "
           "updated, created_by, updated_by FROM tool_server_version",
           take_version));
  SW_CHECK_OK(
      each("SELECT server, version, key, value FROM tool_server_version_tag", take_version_tag));
  SW_CHECK_OK(
      each("SELECT server, id, url, transport, version, alias, created, updated, "
           "created_by, updated_by FROM tool_server_address",
           take_address));
  return out;
}

}  // namespace slipway::evaluation
