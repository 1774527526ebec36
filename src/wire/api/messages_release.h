// SPDX-License-Identifier: Apache-2.0
// JSON of policies, decisions and rollouts. Private to wire/api.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "json/json.h"

namespace slipway::wire::api {

using json::Nullable;

struct RuleJson {
  std::string rule;
  std::string wanted;
  Nullable<double> actual;
  Nullable<double> champion;
  bool passed = false;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(RuleJson, (), (rule, wanted, actual, champion, passed, reason))

struct DecisionJson {
  std::string id;
  std::string at;
  std::string actor;
  std::string model;
  std::string version;
  Nullable<std::string> champion;
  std::string policy;
  bool allowed = false;
  std::string summary;
  std::vector<RuleJson> rules;
};
BOOST_DESCRIBE_STRUCT(DecisionJson, (),
                      (id, at, actor, model, version, champion, policy, allowed, summary, rules))

struct DecisionListJson {
  std::vector<DecisionJson> items;
  std::string next_page_token;
};
BOOST_DESCRIBE_STRUCT(DecisionListJson, (), (items, next_page_token))

struct CheckBody {
  std::string policy;
  std::string model;
  json::Raw version;
  std::string endpoint;
};
BOOST_DESCRIBE_STRUCT(CheckBody, (), (policy, model, version, endpoint))

struct WhyJson {
  std::string at;
  std::string kind;
  std::string text;
  std::string actor;
  std::string reason;
  std::optional<std::string> verdict;
  std::optional<std::string> decision_id;
  std::optional<std::string> rollout_id;
  std::optional<std::vector<RuleJson>> rules;
  std::optional<std::string> link;
};
BOOST_DESCRIBE_STRUCT(WhyJson, (),
                      (at, kind, text, actor, reason, verdict, decision_id, rollout_id, rules,
                       link))

struct WhyListJson {
  std::vector<WhyJson> items;
  std::string next_page_token;
};
BOOST_DESCRIBE_STRUCT(WhyListJson, (), (items, next_page_token))

// `shadow`: percent of the requests that are mirrored; true is 100.
struct StepBody {
  double weight = 0;
  json::Raw shadow;
  std::int64_t min_requests = 0;
  std::int64_t min_seconds = 0;
  std::int64_t min_labels = 0;
};
BOOST_DESCRIBE_STRUCT(StepBody, (), (weight, shadow, min_requests, min_seconds, min_labels))

struct StepJson {
  double weight = 0;
  double shadow = 0;
  std::int64_t min_requests = 0;
  std::int64_t min_seconds = 0;
  std::int64_t min_labels = 0;
};
BOOST_DESCRIBE_STRUCT(StepJson, (), (weight, shadow, min_requests, min_seconds, min_labels))

struct TolerancesJson {
  std::optional<double> error_rate;
  std::optional<double> latency_ratio;
  std::optional<double> latency_slack_ms;
  std::optional<double> quality;
  std::optional<double> alpha;
  std::optional<double> undecided_seconds;
  std::optional<double> min_agreement;
  std::optional<double> max_difference;
  std::optional<double> min_correlation;
};
BOOST_DESCRIBE_STRUCT(TolerancesJson, (),
                      (error_rate, latency_ratio, latency_slack_ms, quality, alpha,
                       undecided_seconds, min_agreement, max_difference, min_correlation))

struct BusinessGoalJson {
  std::string event;
  std::string measure = "rate";
  double tolerance = 0.05;
};
BOOST_DESCRIBE_STRUCT(BusinessGoalJson, (), (event, measure, tolerance))

struct RolloutBody {
  std::string endpoint;
  std::string model;
  json::Raw version;
  std::vector<StepBody> steps;
  std::string policy;
  std::string on_success;
  TolerancesJson tolerances;
  std::vector<BusinessGoalJson> business;
};
BOOST_DESCRIBE_STRUCT(RolloutBody, (),
                      (endpoint, model, version, steps, policy, on_success, tolerances, business))

struct EvidenceJson {
  std::string at;
  std::int64_t step = 0;
  std::string check;
  Nullable<double> champion;
  Nullable<double> challenger;
  std::string verdict;
  std::string detail;
};
BOOST_DESCRIBE_STRUCT(EvidenceJson, (), (at, step, check, champion, challenger, verdict, detail))

struct RolloutJson {
  std::string id;
  std::string endpoint;
  std::string model;
  std::string champion;
  std::string challenger;
  std::string state;
  std::int64_t step = 0;
  double weight = 0;
  std::string started;
  std::string step_started;
  Nullable<std::string> ended;
  std::string actor;
  std::string reason;
  std::vector<StepJson> steps;
  TolerancesJson tolerances;
  std::vector<BusinessGoalJson> business;
  std::vector<EvidenceJson> evidence;
};
BOOST_DESCRIBE_STRUCT(RolloutJson, (),
                      (id, endpoint, model, champion, challenger, state, step, weight, started,
                       step_started, ended, actor, reason, steps, tolerances, business, evidence))

struct RolloutListJson {
  std::vector<RolloutJson> items;
  std::string next_page_token;
};
BOOST_DESCRIBE_STRUCT(RolloutListJson, (), (items, next_page_token))

struct ReversionJson {
  std::string endpoint;
  std::string model;
  std::string from;
  std::string to;
  double took_ms = 0;
};
BOOST_DESCRIBE_STRUCT(ReversionJson, (), (endpoint, model, from, to, took_ms))

// "3" or 3; an error that names the field otherwise.
Result<std::int64_t> version_number(const json::Raw& raw);
Result<std::int64_t> version_number(const std::string& text);

}  // namespace slipway::wire::api
