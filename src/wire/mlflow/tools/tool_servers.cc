// SPDX-License-Identifier: Apache-2.0
// MLflow REST, the registry of tool servers (for MLflow: MCP servers). Names have a slash, which
// clients send as it is or encoded, so the paths below the root are read here.
#include <algorithm>

#include "base/text.h"
#include "domain/clauses.h"
#include "endpoint.h"
#include "evaluation/evaluation.h"
#include "tools/tool_server_json.h"
#include "wire/mlflow/routes.h"

namespace slipway::wire::mlflow {
namespace {

using evaluation::ToolServers;
using json::value;
using net::Method;
using net::Request;
using net::Response;

constexpr std::int64_t kPage = 100;
constexpr std::int64_t kPageLimit = 1'000;

// What a path names: NAME, NAME/versions, NAME/versions/V, NAME/versions/V/tags/KEY, ..
struct Place {
  std::string server;
  std::string part;   // "", "versions", "endpoints", "tags", "aliases"
  std::string item;   // version, id, key or alias
  bool tags = false;  // of a version
  std::string key;
};

Place place_of(const std::string& path) {
  Place out;
  const auto parts = split(path, '/');
  const auto joined = [&](std::size_t from) {
    std::string text;
    for (auto i = from; i < parts.size(); ++i) (text += i > from ? "/" : "") += parts[i];
    return text;
  };
  if (parts.size() < 2) return {.server = path};
  out.server = std::string(parts[0]) + "/" + std::string(parts[1]);
  if (parts.size() > 2) out.part = parts[2];
  if (out.part == "versions" && parts.size() > 3) {
    out.item = parts[3];
    out.tags = parts.size() > 4 && parts[4] == "tags";
    out.key = joined(5);
  } else if (parts.size() > 3) {
    out.item = joined(3);
  }
  return out;
}

Result<Response> answer(const json::object& out) {
  return answer_with(json::dump_value(out));
}
Result<Response> nothing(const Result<void>& done) {
  return done ? answer({}) : Result<Response>(done.error());
}

Result<value> body_of(const Request& request) {
  auto out = json::parse_value(request.body);
  if (!out || !out->is_object()) return invalid("the body must be a JSON object");
  return out;
}

// Nothing when absent or null.
Result<std::optional<std::string>> text_in(const value& body, std::string_view key) {
  const auto* found = json::find(body, key);
  if (found == nullptr || found->is_null()) return std::optional<std::string>();
  if (found->is_string()) return json::text_at(body, key);
  return invalid("'" + std::string(key) + "' must be a text");
}
Result<std::string> needed(const value& body, std::string_view key) {
  SW_TRY(auto out, text_in(body, key));
  if (!out) return missing(key);
  return *std::move(out);
}

struct Searched {
  std::vector<std::string_view> texts;    // keys compared with texts
  std::vector<std::string_view> ordered;  // keys of order_by besides the times
  bool tags = false;
};

bool is_time(std::string_view key) {
  return key == "created_at" || key == "last_updated_at";
}
bool has(const std::vector<std::string_view>& keys, std::string_view key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

Result<Filter> leaf_of(Clause clause, const Searched& searched) {
  using Op = Filter::Op;
  Filter out{.kind = Filter::Kind::compare, .key = clause.key, .op = clause.op};
  const bool ordered =
      clause.op == Op::lt || clause.op == Op::le || clause.op == Op::gt || clause.op == Op::ge;
  const bool number = std::holds_alternative<double>(clause.value);
  if (searched.tags && (clause.entity == "tag" || clause.entity == "tags")) {
    out.entity = "tag";
    if (number) return invalid("expected a quoted text for tag '" + clause.key + "'");
  } else if (clause.entity.empty() || clause.entity == "attribute" ||
             clause.entity == "attributes") {
    out.entity = "attribute";
    if (!is_time(clause.key) && !has(searched.texts, clause.key)) {
      return invalid("invalid attribute key '" + clause.key + "'");
    }
    if (is_time(clause.key) != number) {
      return invalid("'" + clause.key + "' is compared with " +
                     (is_time(clause.key) ? "numbers" : "texts"));
    }
  } else {
    return invalid("invalid entity type '" + clause.entity + "'");
  }
  const bool likes = clause.op == Op::like || clause.op == Op::ilike;
  const bool list = std::holds_alternative<std::vector<std::string>>(clause.value);
  const bool version = out.key == "version" && out.entity == "attribute";
  const bool flag = out.key == "has_access_endpoints" && out.entity == "attribute";
  if (clause.op == Op::rlike || clause.op == Op::is_null || clause.op == Op::is_not_null ||
      (number && likes) || (version && (likes || list)) || (flag && clause.op != Op::eq) ||
      (ordered && !number && !version)) {
    return invalid("the comparator " + std::string(text_of(clause.op)) + " does not fit '" +
                   clause.key + "'");
  }
  out.value = std::move(clause.value);
  if (flag) {
    const auto word = to_lower(std::get<std::string>(out.value));
    if (word != "true" && word != "false") return invalid("'" + out.key + "' is true or false");
    out.value = word;
  }
  if (version && ordered) {
    SW_TRY(out.value, evaluation::semantic_order("version", std::get<std::string>(out.value)));
    out.key = "version_order";
  }
  return out;
}

Result<evaluation::ToolSearch> search_of(const Request& request, const Searched& searched) {
  evaluation::ToolSearch out;
  const auto size = request.query_value("max_results");
  const auto wanted = size ? parse_int(*size) : std::optional(kPage);
  if (!wanted || *wanted < 1 || *wanted > kPageLimit) {
    return invalid("invalid value '" + size.value_or("") + "' for 'max_results'",
                   "it must be from 1 to 1000");
  }
  out.page = {static_cast<std::size_t>(*wanted), request.query_value("page_token").value_or("")};
  SW_TRY(out.filter,
         parse_filter(request.query_value("filter_string").value_or(""),
                      [&](Clause clause) { return leaf_of(std::move(clause), searched); }));
  for (const auto& [key, text] : request.query) {
    if (key != "order_by") continue;
    SW_TRY(const auto order, parse_order(text));
    if (!order.entity.empty() || (!is_time(order.key) && !has(searched.ordered, order.key))) {
      return invalid("invalid order_by '" + text + "'");
    }
    const std::string field = order.key == "version" ? "version_order" : order.key;
    for (const auto& before : out.order) {
      if (before.key == field) return invalid("order_by names '" + order.key + "' twice");
    }
    out.order.push_back({"attribute", field, order.ascending});
  }
  return out;
}

template <class T, class ToJson>
Result<Response> page(const char* name, const Page<T>& found, const ToJson& to_json) {
  json::array items;
  for (const auto& item : found.items) items.push_back(to_json(item));
  return answer(
      {{name, std::move(items)},
       {"next_page_token", found.next_token.empty() ? value(nullptr) : value(found.next_token)}});
}

Result<Response> addresses(ToolServers& room, const Request& request,
                           const std::optional<std::string>& server) {
  SW_TRY(const auto search,
         search_of(request, {.texts = {"status", "server_name", "transport_type"},
                             .ordered = {"id", "server_name"}}));
  SW_TRY(const auto found, room.search_addresses(server, request.query_value("server_version"),
                                                 request.query_value("server_alias"), search));
  return page("mcp_access_endpoints", found,
              [](const auto& item) { return to_wire(item.address, item.target, true); });
}

Result<Response> one_address(ToolServers& room, const std::string& server, const std::string& id) {
  const auto none = not_found("address '" + id.substr(0, 100) + "' of tool server '" +
                              server.substr(0, 200) + "' not found");
  const auto found = room.get(server);
  if (!found) return found.error().code == Code::not_found ? none : found.error();
  for (const auto& address : found->addresses) {
    if (address.id == id) return answer(to_wire(address, *found->target(address), true));
  }
  return none;
}

Result<Response> create(ToolServers& room, const Request& request) {
  SW_TRY(const auto body, body_of(request));
  evaluation::ToolServer fresh;
  SW_TRY(fresh.name, needed(body, "name"));
  SW_TRY(fresh.description, text_in(body, "description"));
  if (const auto* icons = json::find(body, "icons")) {
    SW_TRY(fresh.icons, icons_of("icons", *icons));
  }
  SW_TRY(const auto made, room.create(fresh));
  return answer(to_wire(made));
}

Result<Response> change(ToolServers& room, const Request& request, const std::string& name) {
  SW_TRY(const auto body, body_of(request));
  if (json::find(body, "latest_version") != nullptr) {
    return invalid("'latest_version' is not for writing", "it follows from the versions");
  }
  evaluation::ToolServerChange wanted;
  if (json::find(body, "display_name") != nullptr) {
    SW_TRY(wanted.display_name, text_in(body, "display_name"));
  }
  if (json::find(body, "description") != nullptr) {
    SW_TRY(wanted.description, text_in(body, "description"));
  }
  if (const auto* icons = json::find(body, "icons")) {
    SW_TRY(wanted.icons, icons_of("icons", *icons));
  }
  SW_TRY(const auto changed, room.change(name, wanted));
  return answer(to_wire(changed));
}

Result<Response> add_version(ToolServers& room, const Request& request, const std::string& server) {
  SW_TRY(const auto body, body_of(request));
  const auto* given = json::find(body, "server_json");
  if (given == nullptr) return missing("server_json");
  SW_TRY(const auto document, document_of(*given));
  evaluation::ToolServerVersion fresh;
  const value read = document;
  fresh.server = json::text_at(read, "name").value_or("");
  fresh.version = json::text_at(read, "version").value_or("");
  if (fresh.server != server) {
    return invalid("'server_json.name' is '" + fresh.server.substr(0, 200) +
                   "', but the path names '" + server.substr(0, 200) + "'");
  }
  fresh.document = json::dump_value(document);
  SW_TRY(const auto status, text_in(body, "status"));
  fresh.status = status.value_or("draft");
  SW_TRY(fresh.source, text_in(body, "source"));
  if (const auto* tools = json::find(body, "tools")) {
    SW_TRY(fresh.tools, tools_of(*tools));
  }
  if (const auto* options = json::find(body, "connect_options")) {
    SW_TRY(fresh.options, options_of(*options));
  }
  SW_TRY(const auto made, room.add_version(fresh));
  return answer(to_wire(made));
}

Result<Response> change_version(ToolServers& room, const Request& request, const Place& at) {
  SW_TRY(const auto body, body_of(request));
  evaluation::ToolServerVersionChange wanted;
  if (json::find(body, "status") != nullptr) {
    SW_TRY(wanted.status, text_in(body, "status"));
    if (!wanted.status) return invalid("'status' cannot be null", "leave it out to keep it");
  }
  if (const auto* tools = json::find(body, "tools")) {
    SW_TRY(wanted.tools, tools_of(*tools));
  }
  if (const auto* options = json::find(body, "connect_options")) {
    SW_TRY(wanted.options, options_of(*options));
  }
  SW_TRY(const auto changed, room.change_version(at.server, at.item, wanted));
  return answer(to_wire(changed));
}

Result<Response> add_address(ToolServers& room, const Request& request, const std::string& server) {
  SW_TRY(const auto body, body_of(request));
  evaluation::ToolServerAddress fresh;
  fresh.server = server;
  SW_TRY(fresh.url, needed(body, "url"));
  SW_TRY(fresh.version, text_in(body, "server_version"));
  SW_TRY(fresh.alias, text_in(body, "server_alias"));
  SW_TRY(const auto transport, text_in(body, "transport_type"));
  fresh.transport = transport.value_or("streamable-http");
  SW_TRY(const auto made, room.add_address(fresh));
  return one_address(room, server, made.id);
}

Result<Response> change_address(ToolServers& room, const Request& request, const Place& at) {
  SW_TRY(const auto body, body_of(request));
  evaluation::ToolServerAddressChange wanted;
  if (const auto* url = json::find(body, "url"); url != nullptr && url->is_null()) {
    return invalid("'url' cannot be null");
  }
  SW_TRY(wanted.url, text_in(body, "url"));
  SW_TRY(wanted.transport, text_in(body, "transport_type"));
  SW_TRY(wanted.version, text_in(body, "server_version"));
  SW_TRY(wanted.alias, text_in(body, "server_alias"));
  SW_TRY(const auto changed, room.change_address(at.server, at.item, wanted));
  return one_address(room, at.server, changed.id);
}

Result<Response> get(ToolServers& room, const Request& request, const Place& at) {
  if (at.part == "endpoints" && at.item.empty()) return addresses(room, request, at.server);
  if (at.part == "endpoints") return one_address(room, at.server, at.item);
  if (at.part == "versions" && at.item.empty()) {
    SW_TRY(const auto search,
           search_of(request, {.texts = {"name", "version", "status"}, .ordered = {"version"}}));
    SW_TRY(const auto found, room.search_versions(at.server, search));
    return page("mcp_server_versions", found, [](const auto& item) { return to_wire(item); });
  }
  const auto server = room.get(at.server);
  if (at.part.empty()) {
    SW_CHECK_OK(server);
    return answer(to_wire(*server));
  }
  if (at.part != "versions" && at.part != "aliases") return not_found("no such path");
  if (!server && server.error().code != Code::not_found) return server.error();
  const evaluation::ToolServerVersion* found = nullptr;
  if (server) found = at.part == "versions" ? server->version(at.item) : server->aliased(at.item);
  if (found != nullptr) return answer(to_wire(*found));
  return not_found((at.part == "versions" ? "version '" : "alias '") + at.item.substr(0, 200) +
                   "' of tool server '" + at.server.substr(0, 200) + "' not found");
}

Result<Response> post(ToolServers& room, const Request& request, const Place& at) {
  if (at.part == "versions" && at.item.empty()) return add_version(room, request, at.server);
  if (at.part == "endpoints") return add_address(room, request, at.server);
  SW_TRY(const auto body, body_of(request));
  if (at.part == "aliases") {
    SW_TRY(const auto alias, needed(body, "alias"));
    SW_TRY(const auto version, needed(body, "version"));
    return nothing(room.set_alias(at.server, {alias, version}));
  }
  if (at.part != "tags" && !at.tags) return not_found("no such path");
  SW_TRY(const auto key, needed(body, "key"));
  SW_TRY(const auto text, needed(body, "value"));
  return nothing(
      room.set_tag(at.server, at.tags ? std::optional(at.item) : std::nullopt, {key, text}));
}

Result<Response> patch(ToolServers& room, const Request& request, const Place& at) {
  if (at.part.empty()) return change(room, request, at.server);
  if (at.part == "versions") return change_version(room, request, at);
  if (at.part == "endpoints") return change_address(room, request, at);
  return not_found("no such path");
}

Result<Response> del(ToolServers& room, const Request&, const Place& at) {
  if (at.part.empty()) return nothing(room.remove(at.server));
  if (at.tags) return nothing(room.remove_tag(at.server, at.item, at.key));
  if (at.part == "versions") return nothing(room.remove_version(at.server, at.item));
  if (at.part == "endpoints") return nothing(room.remove_address(at.server, at.item));
  if (at.part == "tags") return nothing(room.remove_tag(at.server, std::nullopt, at.item));
  if (at.part == "aliases") return nothing(room.remove_alias(at.server, at.item));
  return not_found("no such path");
}

using Call = Result<Response> (*)(ToolServers&, const Request&, const Place&);

}  // namespace

void add_tool_server_routes(net::Router& router, evaluation::Evaluation& evaluation) {
  auto& room = evaluation.tool_servers();
  const std::string root = "mcp-servers";
  add_route(router, Method::post, "3.0", root, "evaluation",
            [&room](const Request& request) { return create(room, request); });
  add_route(router, Method::get, "3.0", root, "evaluation",
            [&room](const Request& request) -> Result<Response> {
              SW_TRY(const auto search,
                     search_of(request,
                               {.texts = {"name", "display_name", "status", "has_access_endpoints"},
                                .ordered = {"name"},
                                .tags = true}));
              SW_TRY(const auto found, room.search(search));
              return page("mcp_servers", found, [](const auto& item) { return to_wire(item); });
            });
  add_route(router, Method::get, "3.0", root + "/endpoints", "evaluation",
            [&room](const Request& request) { return addresses(room, request, std::nullopt); });
  for (const auto& [method, call] : {std::pair<Method, Call>{Method::get, get},
                                     {Method::post, post},
                                     {Method::patch, patch},
                                     {Method::del, del}}) {
    add_route(router, method, "3.0", root + "/{path...}", "evaluation",
              [&room, call = call](const Request& request) {
                return call(room, request, place_of(request.param("path")));
              });
  }
}

}  // namespace slipway::wire::mlflow
