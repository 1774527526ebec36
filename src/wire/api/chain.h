// SPDX-License-Identifier: Apache-2.0
// From an alert to its end as one trace: the alert, the retraining and its steps, the version that
// came of it, the gate, the rollout step by step, the promotion.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/http.h"

namespace slipway::wire::api {

struct ChainSpan {
  std::string id;      // 16 hex digits
  std::string parent;  // empty: the root
  std::string kind;    // alert, report, execution, step, version, gate, rollout, rollout_step
  std::string name;
  std::string text;
  std::string status;  // ok, error, running
  std::string link;    // a page of the web UI
  Timestamp started;
  std::optional<Timestamp> ended;  // nothing: under way
};

struct Chain {
  std::string trace_id;  // 32 hex digits
  std::string alert_id;
  std::string endpoint;
  std::string model;
  std::string state;             // of the alert
  std::vector<ChainSpan> spans;  // by their start, the root first
};

using ChainOf = std::function<Result<Chain>(const std::string& alert_id)>;
void add_chain_routes(net::Router& router, ChainOf chain_of);

}  // namespace slipway::wire::api
