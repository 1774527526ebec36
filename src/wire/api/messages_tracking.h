// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "json/json.h"

namespace slipway::wire::api {

struct ExperimentOut {
  std::string id;
  std::string name;
  std::string lifecycle;
  std::string created;
  std::string updated;
  std::map<std::string, std::string> tags;
};
BOOST_DESCRIBE_STRUCT(ExperimentOut, (), (id, name, lifecycle, created, updated, tags))

struct ExperimentList {
  std::vector<ExperimentOut> items;
  std::string next_page_token;
};
BOOST_DESCRIBE_STRUCT(ExperimentList, (), (items, next_page_token))

struct RunKeysOut {
  std::vector<std::string> metrics;
  std::vector<std::string> params;
};
BOOST_DESCRIBE_STRUCT(RunKeysOut, (), (metrics, params))

struct RunDatasetOut {
  std::string name;
  std::string digest;
  std::string context;
  std::string source;
};
BOOST_DESCRIBE_STRUCT(RunDatasetOut, (), (name, digest, context, source))

struct RunOut {
  std::string id;
  std::string experiment_id;
  std::string name;
  std::string user;
  std::string status;
  std::string lifecycle;
  std::string started;
  json::Nullable<std::string> ended;
  std::map<std::string, std::string> params;
  std::map<std::string, double> metrics;
  std::map<std::string, std::string> tags;
  std::vector<RunDatasetOut> datasets;
  std::vector<std::string> models;
};
BOOST_DESCRIBE_STRUCT(RunOut, (),
                      (id, experiment_id, name, user, status, lifecycle, started, ended, params,
                       metrics, tags, datasets, models))

struct RunList {
  std::vector<RunOut> items;
  std::string next_page_token;
};
BOOST_DESCRIBE_STRUCT(RunList, (), (items, next_page_token))

struct MetricPoint {
  double step = 0;  // clients may count in fractions
  std::string at;
  double value = 0;
};
BOOST_DESCRIBE_STRUCT(MetricPoint, (), (step, at, value))

struct MetricPoints {
  std::string key;
  std::vector<MetricPoint> items;
  std::string next_page_token;
};
BOOST_DESCRIBE_STRUCT(MetricPoints, (), (key, items, next_page_token))

struct ArtifactOut {
  std::string path;
  bool is_dir = false;
  json::Nullable<std::int64_t> size;
};
BOOST_DESCRIBE_STRUCT(ArtifactOut, (), (path, is_dir, size))

struct ArtifactList {
  std::vector<ArtifactOut> items;
  std::string next_page_token;
};
BOOST_DESCRIBE_STRUCT(ArtifactList, (), (items, next_page_token))

}  // namespace slipway::wire::api
