// SPDX-License-Identifier: Apache-2.0
#include "tools/tool_server_json.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "errors.h"

namespace slipway::wire::mlflow {
namespace {

using json::array;
using json::object;
using json::value;

constexpr std::size_t kIconLimit = 100;
constexpr std::size_t kToolLimit = 1'000;
constexpr const char* kWorkspace = "default";
constexpr const char* kToolMembers[] = {"name",         "title",       "description", "inputSchema",
                                        "outputSchema", "annotations", "icons",       "execution"};

value maybe(const std::optional<std::string>& text) {
  return text ? value(*text) : value(nullptr);
}
value parsed(const std::optional<std::string>& text) {
  auto out = json::parse_value(text.value_or("null"));
  return out ? *std::move(out) : value(nullptr);
}
object pairs_json(const std::vector<Tag>& tags) {
  object out;
  for (const auto& tag : tags) out[tag.key] = tag.value;
  return out;
}

// Every member is told, absent ones as null.
array tools_json(const std::optional<std::string>& kept) {
  array out;
  const auto tools = parsed(kept);
  if (!tools.is_array()) return out;
  for (const auto& tool : tools.get_array()) {
    object one;
    for (const char* key : kToolMembers) {
      const auto* found = json::find(tool, key);
      one[key] = found != nullptr ? *found : value(nullptr);
    }
    out.push_back(std::move(one));
  }
  return out;
}

template <class Made>
void put_times(object& out, const Made& made) {
  out["created_by"] = maybe(made.created_by);
  out["last_updated_by"] = maybe(made.updated_by);
  out["creation_timestamp"] = made.created.ms;
  out["last_updated_timestamp"] = made.updated.ms;
}

// The server's own, then those of its newest version for themes that it lacks. An empty list of its
// own hides the version's.
value icons_json(const evaluation::ToolServer& server, const value& document) {
  const auto own = parsed(server.icons);
  if (own.is_array() && own.get_array().empty()) return array();
  array out;
  std::set<std::string> themes;
  const auto theme_of = [](const value& icon) { return json::text_at(icon, "theme").value_or(""); };
  const auto add = [&](const value& icons, const char* source) {
    if (!icons.is_array()) return;
    for (const auto& icon : icons.get_array()) {
      if (!icon.is_object()) continue;
      auto one = icon.get_object();
      one["source"] = source;
      out.push_back(std::move(one));
    }
  };
  add(own, "server");
  for (const auto& icon : out) themes.insert(theme_of(icon));
  if (const auto* others = json::find(document, "icons"); others != nullptr && others->is_array()) {
    array rest;
    for (const auto& icon : others->get_array()) {
      if (!themes.contains(theme_of(icon))) rest.push_back(icon);
    }
    add(rest, "version");
  }
  return out.empty() ? value(nullptr) : value(std::move(out));
}

Result<object> icon_of(const std::string& where, const value& given) {
  if (!given.is_object()) return invalid("'" + where + "' must be an object");
  const auto src = json::text_at(given, "src");
  if (!src) return missing(where + ".src");
  const auto rest = std::string_view(*src).substr(std::min<std::size_t>(8, src->size()));
  const auto host = rest.substr(0, rest.find_first_of("/?#"));
  if (!to_lower(*src).starts_with("https://") || host.empty() || host.find('@') != host.npos) {
    return invalid("'" + where + ".src' must be an https address without credentials");
  }
  object out = given.get_object();
  if (json::text_at(given, "source") == "version") {
    return invalid("'" + where + ".source' is not for writing", "leave it out");
  }
  out.erase("source");
  if (const auto* type = json::find(given, "mimeType"); type != nullptr && !type->is_null()) {
    const auto media = to_lower(trim(json::text_at(given, "mimeType").value_or("")));
    if (!media.starts_with("image/") || media == "image/") {
      return invalid("'" + where + ".mimeType' must be image/..");
    }
    out["mimeType"] = media;
  }
  return out;
}

Result<array> icon_list(std::string_view field, const value& given) {
  const std::string name(field);
  if (!given.is_array()) return invalid("'" + name + "' must be a list");
  if (given.get_array().size() > kIconLimit) return invalid("'" + name + "' has over 100 icons");
  array out;
  for (std::size_t i = 0; i < given.get_array().size(); ++i) {
    SW_TRY(auto icon, icon_of(name + "[" + std::to_string(i) + "]", given.get_array()[i]));
    out.push_back(std::move(icon));
  }
  return out;
}

Result<object> tool_of(const std::string& where, const value& given) {
  if (!given.is_object()) return invalid("'" + where + "' must be an object");
  if (!json::text_at(given, "name")) return missing(where + ".name");
  object out;
  for (const char* key : kToolMembers) {
    const auto* found = json::find(given, key);
    if (found == nullptr || found->is_null()) continue;
    const std::string_view member = key;
    const bool text = member == "name" || member == "title" || member == "description";
    if (text ? !found->is_string() : member != "icons" && !found->is_object()) {
      return invalid("'" + where + "." + key + "' must be " + (text ? "a text" : "an object"));
    }
    out[key] = *found;
    if (member != "icons") continue;
    SW_TRY(auto icons, icon_list(where + ".icons", *found));
    out[key] = std::move(icons);
  }
  return out;
}

}  // namespace

Result<std::optional<std::string>> icons_of(std::string_view field, const value& given) {
  if (given.is_null()) return std::optional<std::string>();
  SW_TRY(const auto icons, icon_list(field, given));
  return std::optional(json::dump_value(icons));
}

Result<std::optional<std::string>> tools_of(const value& given) {
  if (given.is_null()) return std::optional<std::string>();
  if (!given.is_array()) return invalid("'tools' must be a list");
  if (given.get_array().size() > kToolLimit) return invalid("'tools' has over 1000 tools");
  array out;
  for (std::size_t i = 0; i < given.get_array().size(); ++i) {
    SW_TRY(auto tool, tool_of("tools[" + std::to_string(i) + "]", given.get_array()[i]));
    out.push_back(std::move(tool));
  }
  return std::optional(json::dump_value(out));
}

Result<std::optional<std::string>> options_of(const value& given) {
  if (given.is_null()) return std::optional<std::string>();
  if (!given.is_object()) return invalid("'connect_options' must be an object");
  object out;
  for (const auto& item : given.get_object()) {
    const auto hidden = json::bool_at(item.value(), "hidden");
    if (!item.value().is_object() || (json::find(item.value(), "hidden") != nullptr && !hidden)) {
      return invalid("'connect_options' holds objects with a flag 'hidden'");
    }
    out[item.key()] = object{{"hidden", hidden.value_or(false)}};
  }
  return std::optional(json::dump_value(out));
}

Result<object> document_of(const value& given) {
  if (!given.is_object()) return invalid("'server_json' must be an object");
  const bool plain =
      json::find(given, "name") != nullptr && json::find(given, "version") != nullptr;
  const auto* wrapped = json::find(given, "server");
  if (!plain && wrapped != nullptr && !wrapped->is_object()) {
    return invalid("'server_json.server' must be an object");
  }
  object out = !plain && wrapped != nullptr ? wrapped->get_object() : given.get_object();
  const value read = out;
  for (const char* key : {"name", "version"}) {
    if (!json::text_at(read, key) || json::text_at(read, key)->empty()) {
      return missing("server_json." + std::string(key));
    }
  }
  for (const char* key : {"title", "description", "websiteUrl"}) {
    const auto* found = json::find(read, key);
    if (found != nullptr && !found->is_null() && !found->is_string()) {
      return invalid("'server_json." + std::string(key) + "' must be a text");
    }
  }
  for (const char* key : {"packages", "remotes"}) {
    const auto* found = json::find(read, key);
    if (found != nullptr && !found->is_null() && !found->is_array()) {
      return invalid("'server_json." + std::string(key) + "' must be a list");
    }
  }
  if (const auto* icons = json::find(read, "icons"); icons != nullptr && !icons->is_null()) {
    SW_TRY(auto checked, icon_list("server_json.icons", *icons));
    out["icons"] = std::move(checked);
  }
  return out;
}

object to_wire(const evaluation::ToolServerVersion& version) {
  object out{{"name", version.server},
             {"version", version.version},
             {"server_json", parsed(version.document)},
             {"workspace", kWorkspace},
             {"status", version.status},
             {"tools", tools_json(version.tools)},
             {"tags", pairs_json(version.tags)},
             {"source", maybe(version.source)}};
  array aliases;
  for (const auto& alias : version.aliases) aliases.emplace_back(alias);
  out["aliases"] = std::move(aliases);
  const auto options = parsed(version.options);
  out["connect_options"] = options.is_object() ? options : value(object());
  put_times(out, version);
  return out;
}

object to_wire(const evaluation::ToolServerAddress& address,
               const evaluation::ToolServerVersion& target, bool tools) {
  object out{{"id", address.id},
             {"server_name", address.server},
             {"url", address.url},
             {"transport_type", address.transport},
             {"workspace", kWorkspace},
             {"server_version", maybe(address.version)},
             {"server_alias", maybe(address.alias)},
             {"resolved_version", to_wire(target)}};
  if (tools) out["tools"] = target.tools ? value(tools_json(target.tools)) : value(nullptr);
  put_times(out, address);
  return out;
}

object to_wire(const evaluation::ToolServer& server) {
  const auto* latest = server.latest();
  const auto document = latest != nullptr ? parsed(latest->document) : value(nullptr);
  array addresses;
  for (const auto& address : server.addresses) {
    addresses.push_back(to_wire(address, *server.target(address), false));
  }
  array aliases;
  for (const auto& alias : server.aliases) {
    aliases.push_back(object{{"alias", alias.key}, {"version", alias.value}});
  }
  object out{{"name", server.name},
             {"display_name", maybe(server.display_name)},
             {"description", maybe(server.description)},
             {"icons", icons_json(server, document)},
             {"workspace", kWorkspace},
             {"status", latest != nullptr ? value(latest->status) : value(nullptr)},
             {"access_endpoints", std::move(addresses)},
             {"latest_version", latest != nullptr ? value(latest->version) : value(nullptr)},
             {"aliases", std::move(aliases)},
             {"tags", pairs_json(server.tags)}};
  if (!server.description) {
    if (const auto* text = json::find(document, "description")) out["description"] = *text;
  }
  put_times(out, server);
  return out;
}

}  // namespace slipway::wire::mlflow
