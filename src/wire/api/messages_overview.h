// SPDX-License-Identifier: Apache-2.0
// JSON of the overview. Private to wire/api.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "json/json.h"

namespace slipway::wire::api {

struct OverviewRolloutJson {
  std::string id;
  std::string challenger;
  double weight = 0;
};
BOOST_DESCRIBE_STRUCT(OverviewRolloutJson, (), (id, challenger, weight))

struct OverviewEndpointJson {
  std::string name;
  std::string model;
  std::string champion_version;
  std::string health;  // green, amber, red
  std::string reason;
  double requests_per_s = 0;
  json::Nullable<double> p99_ms;
  json::Nullable<double> drift_share;
  json::Nullable<double> drift_threshold;
  std::int64_t open_alerts = 0;
  json::Nullable<OverviewRolloutJson> rollout;
};
BOOST_DESCRIBE_STRUCT(OverviewEndpointJson, (),
                      (name, model, champion_version, health, reason, requests_per_s, p99_ms,
                       drift_share, drift_threshold, open_alerts, rollout))

struct TimelineJson {
  std::string at;
  std::string kind;
  std::string subject;
  std::string text;
  std::string link;
};
BOOST_DESCRIBE_STRUCT(TimelineJson, (), (at, kind, subject, text, link))

struct OverviewJson {
  std::vector<OverviewEndpointJson> endpoints;
  std::vector<TimelineJson> timeline;
};
BOOST_DESCRIBE_STRUCT(OverviewJson, (), (endpoints, timeline))

}  // namespace slipway::wire::api
