// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "support.h"
#include "tool_server_rows.h"

namespace slipway::evaluation {
namespace {

using store::Connection;

Filter::Value text_or_nothing(const std::optional<std::string>& text) {
  return text ? Filter::Value(*text) : Filter::Value();
}
Filter::Value tag_of(const std::vector<Tag>& tags, const std::string& key) {
  for (const auto& tag : tags) {
    if (tag.key == key) return tag.value;
  }
  return {};
}
Filter::Value time_of(const std::string& key, Timestamp created, Timestamp updated) {
  return static_cast<double>(key == "created_at" ? created.ms : updated.ms);
}

Filter::Value value_of(const ToolServer& server, const std::string& entity,
                       const std::string& key) {
  if (entity == "tag") return tag_of(server.tags, key);
  if (key == "name") return server.name;
  if (key == "display_name") return text_or_nothing(server.display_name);
  if (key == "has_access_endpoints") return server.addresses.empty() ? "false" : "true";
  if (key != "status") return time_of(key, server.created, server.updated);
  const auto* latest = server.latest();
  return latest != nullptr ? Filter::Value(latest->status) : Filter::Value();
}

Filter::Value value_of(const ToolServerVersion& version, const std::string&,
                       const std::string& key) {
  if (key == "name") return version.server;
  if (key == "version") return version.version;
  if (key == "version_order") return semantic_order(key, version.version).value_or("");
  if (key == "status") return version.status;
  return time_of(key, version.created, version.updated);
}

Filter::Value value_of(const ResolvedAddress& item, const std::string&, const std::string& key) {
  if (key == "id") return item.address.id;
  if (key == "server_name") return item.address.server;
  if (key == "transport_type") return item.address.transport;
  if (key == "status") return item.target.status;
  return time_of(key, item.address.created, item.address.updated);
}

// `last`: what settles what is equal.
template <class T>
Result<Page<T>> select(std::vector<T> items, const ToolSearch& search,
                       const std::vector<OrderBy>& last) {
  SW_TRY(const auto offset, offset_of(search.page));
  std::erase_if(items, [&](const T& item) {
    return !matches(search.filter, [&](const std::string& entity, const std::string& key) {
      return value_of(item, entity, key);
    });
  });
  auto order = search.order;
  order.insert(order.end(), last.begin(), last.end());
  std::stable_sort(items.begin(), items.end(), [&](const T& a, const T& b) {
    for (const auto& by : order) {
      const auto x = value_of(a, by.entity, by.key);
      const auto y = value_of(b, by.entity, by.key);
      if (x != y) return by.ascending ? x < y : y < x;
    }
    return false;
  });
  const auto from = std::min(items.size(), static_cast<std::size_t>(offset));
  items.erase(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(from));
  return page_of(std::move(items), search.page, offset);
}

}  // namespace

Result<Page<ToolServer>> ToolServers::search(const ToolSearch& search) const {
  SW_TRY(auto found,
         parts_.db.read([](Connection& c) { return load_tool_servers(c, std::nullopt); }));
  return select(std::move(found), search, {{"attribute", "name", true}});
}

Result<Page<ToolServerVersion>> ToolServers::search_versions(const std::string& server,
                                                             const ToolSearch& search) const {
  SW_TRY(auto found, parts_.db.read([&](Connection& c) { return load_tool_servers(c, server); }));
  return select(found.empty() ? std::vector<ToolServerVersion>() : std::move(found[0].versions),
                search, {{"attribute", "created_at", true}, {"attribute", "version", true}});
}

Result<Page<ResolvedAddress>> ToolServers::search_addresses(
    const std::optional<std::string>& server, const std::optional<std::string>& version,
    const std::optional<std::string>& alias, const ToolSearch& search) const {
  SW_TRY(const auto found,
         parts_.db.read([&](Connection& c) { return load_tool_servers(c, server); }));
  std::vector<ResolvedAddress> items;
  for (const auto& each : found) {
    for (const auto& address : each.addresses) {
      if (version && address.version != version) continue;
      if (alias && address.alias != alias) continue;
      items.push_back({address, *each.target(address)});
    }
  }
  return select(std::move(items), search, {{"attribute", "id", true}});
}

}  // namespace slipway::evaluation
