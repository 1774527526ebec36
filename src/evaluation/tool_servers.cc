// SPDX-License-Identifier: Apache-2.0
#include "evaluation/tool_servers.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "support.h"
#include "tool_server_rows.h"

namespace slipway::evaluation {
namespace {

using store::Connection;
using store::Row;

constexpr std::string_view kLatest = "latest";
constexpr std::size_t kNameLimit = 256;
constexpr std::size_t kTextLimit = 1'000'000;

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool is_name_part(std::string_view part, std::string_view inside) {
  return part.size() >= 2 && is_word(part.front()) && is_word(part.back()) &&
         std::all_of(part.begin(), part.end(),
                     [&](char c) { return is_word(c) || inside.find(c) != inside.npos; });
}

Result<void> check_name(const std::string& name) {
  const auto parts = split(name, '/');
  const bool reserved = parts.size() == 2 && (parts[1] == "aliases" || parts[1] == "endpoints" ||
                                              parts[1] == "tags" || parts[1] == "versions");
  if (parts.size() != 2 || reserved || name.size() > kNameLimit || !is_name_part(parts[0], ".-") ||
      !is_name_part(parts[1], "._-")) {
    return invalid("'" + name.substr(0, 200) + "' is not the name of a tool server",
                   "a namespace and a name: com.example/weather");
  }
  return {};
}

Error no_server(const std::string& name) {
  return not_found("tool server '" + name.substr(0, 200) + "' not found");
}
Error no_version(const std::string& server, const std::string& version) {
  return not_found("version '" + version.substr(0, 200) + "' of tool server '" +
                   server.substr(0, 200) + "' not found");
}

Result<ToolServer> load_one(Connection& c, const std::string& name) {
  SW_TRY(auto found, load_tool_servers(c, name));
  if (found.empty()) return no_server(name);
  return std::move(found.front());
}

// A version that was deleted is refused in other words than one that never was.
Result<const ToolServerVersion*> live(const ToolServer& server, const std::string& version) {
  if (const auto* found = server.version(version)) return found;
  const auto& gone = server.deleted_versions;
  if (std::find(gone.begin(), gone.end(), version) != gone.end()) {
    return invalid("version '" + version + "' of tool server '" + server.name + "' was deleted");
  }
  return no_version(server.name, version);
}

Result<void> check_move(const std::string& from, const std::string& to) {
  using Pair = std::pair<std::string_view, std::string_view>;
  static constexpr std::array<Pair, 6> kMoves = {{{"draft", "active"},
                                                  {"draft", "deleted"},
                                                  {"active", "draft"},
                                                  {"active", "deprecated"},
                                                  {"deprecated", "active"},
                                                  {"deprecated", "deleted"}}};
  if (std::find(kMoves.begin(), kMoves.end(), Pair(from, to)) != kMoves.end()) return {};
  return invalid("a version that is " + from + " cannot become " + to);
}

// Addresses that lead to the newest version go when there is none.
Result<void> drop_lost_addresses(Connection& c, const std::string& name) {
  SW_TRY(const auto server, load_one(c, name));
  if (server.latest() != nullptr) return {};
  SW_CHECK_OK(
      c.exec("DELETE FROM tool_server_address WHERE server = ? AND alias = 'latest'", {name}));
  return {};
}

Result<void> check_target(const ToolServer& server, const ToolServerAddress& address) {
  if (address.version)
    return live(server, *address.version).ok()
               ? Result<void>()
               : Result<void>(live(server, *address.version).error());
  if (server.aliased(*address.alias) != nullptr) return {};
  if (*address.alias == kLatest) return not_found("'" + server.name + "' has no version yet");
  return not_found("alias '" + *address.alias + "' of tool server '" + server.name + "' not found");
}

Result<void> check_address(const ToolServerAddress& address) {
  if (trim(address.url).empty()) return invalid("'url' must not be empty");
  if (address.transport == "streamable-http" || address.transport == "sse") return {};
  return invalid("invalid transport_type '" + address.transport + "'", "streamable-http or sse");
}

}  // namespace

const ToolServerVersion* ToolServer::version(std::string_view number) const {
  const auto found = std::find_if(versions.begin(), versions.end(),
                                  [&](const auto& each) { return each.version == number; });
  return found == versions.end() ? nullptr : &*found;
}

const ToolServerVersion* ToolServer::latest() const {
  const auto rank = [](const ToolServerVersion& v) {
    return std::tuple(v.status == "active",
                      semantic_order("version", v.version).value_or(std::string()), v.created.ms,
                      v.version);
  };
  const auto less = [&](const auto& a, const auto& b) { return rank(a) < rank(b); };
  const auto found = std::max_element(versions.begin(), versions.end(), less);
  return found == versions.end() ? nullptr : &*found;
}

const ToolServerVersion* ToolServer::aliased(std::string_view alias) const {
  if (alias == kLatest) return latest();
  const auto found = std::find_if(aliases.begin(), aliases.end(),
                                  [&](const auto& each) { return each.key == alias; });
  return found == aliases.end() ? nullptr : version(found->value);
}

const ToolServerVersion* ToolServer::target(const ToolServerAddress& address) const {
  return address.version ? version(*address.version) : aliased(address.alias.value_or(""));
}

Result<ToolServer> ToolServers::create(const ToolServer& fresh) {
  SW_CHECK_OK(check_name(fresh.name));
  SW_CHECK_OK(check_text("description", fresh.description.value_or(""), kTextLimit, true));
  const auto now = parts_.clock.now().ms;
  return parts_.db.write([&](Connection& c) -> Result<ToolServer> {
    const auto made = c.exec(
        "INSERT INTO tool_server (name, display_name, description, icons, created, updated) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        {fresh.name, cell_of(fresh.display_name), cell_of(fresh.description), cell_of(fresh.icons),
         now, now});
    if (!made && made.error().code == Code::already_exists) {
      return Error{Code::already_exists, "tool server '" + fresh.name + "' exists already", ""};
    }
    SW_CHECK_OK(made);
    return load_one(c, fresh.name);
  });
}

Result<ToolServer> ToolServers::get(const std::string& name) const {
  return parts_.db.read([&](Connection& c) { return load_one(c, name); });
}

Result<ToolServer> ToolServers::change(const std::string& name, const ToolServerChange& change) {
  return parts_.db.write([&](Connection& c) -> Result<ToolServer> {
    SW_TRY(const auto server, load_one(c, name));
    SW_CHECK_OK(
        c.exec("UPDATE tool_server SET display_name = ?, description = ?, icons = ?, "
               "updated = ? WHERE name = ?",
               {cell_of(change.display_name.value_or(server.display_name)),
                cell_of(change.description.value_or(server.description)),
                cell_of(change.icons.value_or(server.icons)), parts_.clock.now().ms, name}));
    return load_one(c, name);
  });
}

Result<void> ToolServers::remove(const std::string& name) {
  return parts_.db.write([&](Connection& c) -> Result<void> {
    SW_TRY(const auto server, load_one(c, name));
    for (const auto& version : server.versions) {
      if (version.status != "active") continue;
      return invalid("tool server '" + name + "' has the active version " + version.version,
                     "deprecate or remove that version first");
    }
    SW_CHECK_OK(c.exec("DELETE FROM tool_server WHERE name = ?", {name}));
    return {};
  });
}

Result<ToolServerVersion> ToolServers::add_version(const ToolServerVersion& fresh) {
  SW_CHECK_OK(check_name(fresh.server));
  SW_CHECK_OK(semantic_order("server_json.version", fresh.version));
  if (fresh.status != "draft" && fresh.status != "active") {
    return invalid("a new version cannot be '" + fresh.status.substr(0, 100) + "'",
                   "draft or active");
  }
  const auto now = parts_.clock.now().ms;
  return parts_.db.write([&](Connection& c) -> Result<ToolServerVersion> {
    SW_CHECK_OK(
        c.exec("INSERT INTO tool_server (name, created, updated) VALUES (?, ?, ?) "
               "ON CONFLICT (name) DO NOTHING",
               {fresh.server, now, now}));
    const auto made = c.exec(
        "INSERT INTO tool_server_version (server, version, status, document, tools, options, "
        "source, created, updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {fresh.server, fresh.version, fresh.status, fresh.document, cell_of(fresh.tools),
         cell_of(fresh.options), cell_of(fresh.source), now, now});
    if (!made && made.error().code == Code::already_exists) {
      return Error{Code::already_exists,
                   "tool server '" + fresh.server + "' has version '" + fresh.version +
                       "' already, or had it",
                   ""};
    }
    SW_CHECK_OK(made);
    SW_TRY(const auto server, load_one(c, fresh.server));
    SW_TRY(const auto* version, live(server, fresh.version));
    return *version;
  });
}

Result<ToolServerVersion> ToolServers::change_version(const std::string& server,
                                                      const std::string& version,
                                                      const ToolServerVersionChange& change) {
  return parts_.db.write([&](Connection& c) -> Result<ToolServerVersion> {
    SW_TRY(const auto loaded, load_tool_servers(c, server));
    const auto* old = loaded.empty() ? nullptr : loaded.front().version(version);
    if (old == nullptr) return no_version(server, version);
    if (change.status) SW_CHECK_OK(check_move(old->status, *change.status));
    SW_CHECK_OK(c.exec(
        "UPDATE tool_server_version SET status = ?, tools = ?, options = ?, "
        "updated = ? WHERE server = ? AND version = ?",
        {change.status.value_or(old->status), cell_of(change.tools.value_or(old->tools)),
         cell_of(change.options.value_or(old->options)), parts_.clock.now().ms, server, version}));
    if (change.status) SW_CHECK_OK(drop_lost_addresses(c, server));
    SW_TRY(const auto now, load_one(c, server));
    if (const auto* changed = now.version(version)) return *changed;
    auto gone = *old;
    gone.status = *change.status;
    return gone;
  });
}

Result<void> ToolServers::remove_version(const std::string& server, const std::string& version) {
  return parts_.db.write([&](Connection& c) -> Result<void> {
    SW_TRY(const auto loaded, load_tool_servers(c, server));
    if (loaded.empty()) return no_version(server, version);
    SW_TRY(const auto* old, live(loaded.front(), version));
    SW_CHECK_OK(check_move(old->status, "deleted"));
    SW_CHECK_OK(
        c.exec("DELETE FROM tool_server_address WHERE server = ? AND (version = ? OR "
               "alias IN (SELECT alias FROM tool_server_alias WHERE server = ? AND "
               "version = ?))",
               {server, version, server, version}));
    SW_CHECK_OK(c.exec("DELETE FROM tool_server_alias WHERE server = ? AND version = ?",
                       {server, version}));
    SW_CHECK_OK(
        c.exec("UPDATE tool_server_version SET status = 'deleted', updated = ? "
               "WHERE server = ? AND version = ?",
               {parts_.clock.now().ms, server, version}));
    return drop_lost_addresses(c, server);
  });
}

Result<ToolServerAddress> ToolServers::add_address(const ToolServerAddress& fresh) {
  if (fresh.version.has_value() == fresh.alias.has_value()) {
    return invalid("exactly one of 'server_version' and 'server_alias' is wanted");
  }
  SW_CHECK_OK(check_address(fresh));
  auto out = fresh;
  out.id = "ae-" + parts_.ids.hex32();
  out.created = out.updated = parts_.clock.now();
  SW_CHECK_OK(parts_.db.write([&](Connection& c) -> Result<void> {
    SW_TRY(const auto server, load_one(c, fresh.server));
    SW_CHECK_OK(check_target(server, fresh));
    SW_CHECK_OK(
        c.exec("INSERT INTO tool_server_address (id, server, url, transport, version, "
               "alias, created, updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
               {out.id, out.server, out.url, out.transport, cell_of(out.version),
                cell_of(out.alias), out.created.ms, out.updated.ms}));
    return {};
  }));
  return out;
}

Result<ToolServerAddress> ToolServers::change_address(const std::string& server,
                                                      const std::string& id,
                                                      const ToolServerAddressChange& change) {
  if (change.version && change.alias) {
    return invalid("only one of 'server_version' and 'server_alias' can be set");
  }
  return parts_.db.write([&](Connection& c) -> Result<ToolServerAddress> {
    SW_TRY(const auto loaded, load_tool_servers(c, server));
    const auto none = not_found("address '" + id.substr(0, 100) + "' of tool server '" +
                                server.substr(0, 200) + "' not found");
    if (loaded.empty()) return none;
    const auto& all = loaded.front().addresses;
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.id == id; });
    if (found == all.end()) return none;
    auto out = *found;
    if (change.version || change.alias) {
      out.version = change.version;
      out.alias = change.alias;
      SW_CHECK_OK(check_target(loaded.front(), out));
    }
    out.url = change.url.value_or(out.url);
    out.transport = change.transport.value_or(out.transport);
    SW_CHECK_OK(check_address(out));
    out.updated = parts_.clock.now();
    SW_CHECK_OK(c.exec(
        "UPDATE tool_server_address SET url = ?, transport = ?, version = ?, "
        "alias = ?, updated = ? WHERE id = ?",
        {out.url, out.transport, cell_of(out.version), cell_of(out.alias), out.updated.ms, id}));
    return out;
  });
}

Result<void> ToolServers::remove_address(const std::string& server, const std::string& id) {
  return parts_.db.write([&](Connection& c) -> Result<void> {
    SW_TRY(const auto gone,
           c.exec("DELETE FROM tool_server_address WHERE server = ? AND id = ?", {server, id}));
    if (gone > 0) return {};
    return not_found("address '" + id.substr(0, 100) + "' of tool server '" +
                     server.substr(0, 200) + "' not found");
  });
}

Result<void> ToolServers::set_tag(const std::string& server,
                                  const std::optional<std::string>& version, const Tag& tag) {
  return parts_.db.write([&](Connection& c) -> Result<void> {
    SW_TRY(const auto loaded, load_tool_servers(c, server));
    if (version && (loaded.empty() || loaded.front().version(*version) == nullptr)) {
      return no_version(server, *version);
    }
    if (loaded.empty()) return no_server(server);
    SW_CHECK_OK(version
                    ? c.exec("INSERT INTO tool_server_version_tag (server, version, key, value) "
                             "VALUES (?, ?, ?, ?) ON CONFLICT (server, version, key) DO UPDATE "
                             "SET value = excluded.value",
                             {server, *version, tag.key, tag.value})
                    : c.exec("INSERT INTO tool_server_tag (server, key, value) VALUES (?, ?, ?) "
                             "ON CONFLICT (server, key) DO UPDATE SET value = excluded.value",
                             {server, tag.key, tag.value}));
    return {};
  });
}

Result<void> ToolServers::remove_tag(const std::string& server,
                                     const std::optional<std::string>& version,
                                     const std::string& key) {
  return parts_.db.write([&](Connection& c) -> Result<void> {
    SW_TRY(const auto gone,
           version
               ? c.exec("DELETE FROM tool_server_version_tag WHERE server = ? AND version = ? "
                        "AND key = ?",
                        {server, *version, key})
               : c.exec("DELETE FROM tool_server_tag WHERE server = ? AND key = ?", {server, key}));
    if (gone > 0) return {};
    return not_found("tag '" + key.substr(0, 200) + "' not found");
  });
}

Result<void> ToolServers::set_alias(const std::string& server, const Tag& alias) {
  if (alias.key == kLatest) return invalid("the alias 'latest' is kept for the newest version");
  if (alias.key.empty()) return invalid("'alias' must not be empty");
  return parts_.db.write([&](Connection& c) -> Result<void> {
    SW_TRY(const auto loaded, load_one(c, server));
    SW_CHECK_OK(live(loaded, alias.value));
    SW_CHECK_OK(
        c.exec("INSERT INTO tool_server_alias (server, alias, version) VALUES (?, ?, ?) "
               "ON CONFLICT (server, alias) DO UPDATE SET version = excluded.version",
               {server, alias.key, alias.value}));
    return {};
  });
}

Result<void> ToolServers::remove_alias(const std::string& server, const std::string& alias) {
  return parts_.db.write([&](Connection& c) -> Result<void> {
    SW_TRY(const auto gone,
           c.exec("DELETE FROM tool_server_alias WHERE server = ? AND alias = ?", {server, alias}));
    if (gone == 0) return not_found("alias '" + alias.substr(0, 200) + "' not found");
    SW_CHECK_OK(
        c.exec("DELETE FROM tool_server_address WHERE server = ? AND alias = ?", {server, alias}));
    return {};
  });
}

}  // namespace slipway::evaluation
