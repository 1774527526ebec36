// SPDX-License-Identifier: Apache-2.0
// JSON of protections, promotion requests, and of what served when. Private to wire/api.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "json/json.h"
#include "messages_models.h"

namespace slipway::wire::api {

struct ProtectBody {
  std::string policy;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(ProtectBody, (), (policy, reason))

struct ProtectionJson {
  std::string model;
  bool is_protected = false;
  std::string policy;  // its name
  std::string text;
  std::int64_t approvals = 0;
  std::vector<std::string> approvers;
  bool own = false;
  Nullable<std::string> since;
  std::string actor;
};
BOOST_DESCRIBE_STRUCT(ProtectionJson, (),
                      (model, is_protected, policy, text, approvals, approvers, own, since, actor))

struct PromoteBody {
  std::string reason;
  std::string policy;  // text
  bool hold = false;
};
BOOST_DESCRIBE_STRUCT(PromoteBody, (), (reason, policy, hold))

struct VoteJson {
  std::string actor;
  std::string at;
  bool approves = false;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(VoteJson, (), (actor, at, approves, reason))

struct PromotionJson {
  std::string id;
  std::string model;
  std::string version;
  std::string state;
  std::string asked;
  Nullable<std::string> ended;
  std::string actor;
  std::string reason;
  std::string policy;
  std::string decision_id;
  std::int64_t approvals = 0;
  std::int64_t approvals_needed = 0;
  std::vector<std::string> approvers;
  bool own = false;
  bool hold = false;
  std::vector<VoteJson> votes;
};
BOOST_DESCRIBE_STRUCT(PromotionJson, (),
                      (id, model, version, state, asked, ended, actor, reason, policy, decision_id,
                       approvals, approvals_needed, approvers, own, hold, votes))

struct PromotionListJson {
  std::vector<PromotionJson> items;
  std::string next_page_token;
};
BOOST_DESCRIBE_STRUCT(PromotionListJson, (), (items, next_page_token))

// The version as it is now, and the request when people must agree first.
struct PromotedJson : VersionJson {
  std::optional<PromotionJson> promotion;
};
BOOST_DESCRIBE_STRUCT(PromotedJson, (VersionJson), (promotion))

struct PeriodJson {
  std::string model;
  std::string name;
  std::string version;
  std::string since;
  Nullable<std::string> until;
  std::string actor;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(PeriodJson, (), (model, name, version, since, until, actor, reason))

struct ServedJson {
  std::string endpoint;
  std::string model;
  Nullable<std::string> version;  // null: the alias named none then
  Nullable<std::string> alias;
  double weight = 0;
  bool shadow = false;
  std::string since;
  Nullable<std::string> until;
};
BOOST_DESCRIBE_STRUCT(ServedJson, (),
                      (endpoint, model, version, alias, weight, shadow, since, until))

// What stood at a moment, or on a day (then several may have followed each other).
struct PastJson {
  std::string from;
  std::string to;
  std::vector<ServedJson> endpoints;
  std::vector<PeriodJson> aliases;
  std::vector<PeriodJson> stages;
};
BOOST_DESCRIBE_STRUCT(PastJson, (), (from, to, endpoints, aliases, stages))

}  // namespace slipway::wire::api
