// SPDX-License-Identifier: Apache-2.0
#include "endpoints_sql.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/text.h"

namespace slipway::serving {
namespace {

constexpr const char* kInsert =
    "INSERT INTO endpoint (name, sample_rate, timeout_ms, created, updated, paused, cache_bytes, "
    "sticky) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
constexpr const char* kInsertRoute =
    "INSERT INTO endpoint_route (endpoint, position, model, alias, version, weight, shadow, "
    "header, "
    "header_value) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr const char* kUpdate =
    "UPDATE endpoint SET sample_rate = ?, timeout_ms = ?, updated = ?, paused = ?, "
    "cache_bytes = ?, sticky = ? WHERE name = ?";
constexpr const char* kDeleteRoutes = "DELETE FROM endpoint_route WHERE endpoint = ?";
constexpr const char* kDelete = "DELETE FROM endpoint WHERE name = ?";
constexpr const char* kAll =
    "SELECT name, sample_rate, timeout_ms, created, updated, paused, cache_bytes, sticky "
    "FROM endpoint ORDER BY name";
constexpr const char* kRoutes =
    "SELECT r.model, r.alias, r.version, r.weight, r.shadow, r.header, r.header_value, "
    "COALESCE(g.text, '') FROM endpoint_route r LEFT JOIN endpoint_graph g "
    "ON g.endpoint = r.endpoint AND g.version = r.version AND r.model = 'graph:' || r.endpoint "
    "WHERE r.endpoint = ? ORDER BY r.position";
constexpr const char* kGraphs = "SELECT version, text FROM endpoint_graph WHERE endpoint = ?";
constexpr const char* kInsertGraph =
    "INSERT INTO endpoint_graph (endpoint, version, text, created) VALUES (?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING";

constexpr const char* kNextChange =
    "SELECT COALESCE(MAX(change), 0) + 1 FROM endpoint_history WHERE endpoint = ?";
constexpr const char* kInsertPast =
    "INSERT INTO endpoint_history (endpoint, at, change, position, present, model, alias, version, "
    "weight, shadow) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr const char* kPast =
    "SELECT model, alias, version, weight, shadow, at, position, present, endpoint FROM "
    "endpoint_history ";

// From now on the endpoint has these routes; `present` false: there is no such endpoint any more.
Result<void> remember(store::Connection& connection, const EndpointSpec& spec, Timestamp at,
                      bool present) {
  SW_TRY(const auto change, connection.first(kNextChange, {spec.name},
                                             [](const store::Row& row) { return row.int64(0); }));
  const auto number = change.value_or(1);
  SW_CHECK_OK(connection.exec(
      kInsertPast, {spec.name, at.ms, number, std::int64_t{-1}, std::int64_t{present ? 1 : 0}, "",
                    "", "", 0.0, std::int64_t{0}}));
  std::int64_t position = 0;
  for (const auto& route : spec.routes) {
    SW_CHECK_OK(connection.exec(
        kInsertPast, {spec.name, at.ms, number, position, std::int64_t{1}, route.model, route.alias,
                      route.version, route.weight, std::int64_t{route.shadow ? 1 : 0}}));
    ++position;
  }
  return {};
}

Result<void> insert_routes(store::Connection& connection, const EndpointSpec& spec, Timestamp at) {
  std::int64_t position = 0;
  for (const auto& route : spec.routes) {
    if (!route.graph.empty()) {
      SW_CHECK_OK(connection.exec(kInsertGraph, {spec.name, route.version, route.graph, at.ms}));
    }
    SW_CHECK_OK(connection.exec(
        kInsertRoute, {spec.name, position, route.model, route.alias, route.version, route.weight,
                       std::int64_t{route.shadow ? 1 : 0}, route.header, route.header_value}));
    ++position;
  }
  return {};
}

RouteSpec route_from_row(const store::Row& row) {
  return {.model = std::string(row.text(0)),
          .alias = std::string(row.text(1)),
          .version = std::string(row.text(2)),
          .weight = row.real(3),
          .shadow = row.int64(4) != 0};
}

}  // namespace

Result<void> insert_endpoint(store::Database& db, const StoredEndpoint& endpoint) {
  const auto& spec = endpoint.spec;
  return db.write([&](store::Connection& connection) -> Result<void> {
    SW_CHECK_OK(connection.exec(
        kInsert,
        {spec.name, spec.sample_rate, std::int64_t{spec.timeout_ms}, endpoint.created.ms,
         endpoint.updated.ms, std::int64_t{spec.paused ? 1 : 0}, spec.cache_bytes, spec.sticky}));
    SW_CHECK_OK(remember(connection, spec, endpoint.updated, true));
    return insert_routes(connection, spec, endpoint.updated);
  });
}

Result<void> replace_endpoint(store::Database& db, const EndpointSpec& spec, Timestamp updated) {
  return db.write([&](store::Connection& connection) -> Result<void> {
    SW_TRY(const auto changed,
           connection.exec(kUpdate, {spec.sample_rate, std::int64_t{spec.timeout_ms}, updated.ms,
                                     std::int64_t{spec.paused ? 1 : 0}, spec.cache_bytes,
                                     spec.sticky, spec.name}));
    if (changed == 0) return not_found("there is no endpoint '" + spec.name + "'");
    SW_CHECK_OK(connection.exec(kDeleteRoutes, {spec.name}));
    SW_CHECK_OK(remember(connection, spec, updated, true));
    return insert_routes(connection, spec, updated);
  });
}

Result<void> delete_endpoint(store::Database& db, const std::string& name, Timestamp at) {
  return db.write([&](store::Connection& connection) -> Result<void> {
    SW_CHECK_OK(remember(connection, {.name = name, .routes = {}}, at, false));
    SW_CHECK_OK(connection.exec(kDeleteRoutes, {name}));
    SW_CHECK_OK(connection.exec(kDelete, {name}));
    return {};
  });
}

Result<std::vector<StoredEndpoint>> load_endpoints(store::Database& db) {
  return db.read([&](store::Connection& connection) -> Result<std::vector<StoredEndpoint>> {
    SW_TRY(auto endpoints, connection.all(kAll, {}, [](const store::Row& row) {
      return StoredEndpoint{.spec = {.name = std::string(row.text(0)),
                                     .sample_rate = row.real(1),
                                     .timeout_ms = static_cast<int>(row.int64(2)),
                                     .sticky = std::string(row.text(7)),
                                     .cache_bytes = row.int64(6),
                                     .paused = row.int64(5) != 0},
                            .created = {row.int64(3)},
                            .updated = {row.int64(4)}};
    }));
    for (auto& endpoint : endpoints) {
      SW_TRY(endpoint.spec.routes,
             connection.all(kRoutes, {endpoint.spec.name}, [](const store::Row& row) {
               auto route = route_from_row(row);
               route.header = row.text(5);
               route.header_value = row.text(6);
               route.graph = row.text(7);
               return route;
             }));
    }
    return endpoints;
  });
}

Result<void> number_graphs(store::Database& db, EndpointSpec& spec) {
  const bool any = std::any_of(spec.routes.begin(), spec.routes.end(),
                               [](const RouteSpec& route) { return !route.graph.empty(); });
  if (!any) return {};
  std::map<std::string, std::string> versions;  // by text
  std::int64_t newest = 0;
  SW_CHECK_OK(db.read([&](store::Connection& connection) {
    return connection.query(kGraphs, {spec.name}, [&](const store::Row& row) {
      versions.emplace(std::string(row.text(1)), std::string(row.text(0)));
      newest = std::max(newest, parse_int(row.text(0)).value_or(0));
      return true;
    });
  }));
  for (auto& route : spec.routes) {
    if (route.graph.empty()) continue;
    auto& version = versions[route.graph];
    if (version.empty()) version = std::to_string(++newest);
    route.model = graph_model_of(spec.name);
    route.alias.clear();
    route.version = version;
  }
  return {};
}

Result<std::string> graph_text(store::Database& db, const std::string& endpoint,
                               const std::string& version) {
  std::optional<std::string> text;
  SW_CHECK_OK(db.read([&](store::Connection& connection) {
    return connection.query(kGraphs, {endpoint}, [&](const store::Row& row) {
      if (row.text(0) == version) text = std::string(row.text(1));
      return !text.has_value();
    });
  }));
  if (text) return *std::move(text);
  return not_found("endpoint '" + endpoint + "' has had no version " + version + " of its graph",
                   "give it a route with the graph and weight 0 first");
}

Result<std::vector<EndpointPast>> load_past(store::Database& db, const std::string& endpoint) {
  std::vector<EndpointPast> out;
  const std::string where = endpoint.empty() ? "" : "WHERE endpoint = ? ";
  const store::Cells cells = endpoint.empty() ? store::Cells{} : store::Cells{endpoint};
  SW_CHECK_OK(db.read([&](store::Connection& connection) {
    return connection.query(kPast + where + "ORDER BY endpoint, change, position", cells,
                            [&](const store::Row& row) {
                              if (row.int64(6) >= 0) {
                                out.back().routes.push_back(route_from_row(row));
                                return true;
                              }
                              const std::string name(row.text(8));
                              if (!out.empty() && out.back().endpoint == name)
                                out.back().until = Timestamp{row.int64(5)};
                              out.push_back({.endpoint = name,
                                             .since = {row.int64(5)},
                                             .until = {},
                                             .present = row.int64(7) != 0,
                                             .routes = {}});
                              return true;
                            });
  }));
  return out;
}

}  // namespace slipway::serving
