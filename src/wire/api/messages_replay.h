// SPDX-License-Identifier: Apache-2.0
// JSON of decisions that were made again. Private to wire/api.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "messages_release.h"

namespace slipway::wire::api {

struct DecisionReplayJson {
  bool same = false;
  DecisionJson stored;
  DecisionJson again;
};
BOOST_DESCRIBE_STRUCT(DecisionReplayJson, (), (same, stored, again))

struct ReplayedJson {
  std::string at;
  std::int64_t step = 0;
  std::string decision;
  std::string reason;
  std::string again;
  bool same = false;
  std::vector<EvidenceJson> checks;
};
BOOST_DESCRIBE_STRUCT(ReplayedJson, (), (at, step, decision, reason, again, same, checks))

struct RolloutReplayJson {
  bool same = true;
  std::vector<ReplayedJson> decisions;
};
BOOST_DESCRIBE_STRUCT(RolloutReplayJson, (), (same, decisions))

}  // namespace slipway::wire::api
