// SPDX-License-Identifier: Apache-2.0
// JSON of endpoints. Private to wire/api.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "json/json.h"

namespace slipway::wire::api {

struct RouteBody {
  std::string model;
  std::string alias;
  json::Raw version;
  std::optional<double> weight;
  bool shadow = false;
  std::string header;
  std::string header_value;
  json::Raw graph;  // the text of a graph in YAML, or the same as JSON
};
BOOST_DESCRIBE_STRUCT(RouteBody, (),
                      (model, alias, version, weight, shadow, header, header_value, graph))

struct EndpointBody {
  std::string name;
  std::vector<RouteBody> routes;
  std::optional<double> sample_rate;
  std::optional<std::int64_t> timeout_ms;
  std::optional<double> drift_threshold;
  std::optional<std::string> sticky;
  std::optional<std::int64_t> cache_bytes;
  json::Raw graph;  // short for one route with it
};
BOOST_DESCRIBE_STRUCT(EndpointBody, (),
                      (name, routes, sample_rate, timeout_ms, drift_threshold, sticky, cache_bytes,
                       graph))

struct RouteJson {
  std::string model;
  json::Nullable<std::string> version;
  json::Nullable<std::string> alias;
  double weight = 0;
  bool shadow = false;
  json::Nullable<std::string> header;
  json::Nullable<std::string> header_value;
  std::string state;
  bool loaded = false;
  std::int64_t memory_bytes = 0;
  json::Nullable<std::string> error;
  json::Nullable<std::string> graph;
};
BOOST_DESCRIBE_STRUCT(RouteJson, (),
                      (model, version, alias, weight, shadow, header, header_value, state, loaded,
                       memory_bytes, error, graph))

struct GraphBody {
  json::Raw graph;
  std::string file;  // for messages; empty: graph
};
BOOST_DESCRIBE_STRUCT(GraphBody, (), (graph, file))

struct GraphTensorJson {
  std::string name;
  std::string datatype;
  std::vector<std::int64_t> shape;
};
BOOST_DESCRIBE_STRUCT(GraphTensorJson, (), (name, datatype, shape))

struct GraphStepJson {
  std::string name;
  std::vector<std::string> runs;
};
BOOST_DESCRIBE_STRUCT(GraphStepJson, (), (name, runs))

struct GraphJson {
  std::vector<GraphTensorJson> inputs;
  std::vector<GraphTensorJson> outputs;
  std::vector<GraphStepJson> steps;
};
BOOST_DESCRIBE_STRUCT(GraphJson, (), (inputs, outputs, steps))

struct VersionStatsJson {
  std::string model;
  std::string version;
  std::int64_t requests = 0;
  std::int64_t rows = 0;
  std::int64_t errors = 0;
  std::int64_t rejected = 0;
  double requests_per_s = 0;
  json::Nullable<double> p50_ms;
  json::Nullable<double> p99_ms;
  std::int64_t shadowed = 0;
  std::int64_t shadow_errors = 0;
};
BOOST_DESCRIBE_STRUCT(VersionStatsJson, (),
                      (model, version, requests, rows, errors, rejected, requests_per_s, p50_ms,
                       p99_ms, shadowed, shadow_errors))

struct StatsJson {
  std::int64_t requests = 0;
  std::int64_t errors = 0;
  double requests_per_s = 0;
  json::Nullable<double> p50_ms;
  json::Nullable<double> p99_ms;
  std::vector<VersionStatsJson> per_version;
};
BOOST_DESCRIBE_STRUCT(StatsJson, (),
                      (requests, errors, requests_per_s, p50_ms, p99_ms, per_version))

struct EndpointJson {
  std::string name;
  std::vector<RouteJson> routes;
  double sample_rate = 1;
  std::int64_t timeout_ms = 0;
  json::Nullable<std::string> sticky;
  std::int64_t cache_bytes = 0;
  bool unloaded = false;
  StatsJson stats;
  std::string created;
  std::string updated;
};
BOOST_DESCRIBE_STRUCT(EndpointJson, (),
                      (name, routes, sample_rate, timeout_ms, sticky, cache_bytes, unloaded, stats,
                       created, updated))

struct EndpointListJson {
  std::vector<EndpointJson> items;
  std::string next_page_token;
};
BOOST_DESCRIBE_STRUCT(EndpointListJson, (), (items, next_page_token))

struct PredictionJson {
  std::string request_id;
  std::string at;
  std::string model;
  std::string version;
  double latency_ms = 0;
  bool shadow = false;
  json::Raw features;
  json::Raw outputs;
  json::Nullable<std::string> error;
  json::Raw label;  // null as long as the outcome is unknown
};
BOOST_DESCRIBE_STRUCT(PredictionJson, (),
                      (request_id, at, model, version, latency_ms, shadow, features, outputs, error,
                       label))

struct PredictionListJson {
  std::vector<PredictionJson> items;
  std::string next_page_token;
};
BOOST_DESCRIBE_STRUCT(PredictionListJson, (), (items, next_page_token))

}  // namespace slipway::wire::api
