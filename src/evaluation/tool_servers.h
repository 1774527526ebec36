// SPDX-License-Identifier: Apache-2.0
// Servers of tools that agents are given: described by a document, in semantic versions, reached at
// addresses that lead to a version or to an alias. Part of evaluation.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/filter.h"
#include "domain/types.h"

namespace slipway::evaluation {

struct Parts;

// A text that sorts as the version does by Semantic Versioning 2.0.0, in which builds ("+x") do not
// count. `field` is named when it is none.
Result<std::string> semantic_order(std::string_view field, std::string_view version);

struct ToolServerVersion {
  std::string server;
  std::string version;
  std::string status;                  // draft, active, deprecated; deleted ones are not told
  std::string document;                // JSON
  std::optional<std::string> tools;    // JSON
  std::optional<std::string> options;  // JSON
  std::optional<std::string> source;
  Timestamp created;
  Timestamp updated;
  std::optional<std::string> created_by;
  std::optional<std::string> updated_by;
  std::vector<Tag> tags;
  std::vector<std::string> aliases;
};

struct ToolServerAddress {
  std::string id;
  std::string server;
  std::string url;
  std::string transport;
  std::optional<std::string> version;  // exactly one of the two
  std::optional<std::string> alias;
  Timestamp created;
  Timestamp updated;
  std::optional<std::string> created_by;
  std::optional<std::string> updated_by;
};

struct ToolServer {
  std::string name;
  std::optional<std::string> display_name;
  std::optional<std::string> description;
  std::optional<std::string> icons;  // JSON
  Timestamp created;
  Timestamp updated;
  std::optional<std::string> created_by;
  std::optional<std::string> updated_by;
  std::vector<Tag> tags;
  std::vector<Tag> aliases;                   // alias and version
  std::vector<ToolServerVersion> versions;    // without deleted ones
  std::vector<std::string> deleted_versions;  // whose numbers are taken
  std::vector<ToolServerAddress> addresses;   // only those that lead somewhere

  const ToolServerVersion* version(std::string_view number) const;
  // An active one before others, then by version; null when there is none.
  const ToolServerVersion* latest() const;
  // By alias, "latest" too.
  const ToolServerVersion* aliased(std::string_view alias) const;
  const ToolServerVersion* target(const ToolServerAddress& address) const;
};

// What is to be changed; an inner nothing empties the field.
struct ToolServerChange {
  std::optional<std::optional<std::string>> display_name;
  std::optional<std::optional<std::string>> description;
  std::optional<std::optional<std::string>> icons;
};
struct ToolServerVersionChange {
  std::optional<std::string> status;
  std::optional<std::optional<std::string>> tools;
  std::optional<std::optional<std::string>> options;
};
struct ToolServerAddressChange {
  std::optional<std::string> url;
  std::optional<std::string> transport;
  std::optional<std::string> version;
  std::optional<std::string> alias;
};

struct ToolSearch {
  Filter filter;
  std::vector<OrderBy> order;
  PageRequest page;
};
struct ResolvedAddress {
  ToolServerAddress address;
  ToolServerVersion target;
};

class ToolServers {
 public:
  explicit ToolServers(const Parts& parts) : parts_(parts) {}

  Result<ToolServer> create(const ToolServer& fresh);
  Result<ToolServer> get(const std::string& name) const;
  // Attributes: name, display_name, status, has_access_endpoints ("true"), created_at,
  // last_updated_at; tags.
  Result<Page<ToolServer>> search(const ToolSearch& search) const;
  // name, version (its text), version_order (semantic_order), status, created_at, last_updated_at.
  Result<Page<ToolServerVersion>> search_versions(const std::string& server,
                                                  const ToolSearch& search) const;
  // status (of the target), server_name, transport_type, created_at, last_updated_at.
  Result<Page<ResolvedAddress>> search_addresses(const std::optional<std::string>& server,
                                                 const std::optional<std::string>& version,
                                                 const std::optional<std::string>& alias,
                                                 const ToolSearch& search) const;
  Result<ToolServer> change(const std::string& name, const ToolServerChange& change);
  // failed_precondition while a version is active.
  Result<void> remove(const std::string& name);

  // Makes the server when there is none.
  Result<ToolServerVersion> add_version(const ToolServerVersion& fresh);
  Result<ToolServerVersion> change_version(const std::string& server, const std::string& version,
                                           const ToolServerVersionChange& change);
  // Its aliases, and the addresses that lead to it, go with it.
  Result<void> remove_version(const std::string& server, const std::string& version);

  Result<ToolServerAddress> add_address(const ToolServerAddress& fresh);
  Result<ToolServerAddress> change_address(const std::string& server, const std::string& id,
                                           const ToolServerAddressChange& change);
  Result<void> remove_address(const std::string& server, const std::string& id);

  // Of the server, or of one of its versions.
  Result<void> set_tag(const std::string& server, const std::optional<std::string>& version,
                       const Tag& tag);
  Result<void> remove_tag(const std::string& server, const std::optional<std::string>& version,
                          const std::string& key);
  Result<void> set_alias(const std::string& server, const Tag& alias);
  Result<void> remove_alias(const std::string& server, const std::string& alias);

 private:
  const Parts& parts_;
};

}  // namespace slipway::evaluation
